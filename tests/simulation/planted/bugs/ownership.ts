/** Bugs of claims, fences and loss: who may still do what. */
import type { PlantedBug } from '../planted-bug.ts';

export const ownershipBugs: readonly PlantedBug[] = [
  {
    name: 'claim without compare-and-swap',
    file: 'runtime/claims-memory.ts',
    changes: [['if (last !== after)', 'if (last < after)']],
    breaks: 'R1: two owners claim the same epoch',
    rule: 'settling after the faults',
    seed: 72,
  },
  {
    name: 'refused claim counts',
    file: 'runtime/ownership.ts',
    changes: [
      [
        'const seqs = await log.claim(open, [...before]);',
        'const seqs = await log.claim(open, [...before]).catch(() => open.map(({ after }) => after));',
      ],
    ],
    breaks: 'R1: who was slower believes to own the partition',
    rule: 'single writer',
    seed: 2,
  },
  {
    name: 'lanes not fenced',
    file: 'runtime/ownership.ts',
    changes: [['log.claim(open, [...before]);', 'log.claim(open, []);']],
    breaks: 'R1: the owner before goes on sending',
    rule: 'single writer',
    seed: 3,
  },
  {
    name: 'frame without guard',
    file: 'runtime/sender.ts',
    changes: [
      [
        'await this.#log.appendFrame(partition, frame, fromHeader(items), this.#fence.guard(lane));',
        'await this.#log.appendFrame(partition, frame, fromHeader(items), lane < 0 ? this.#fence.guard(lane) : undefined);',
      ],
    ],
    breaks: 'R1: the broker cannot refuse an old owner',
    rule: 'single writer',
    seed: 1,
  },
  {
    name: 'lanes of before the conflict',
    file: 'runtime/ownership.ts',
    changes: [['if (lanes !== undefined && owner === this.#owner) this.#lanes = lanes;', '']],
    breaks: 'R1: an owner that lost one partition can send for none',
    rule: 'settling after the faults',
    seed: 39,
  },
  {
    name: 'loss not noticed',
    file: 'runtime/shard.ts',
    changes: [['const owned = this.#owned.get(id); this.#owned.delete(id); owned?.end();', '']],
    breaks: 'R1: a partition that another owner has is read and turned on',
    rule: 'settling after the faults',
    seed: 9,
  },
  {
    name: 'claims of others not read',
    file: 'runtime/owned-partition.ts',
    changes: [["if (entry.place.kind === 'claim')", 'if (entry.seq < 0)']],
    breaks: 'R1: who sends nothing never learns that it was fenced',
    rule: 'single writer',
    seed: 59,
  },
  {
    name: 'effects of a lost partition sent',
    file: 'runtime/shard.ts',
    changes: [['this.#sender.forget(id);', '']],
    breaks: 'R1: an owner sends for a partition that it has lost',
    rule: 'settling after the faults',
    seed: 9,
  },
  {
    name: 'forgetting one partition forgets all',
    file: 'runtime/sender.ts',
    changes: [
      [
        'if (waiting.partition === partition) this.#forget(waiting);',
        'void partition, this.#forget(waiting);',
      ],
    ],
    breaks: 'what other partitions had to send is never sent',
    rule: 'exactly once',
    seed: 67,
  },
  {
    name: 'actors of a lost partition stay in memory',
    file: 'runtime/shard.ts',
    changes: [['this.#cells.forgetPartition(id);', '']],
    breaks: 'R2: who gets a partition back turns with the state of before',
    rule: 'answers',
    seed: 9,
  },
  {
    name: 'answers before it is caught up',
    file: 'runtime/shard-view.ts',
    changes: [
      [
        "if (owned?.status === 'ready' && owned.partition !== undefined)",
        'if (owned?.partition !== undefined)',
      ],
    ],
    breaks: 'R12: an owner that has not read its own claim answers',
    rule: 'freshness',
    seed: 9,
  },
  {
    name: 'verdicts unchecked',
    file: 'runtime/verdicts.ts',
    changes: [['if (unknown !== undefined) throw', 'if (unknown !== undefined && unknown.epoch < 0) throw']],
    breaks: 'R8: a verdict skips what an owner before may have applied',
    rule: 'answers',
    seed: 188,
  },
  {
    name: 'own verdict not obeyed',
    file: 'runtime/verdicts.ts',
    changes: [['stored.push(verdict);', '']],
    breaks: 'R8: who passes a verdict turns the message all the same',
    rule: 'answers',
    seed: 92,
  },
];
