/** Bugs of delivery, turns and windows: what is applied, in which order, and what a fault leaves behind. */
import type { PlantedBug } from '../planted-bug.ts';

export const deliveryBugs: readonly PlantedBug[] = [
  {
    name: 'marks skipped',
    file: 'runtime/marks.ts',
    changes: [['if (mark !== undefined && compareNumbers(number, mark) <= 0) return true;', '']],
    breaks: 'R5: what an actor sent is applied as often as it was stored',
    rule: 'answers',
    seed: 2,
  },
  {
    name: 'outside numbers skipped',
    file: 'runtime/marks.ts',
    changes: [['if (row !== undefined && seq <= (decode(row) as SenderRow)[0]) return true;', '']],
    breaks: 'R5: what an outside sender numbered is applied as often as it was stored',
    rule: 'answers',
    seed: 2,
  },
  {
    name: 'marks kept in memory only',
    file: 'runtime/partition.ts',
    changes: [['this.#marks.save();', '']],
    breaks: 'R5: after a restart nobody knows what was applied',
    rule: 'answers',
    seed: 3,
  },
  {
    name: 'marks undone with a turn that threw',
    file: 'runtime/turns.ts',
    changes: [
      [
        'overlay.rollback(); cells.restart(cell.address);',
        `overlay.rollback(); cells.restart(cell.address);
         if (received.dedupe?.by === 'sender')
           overlay.delete(buckets.senders(partition, received.to), received.dedupe.name);`,
      ],
    ],
    breaks: 'I3: a message that throws throws again when its sender repeats it',
    rule: 'publications',
    seed: 7,
  },
  {
    name: 'marks kept of a window that was dropped',
    file: 'runtime/deliver.ts',
    changes: [
      [
        'this.#parts.overlay.drop(); this.stop(); this.#parts.onFault(fault); return;',
        'void fault; this.#parts.overlay.drop(); this.wake(); return;',
      ],
    ],
    breaks: 'I1: a partition goes on behind a window that was never committed',
    rule: 'answers',
    seed: 3,
  },
  {
    name: 'repeated entries applied again',
    file: 'runtime/partition.ts',
    changes: [['if (entry.seq <= this.position) return { messages: 0, done: true };', '']],
    breaks: 'I1: an entry that a stream brings twice is applied twice',
    rule: 'single writer',
    seed: 2,
  },
  {
    name: 'windows out of order',
    file: 'runtime/deliver.ts',
    changes: [
      ['const entry = inbox.entries[0] as LogEntry;', 'const entry = inbox.entries.at(-1) as LogEntry;'],
      ['inbox.entries.shift();', 'inbox.entries.pop();'],
    ],
    breaks: 'I1: what waits longest is turned last',
    rule: 'freshness',
    seed: 1,
  },
  {
    name: 'rest of a frame skipped',
    file: 'runtime/cursor.ts',
    changes: [['return cursor.rest > 0 ? cursor.seq - 1 : cursor.seq;', 'return cursor.seq;']],
    breaks: 'I1: a window that ends within a frame ends the frame',
    rule: 'answers',
    seed: 45,
  },
  {
    name: 'own claim overtakes what waits',
    file: 'runtime/owned-partition.ts',
    changes: [['|| this.#received > partition.position', '']],
    breaks: 'I1: reading its own claim moves a partition past entries in its inbox',
    rule: 'freshness',
    seed: 1,
  },
  {
    name: 'rows of a turn that threw stay',
    file: 'runtime/overlay.ts',
    changes: [['for (let i = this.#undo.length - 1; i >= 0; i--) {', 'for (let i = -1; i >= 0; i--) {']],
    breaks: 'I2: half a turn is kept',
    rule: 'answers',
    seed: 1,
  },
  {
    name: 'snapshot shared instead of encoded',
    file: 'runtime/cells.ts',
    changes: [
      ['restart(address: Address): void { this.forget(address);', 'restart(address: Address): void {'],
    ],
    breaks: 'R4: what a turn that threw did to the live state stays',
    rule: 'answers',
    seed: 1,
  },
  {
    name: 'effects numbered by the incarnation',
    file: 'runtime/effect-numbers.ts',
    changes: [['this.#index = index; this.#made = 0;', 'this.#index = index;']],
    breaks: 'I4: a replay gives other numbers',
    rule: 'publications',
    seed: 1,
  },
  {
    name: 'fault of the machine blamed on the message',
    file: 'runtime/partition.ts',
    changes: [
      [
        'if (fault !== undefined) throw new EnvironmentFault(',
        'if (fault !== undefined && entry.seq < 0) throw new EnvironmentFault(',
      ],
    ],
    breaks: 'I6: a message becomes a dead letter because its owner was ill',
    rule: 'answers',
    seed: 3,
  },
  {
    name: 'verdict not obeyed',
    file: 'runtime/partition.ts',
    changes: [
      ["if (verdict !== undefined && received.kind !== 'control') {", 'if (verdict?.code === "usage") {'],
    ],
    breaks: 'R8: what a verdict skips is turned',
    rule: 'answers',
    seed: 3,
  },
  {
    name: 'stalled stream not noticed',
    file: 'runtime/shard.ts',
    changes: [['void this.#owned.get(partition)?.interrupt();', '']],
    breaks: 'a reader that fell silent is never replaced',
    rule: 'settling after the faults',
    seed: 2,
  },
];
