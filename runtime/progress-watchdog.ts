/**
 * Consumers can stall without a word. Every few seconds, if the log has grown, its end is compared with the
 * cursors: a partition that stood still before it, with nothing left to turn, is read anew. Whoever stalled may
 * have missed another owner's claim, too.
 */
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

export interface WatchdogParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Entries wait for their turn: standing still has a reason. */
  readonly busy: () => boolean;
  readonly partitions: () => readonly Watched[];
  readonly stalled: (id: number, end: number) => void;
  /** Finds out which partitions are ours still. */
  readonly verify: () => Promise<void>;
}

/** A partition as it is now. */
export interface Watched {
  readonly id: number;
  readonly position: number;
  /** It must come at least so far. */
  readonly goal: number;
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

  /** Watches until it is stopped, for good; nothing happens when it watches already. */
  start(): void {
    if (!this.#stopped) this.#cancel ??= this.#parts.clock.setTimer(WATCH_MS, () => void this.#look());
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
    this.#cancel = undefined;
    this.start();
  }

  async #compare(): Promise<void> {
    const { clock, log, busy, partitions, stalled, verify } = this.#parts;
    const before = partitions().map(({ id, position }) => ({ id, position }));
    const { lastSeq } = await log.state();
    if (lastSeq === this.#seen) return;
    await verify();
    if (busy()) return;
    await new Promise<void>((resolve) => void clock.setTimer(GRACE_MS, resolve));
    let inOrder = true;
    for (const { id, position } of before) {
      if (this.#positionOf(id) !== position) continue;
      const end = await log.end(id);
      const watched = partitions().find((one) => one.id === id);
      // What came after our look is not late.
      if (watched === undefined || watched.position !== position) continue;
      const goal = Math.max(end, watched.goal);
      if (goal <= position) continue;
      inOrder = false;
      if (goal <= lastSeq && !busy() && !this.#stopped) stalled(id, goal);
    }
    if (inOrder) this.#seen = lastSeq;
  }

  #positionOf(id: number): number | undefined {
    return this.#parts.partitions().find((one) => one.id === id)?.position;
  }
}
