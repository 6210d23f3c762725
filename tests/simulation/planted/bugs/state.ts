/** Bugs of checkpoints, take-over and trimming: what the state holds, and what is believed about it. */
import type { PlantedBug } from '../planted-bug.ts';

/** Leaves the buckets with this letter out of checkpoints. */
function withoutBucket(
  name: string,
  letter: string,
  breaks: string,
  rule: PlantedBug['rule'],
  seed: number,
): PlantedBug {
  return {
    name,
    file: 'runtime/keys.ts',
    changes: [
      [
        "return bucket[5] !== 'l' && bucket[5] !== 'd' && bucket[5] !== 'i';",
        `return !'ldi${letter}'.includes(bucket[5] ?? '');`,
      ],
    ],
    breaks,
    rule,
    seed,
  };
}

export const stateBugs: readonly PlantedBug[] = [
  withoutBucket(
    'marks not checkpointed',
    'm',
    'R3: who loads a checkpoint applies again what was applied',
    'answers',
    4,
  ),
  withoutBucket(
    'outside numbers not checkpointed',
    's',
    'R3: who loads a checkpoint applies again what was applied',
    'replay',
    2,
  ),
  withoutBucket(
    'outbox not checkpointed',
    'o',
    'R10: what was not acknowledged is lost with its owner',
    'exactly once',
    114,
  ),
  {
    name: 'indexes not built after a load',
    file: 'runtime/build-indexes.ts',
    changes: [['if (built !== undefined && decode(built) === version) return;', 'if (version) return;']],
    breaks: 'who loads a checkpoint has rows without their orders',
    rule: 'publications',
    seed: 3,
  },
  withoutBucket('timers not checkpointed', 't', 'R7: timers are lost with their owner', 'answers', 30),
  withoutBucket(
    'parked messages not checkpointed',
    'p',
    'R6: what waits is lost with its owner',
    'answers',
    1,
  ),
  withoutBucket(
    'failures not checkpointed',
    'b',
    'who has failed, or was paused, has not once its owner has lost its disk',
    'answers',
    1,
  ),
  withoutBucket('watches not checkpointed', 'h', 'what ends a watch has no row that it matches', 'replay', 5),
  withoutBucket('watchers not checkpointed', 'w', 'nobody is told any more', 'replay', 5),
  {
    name: 'checkpoint without guard',
    file: 'runtime/checkpointer.ts',
    changes: [
      [
        'return await log.writeState(head, this.#head.seq, records);',
        'return await log.writeState(head, (await log.head(this.#partition))?.seq ?? 0, records);',
      ],
    ],
    breaks: 'R1: an old owner writes over the state of the new one',
    rule: 'single writer',
    seed: 2,
  },
  {
    name: "head's compare-and-swap ignored",
    file: 'runtime/checkpoints-memory.ts',
    changes: [['if (last !== after)', 'if (last < after)']],
    breaks: 'R1: an old owner writes over the state of the new one',
    rule: 'single writer',
    seed: 1,
  },
  {
    name: 'newer head written over',
    file: 'runtime/take-over.ts',
    changes: [
      [
        'if (head !== undefined && head.epoch >= epoch)',
        'if (head !== undefined && head.epoch > epoch + 1_000)',
      ],
    ],
    breaks: 'R11: who was overtaken while claiming takes the state over',
    rule: 'single writer',
    seed: 120,
  },
  {
    name: 'local state reused across epochs',
    file: 'runtime/take-over.ts',
    changes: [
      ['local.epoch === head?.epoch &&', 'head !== undefined &&'],
      ['compareCursors(local.cursor, head.cursor ?? undefined) >= 0', 'head.epoch > 0'],
    ],
    breaks: 'R2: a machine goes on with what it had before others owned the partition',
    rule: 'settling after the faults',
    seed: 9,
  },
  {
    name: 'load over what is there',
    file: 'runtime/load-state.ts',
    changes: [['wipe(store, partition); let rows', 'let rows']],
    breaks: 'R2: rows that were deleted elsewhere are still there',
    rule: 'answers',
    seed: 9,
  },
  {
    name: 'checkpoint read after later turns',
    file: 'runtime/checkpointer.ts',
    changes: [
      [
        'await this.#write(this.#take(false));',
        `const early = this.#parts.cursor();
         await new Promise<void>((resolve) => void this.#parts.clock.setTimer(300, resolve));
         await this.#write(this.#take(false, early));`,
      ],
      ['#take(released: boolean): Taken {', '#take(released: boolean, early?: Cursor): Taken {'],
      ['const at = cursor();', 'const at = early ?? cursor();'],
    ],
    breaks: 'R3: a checkpoint holds more than its head says',
    rule: 'answers',
    seed: 91,
  },
  {
    name: 'deleted rows not checkpointed',
    file: 'runtime/checkpointer.ts',
    changes: [
      [
        'const rows = taken.keys.map((key): Change => [key, copied(store.get(key))]);',
        'const rows = taken.keys.map((key): Change => [key, copied(store.get(key))]).filter(([, row]) => row);',
      ],
    ],
    breaks: 'R3: what was deleted comes back with the next load',
    rule: 'answers',
    seed: 1,
  },
  {
    name: 'lost answer counts as stored',
    file: 'runtime/checkpointer.ts',
    changes: [
      [
        'if (stored?.owner === head.owner && stored.epoch === head.epoch && stored.step === head.step)',
        'if (stored?.owner === head.owner && stored.epoch === head.epoch)',
      ],
    ],
    breaks: 'R11: rows of a batch that never arrived are believed to be stored',
    rule: 'single writer',
    seed: 1,
  },
  {
    name: 'unsaved rows forgotten at a restart',
    file: 'runtime/unsaved-rows.ts',
    changes: [
      [
        'for (const key of decode(note) as string[]) add',
        'for (const key of (decode(note) as string[]).slice(0, 0)) add',
      ],
    ],
    breaks: 'R3: rows of before a crash are in no checkpoint',
    rule: 'answers',
    seed: 3,
  },
  {
    name: 'notes of newer rows removed',
    file: 'runtime/unsaved-rows.ts',
    changes: [
      [
        'store.range(bucket, { lt: noteName(generation + 1, 0) })',
        'store.range(bucket, { lt: noteName(generation + 2, 0) })',
      ],
    ],
    breaks: 'R3: rows that changed during a checkpoint are in no later one',
    rule: 'answers',
    seed: 3,
  },
  {
    name: 'slot used again before it is free',
    file: 'runtime/checkpointer.ts',
    changes: [
      ['const seq = await patiently(', 'this.#slots.free(freed); const seq = await patiently('],
      [
        'this.#head = { ...head, seq, timeMs: clock.now() }; this.#slots.free(freed);',
        'this.#head = { ...head, seq, timeMs: clock.now() };',
      ],
    ],
    breaks: 'R3: after a crash nobody knows where a deleted row still lies',
    rule: 'replay',
    seed: 297,
  },
  {
    name: 'slots assigned in memory only',
    file: 'runtime/checkpointer.ts',
    changes: [['this.#slots.keep();', '']],
    breaks: 'R3: after a crash a row gets the slot of another one',
    rule: 'answers',
    seed: 1,
  },
  {
    name: 'trim past the head',
    file: 'runtime/checkpointer.ts',
    changes: [
      ['await this.#trim(log, head.cursor.seq);', 'await this.#trim(log, this.#parts.cursor()?.seq ?? 0);'],
    ],
    breaks: 'R10: entries go that only a store holds',
    rule: 'trimming',
    seed: 4,
  },
  {
    name: 'cursor hash unchecked',
    file: 'runtime/cursor.ts',
    changes: [
      ['if (hash === cursor.hash) return;', 'if (hash === cursor.hash || cursor.hash !== hash) return;'],
    ],
    breaks: 'R9: a partition goes on although the log has lost what it applied',
    rule: 'truncation',
    seed: 1,
    run: 'truncation',
  },
];
