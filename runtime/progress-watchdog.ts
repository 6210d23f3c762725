/**
 * Consumers can stall without a word. Every few seconds the log's end is compared with the cursors: a
 * partition whose log has grown while it stood still, with nothing left to turn, is read anew.
 */
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Partition } from './partition.ts';

export interface WatchdogParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Entries wait for their turn: standing still has a reason. */
  readonly busy: () => boolean;
  readonly partitions: () => readonly Partition[];
  readonly stalled: (partition: Partition, end: number) => void;
}

const WATCH_MS = 5_000;
/** What was published just now may still be on its way. */
const GRACE_MS = 250;

export class ProgressWatchdog {
  readonly #parts: WatchdogParts;
  /** The log's end at the last look that found everything in order. */
  #seen = 0;
  #stopped = false;
  #cancel: (() => void) | undefined;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
  }

  start(): void {
    if (!this.#stopped) this.#cancel = this.#parts.clock.setTimer(WATCH_MS, () => void this.#look());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  async #look(): Promise<void> {
    try {
      await this.#compare();
    } catch {
      // The broker is away: the next look will tell.
    }
    this.start();
  }

  async #compare(): Promise<void> {
    const { clock, log, busy, partitions, stalled } = this.#parts;
    const before = partitions().map((partition) => ({ partition, position: partition.position }));
    const { lastSeq } = await log.state();
    if (lastSeq === this.#seen || busy()) return;
    await new Promise<void>((resolve) => void clock.setTimer(GRACE_MS, resolve));
    let inOrder = true;
    for (const { partition, position } of before) {
      if (partition.position !== position) continue;
      const end = await log.end(partition.id);
      // What came after our look is not late.
      if (end <= position || partition.position !== position) continue;
      inOrder = false;
      if (end <= lastSeq && !busy() && !this.#stopped) stalled(partition, end);
    }
    if (inOrder) this.#seen = lastSeq;
  }
}
