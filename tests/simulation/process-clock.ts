/** The clock port of one simulated process: virtual time, seen through a clock that is wrong. */
import type { Clock } from '../../runtime/clock.ts';
import type { Process } from './process.ts';
import type { Scheduler } from './scheduler.ts';

export class ProcessClock implements Clock {
  readonly #scheduler: Scheduler;
  readonly #process: Process;
  readonly #startMs: number;
  readonly #drift: number;
  #skewMs: number;

  /** `drift` is how much faster than the world it runs; 0.01 gains ten milliseconds a second. */
  constructor(scheduler: Scheduler, process: Process, skewMs: number, drift: number) {
    this.#scheduler = scheduler;
    this.#process = process;
    this.#startMs = scheduler.nowMs;
    this.#skewMs = skewMs;
    this.#drift = drift;
  }

  now(): number {
    const { nowMs } = this.#scheduler;
    return Math.floor(nowMs + this.#skewMs + (nowMs - this.#startMs) * this.#drift);
  }

  /** Somebody sets the clock; timers that run do not notice. */
  step(byMs: number): void {
    this.#skewMs += byMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    if (!this.#process.alive) return () => {};
    let cancelled = false;
    const cancel = this.#scheduler.after(Math.max(0, delayMs) / (1 + this.#drift), () =>
      this.#process.deliver(() => {
        if (!cancelled) callback();
      }),
    );
    return () => {
      cancelled = true;
      cancel();
    };
  }

  soon(callback: () => void): void {
    this.setTimer(0, callback);
  }
}
