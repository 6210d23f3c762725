/** The clock port. Turns never see it: their time comes from the log. */

export interface Clock {
  /** Milliseconds since the epoch. May step in either direction. */
  now(): number;
  /** Calls back once after `delayMs`; returns how to cancel. */
  setTimer(delayMs: number, callback: () => void): () => void;
  /** Calls back once after the input that has arrived by now was taken in. */
  soon(callback: () => void): void;
}

/** Node's timers overflow past this and would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
  soon: (callback) => void setImmediate(callback),
};

/** A clock that moves only when told, for simulation and tests. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #count = 0;
  readonly #timers = new Map<number, { dueMs: number; callback: () => void }>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const id = ++this.#count;
    this.#timers.set(id, { dueMs: this.#nowMs + Math.max(0, delayMs), callback });
    return () => void this.#timers.delete(id);
  }

  soon(callback: () => void): void {
    this.setTimer(0, callback);
  }

  /** Moves time forward and fires what becomes due, in order of due time, then of setting. */
  advance(ms: number): void {
    const until = this.#nowMs + ms;
    for (;;) {
      let next: [number, { dueMs: number; callback: () => void }] | undefined;
      for (const timer of this.#timers)
        if (timer[1].dueMs <= until && (next === undefined || timer[1].dueMs < next[1].dueMs)) next = timer;
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      this.#nowMs = Math.max(this.#nowMs, next[1].dueMs);
      next[1].callback();
    }
    this.#nowMs = until;
  }
}
