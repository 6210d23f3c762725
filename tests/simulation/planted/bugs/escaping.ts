/** Bugs that no seed has found. Each says what the simulation lacks: whoever adds that moves the bug to the others. */
import type { EscapingBug } from '../planted-bug.ts';

export const ESCAPING_BUGS: readonly EscapingBug[] = [
  {
    name: 'lanes read after claims',
    file: 'runtime/ownership.ts',
    changes: [
      [
        'const lanes = await this.#patiently(() => log.lanes(owner)); const newest = await this.#patiently(() => log.claims()); // Without',
        'const newest = await this.#patiently(() => log.claims()); const lanes = await this.#patiently(() => log.lanes(owner)); // Without',
      ],
    ],
    breaks: 'R1: new lanes are used for a partition that was lost between the two reads',
    lacks:
      'a claim that arrives between two requests of one look often enough: other faults were drawn when seed 157 found it',
  },
  {
    name: 'inbox of a lost partition turned',
    file: 'runtime/owned-partition.ts',
    changes: [
      [
        'void this.interrupt(); if (this.partition !== undefined) this.#parts.delivery.forget(this.partition); this.#parts.unsaved',
        'void this.interrupt(); this.#parts.unsaved',
      ],
    ],
    breaks: 'R1: who gets a partition back turns what an earlier life had read',
    lacks:
      'turns never wait, so that inboxes are empty whenever a partition is lost: no scenario reaches the limits of unsaved rows or unacknowledged effects',
  },
  {
    name: 'released with frames on their way',
    file: 'runtime/shard.ts',
    changes: [['const isQuiet = this.#sender.unacknowledged === 0;', 'const isQuiet = true;']],
    breaks: 'R1: nobody fences an owner whose last frames are still under way',
    lacks:
      'receivers drop what comes late; the rule that who has released a partition stores nothing more of it is not checked',
  },
  {
    name: 'applied message condemned',
    file: 'runtime/verdicts.ts',
    changes: [['!isApplied(parts, one) &&', '']],
    breaks: 'R8: a verdict skips what has had its effects',
    lacks:
      'a machine that is ill until it proposes a verdict, loses the partition to one that applies the message, and takes it back',
  },
  {
    name: 'released although not drained',
    file: 'runtime/owned-partition.ts',
    changes: [["this.#drained ||= this.status === 'ready';", 'this.#drained = true;']],
    breaks: 'R8: the head does not say that an owner before may have turned more',
    lacks: 'two versions of the actors, of which one takes over from the other (rule R13)',
  },
  {
    name: 'answers after a freeze',
    file: 'runtime/ownership.ts',
    changes: [['if (ageMs < 0 || ageMs > CURRENT_MS) await this.conflict();', '']],
    breaks: 'R12: who was frozen while another owner took the partition answers from the state of before',
    lacks: 'a rule for answers that are asked for long after another owner has claimed the partition',
  },
  {
    name: 'timers armed before the claim is read',
    file: 'runtime/shard.ts',
    changes: [["if (owned?.status === 'ready') {", 'if (owned !== undefined) {']],
    breaks: 'R7: tasks run and timers fire that the rest of the log has ended',
    lacks:
      "a rule for firings and results whose row the log before the owner's claim has removed: without it they are dropped and harm nobody",
  },
  {
    name: 'bundled rows not written again',
    file: 'runtime/checkpointer.ts',
    changes: [
      [
        'unsaved.saved(this.#partition, store, taken, bundled);',
        'void bundled, unsaved.saved(this.#partition, store, taken, []);',
      ],
    ],
    breaks: 'R3: rows in a bundle go with it',
    lacks:
      'checkpoints of more than 999 rows: turns that change many rows follow each other while a batch is under way too seldom',
  },
  {
    name: 'loaded bundles not written again',
    file: 'runtime/load-state.ts',
    changes: [['noteUnsaved(store, partition, [...rows.bundled]);', 'noteUnsaved(store, partition, []);']],
    breaks: 'R3: rows in a bundle go with it',
    lacks: 'checkpoints of more than 999 rows, which alone have bundles',
  },
  {
    name: 'pieces of two writes put together',
    file: 'runtime/checkpoint-rows.ts',
    changes: [['if (begun?.write !== write)', 'if (begun === undefined)']],
    breaks: 'R3: a long value is made of two',
    lacks:
      'somebody who reads a checkpoint while its owner writes the next: an owner that loads finds a whole write in every row',
  },
  {
    name: 'outbox rows of one entry written over',
    file: 'runtime/outbox.ts',
    changes: [
      [
        'positionName(lastEntry, index), encode(this.#window),',
        'positionName(lastEntry, 0 * index), encode(this.#window),',
      ],
      [
        'this.#send(effects, positionName(lastEntry, index));',
        'this.#send(effects, positionName(lastEntry, 0 * index));',
      ],
    ],
    breaks: 'R10: windows that end in the same frame share a row',
    lacks: 'long frames whose messages have effects: windows end within frames only where no message has any',
  },
  {
    name: 'second attempt at a task tells anew',
    file: 'runtime/tasks.ts',
    changes: [
      ['let told = 0;', 'let told = 0; const attempt = ++attempts;'],
      [
        'const number = `${partition}.${id}#${told++}`;',
        'const number = `${partition}.${id}.${attempt}#${told++}`;',
      ],
      ['const RUNNING_AT_ONCE = 8;', 'const RUNNING_AT_ONCE = 8; let attempts = 0;'],
    ],
    breaks: 'R7: what a task tells takes effect once for each attempt',
    lacks:
      'a rule for what tasks tell: each number of a task takes effect once, whatever name its message carries',
  },
  {
    name: 'frames counted by the marks of events',
    file: 'runtime/outbox.ts',
    changes: [["if (stored[0] === 'frame') return false;", '']],
    breaks: 'after a load, frames count as sent because dead letters were',
    lacks: 'a lane that fails while others go on, and then the loss of the disk',
  },
  {
    name: 'dead letters counted by the marks of events',
    file: 'runtime/outbox.ts',
    changes: [["stored[0] === 'event' ? this.#sent", "stored[0] !== 'frame' ? this.#sent"]],
    breaks: 'after a load, dead letters count as published because events were',
    lacks: 'a lane that fails while others go on, and then the loss of the disk',
  },
];
