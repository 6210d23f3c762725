/** Bugs of what leaves a shard: effects, timers, tasks, and orders to actors. */
import type { PlantedBug } from '../planted-bug.ts';

export const effectBugs: readonly PlantedBug[] = [
  {
    name: 'commit without outbox',
    file: 'runtime/outbox.ts',
    changes: [['this.tidy(); if (this.#window.length > 0)', 'this.tidy(); if (this.#window.length < 0)']],
    breaks: 'R10: effects without an acknowledgement are lost in a crash',
    rule: 'exactly once',
    seed: 12,
  },
  {
    name: 'outbox not resumed',
    file: 'runtime/owned-partition.ts',
    changes: [['outbox.resume();', '']],
    breaks: 'R10: what an owner before could not send is never sent',
    rule: 'exactly once',
    seed: 12,
  },
  {
    name: 'outbox row removed when sent',
    file: 'runtime/outbox.ts',
    changes: [
      ['this.#sender.send(to, outgoing, done);', 'this.#sender.send(to, outgoing, () => {}); done();'],
    ],
    breaks: 'R10: a frame counts as sent before its acknowledgement',
    rule: 'exactly once',
    seed: 203,
  },
  {
    name: 'outbox row removed with its first effect',
    file: 'runtime/outbox.ts',
    changes: [['if (--left > 0) return;', 'if (--left < 0) return;']],
    breaks: 'R10: the others of the window are lost in a crash',
    rule: 'exactly once',
    seed: 203,
  },
  {
    name: 'refused frame counts as sent',
    file: 'runtime/sender.ts',
    changes: [
      [
        'await lane.deliver(destination, items);',
        'await lane.deliver(destination, items).catch(() => undefined);',
      ],
    ],
    breaks: 'R10: nothing counts as sent before its acknowledgement',
    rule: 'exactly once',
    seed: 2,
  },
  {
    name: 'refused frame goes behind the next',
    file: 'runtime/sender.ts',
    changes: [
      [
        'const refusal = toBanyanError(error);',
        'const refusal = toBanyanError(error); queue.push(...queue.splice(0, batch.length));',
      ],
    ],
    breaks: 'R5: receivers drop what comes out of order',
    rule: 'exactly once',
    seed: 2,
  },
  {
    name: 'timer dropped at take-over',
    file: 'runtime/shard.ts',
    changes: [
      ['for (const { address, name } of partition.timers.all()) this.#follow(partition, address, name);', ''],
    ],
    breaks: 'R7: the timers of an owner before never fire',
    rule: 'leftovers',
    seed: 16,
  },
  {
    name: 'timer matched by its name alone',
    file: 'runtime/timers.ts',
    changes: [
      [
        'if (row === undefined || row[0] !== id.slice(bar + 1)) return undefined;',
        'if (row === undefined) return undefined;',
      ],
    ],
    breaks: 'R7: a firing counts for a timer that was set later',
    rule: 'answers',
    seed: 35,
  },
  {
    name: 'firing leaves its row',
    file: 'runtime/timers.ts',
    changes: [['this.cancel(address, name); return row;', 'return row;']],
    breaks: 'R7: a timer fires as often as its firing is stored',
    rule: 'answers',
    seed: 5,
  },
  {
    name: 'time of an early firing',
    file: 'runtime/partition.ts',
    changes: [['Math.max(entry.timeMs, timer?.[1] ?? 0)', 'entry.timeMs']],
    breaks: 'R16: a turn sees a time before its timer was due',
    rule: 'publications',
    seed: 16,
  },
  {
    name: 'task forgotten',
    file: 'runtime/shard.ts',
    changes: [
      ['for (const [id, row] of partition.tasks.pending()) this.#tasks.run(partition.id, id, row);', ''],
    ],
    breaks: 'R7: the tasks of an owner before never end',
    rule: 'leftovers',
    seed: 5,
  },
  {
    name: 'task result accepted twice',
    file: 'runtime/partition.ts',
    changes: [
      [
        "if (received.kind === 'task' && this.tasks.take(received.id ?? '') === undefined) return;",
        "if (received.kind === 'task') this.tasks.take(received.id ?? '');",
      ],
    ],
    breaks: 'R7: a task that ran twice has two results',
    rule: 'answers',
    seed: 42,
  },
  {
    name: 'parked message skipped',
    file: 'runtime/orders.ts',
    changes: [['const more = turned < waiting.length;', 'const more = turned < 0;']],
    breaks: 'R6: what is parked behind a message that throws is lost',
    rule: 'answers',
    seed: 1,
  },
  {
    name: 'message overtakes the parked ones',
    file: 'runtime/partition.ts',
    changes: [['if (cell.standing !== undefined) {', "if (cell.standing?.status === 'paused') {"]],
    breaks: 'R6: an actor that is being resumed takes what came later first',
    rule: 'answers',
    seed: 1,
  },
  {
    name: 'deleted actor keeps its rows',
    file: 'runtime/orders.ts',
    changes: [['cell.rows.forget(table, name); left--;', 'left--;']],
    breaks: 'an actor that was deleted is not new',
    rule: 'answers',
    seed: 1,
  },
  {
    name: 'failures counted in memory only',
    file: 'runtime/cells.ts',
    changes: [
      [
        'const status: StoredStatus = { ...standing, ...(failures === 0 ? {} : { failures }) };',
        'this.counted.set(cell.address, failures); const status: StoredStatus = { ...standing };',
      ],
      ['failures, ...restored,', 'failures: this.counted.get(address) ?? 0, ...restored,'],
      [
        'readonly restarts = new Map<Address, number>();',
        'readonly restarts = new Map<Address, number>(); readonly counted = new Map<Address, number>();',
      ],
    ],
    breaks: 'after a restart an actor has never failed',
    rule: 'exactly once',
    seed: 33,
  },
  {
    name: 'refusals counted as failures',
    file: 'runtime/turns.ts',
    changes: [['const isOwn = message !== undefined && !(error', 'const isOwn = !(error']],
    breaks: 'anybody can quarantine an actor with messages that it does not take',
    rule: 'answers',
    seed: 1,
  },
  {
    name: 'quarantined actor resumed by an order before',
    file: 'runtime/orders.ts',
    changes: [
      ["return message['goesOn'] !== true || standing", "return message['goesOn'] !== false || standing"],
    ],
    breaks: 'an actor that failed again is resumed although nobody has looked at it',
    rule: 'exactly once',
    seed: 2,
  },
  {
    name: 'watchers told twice',
    file: 'runtime/watches.ts',
    changes: [['this.#overlay.delete(bucket, watcher); this.#tell(', 'this.#tell(']],
    breaks: 'who went down once goes down for its watchers again and again',
    rule: 'exactly once',
    seed: 5,
  },
  {
    name: 'watch that is over keeps its row',
    file: 'runtime/watches.ts',
    changes: [['this.#overlay.delete(bucket, target); return true;', 'return true;']],
    breaks: 'who was told once can never watch the same one again',
    rule: 'exactly once',
    seed: 5,
  },
  {
    name: 'down matched by its address alone',
    file: 'runtime/watches.ts',
    changes: [
      [
        'if (this.#read(bucket, target) !== id) return false;',
        'if (this.#read(bucket, target) === undefined) return false;',
      ],
    ],
    breaks: 'a down of an older watch ends the one that was made anew',
    rule: 'answers',
    seed: 210,
  },
  {
    name: 'deleted actor goes on watching',
    file: 'runtime/orders.ts',
    changes: [['watches.leave(address);', '']],
    breaks: 'an actor that was deleted is not new',
    rule: 'answers',
    seed: 5,
  },
];
