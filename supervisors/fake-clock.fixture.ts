/** A clock that tests drive: time passes only when they say so, and timers fire in their order. */
import type { Clock } from './perform.ts';

export interface FakeClock extends Clock {
  /** Moves the time on by `durationMs`, firing what falls due at its own time. */
  advance(durationMs: number): void;
  /** How many timers are set. */
  pending(): number;
}

export function createFakeClock(startMs = 0): FakeClock {
  let now = startMs;
  const timers = new Set<{ readonly at: number; readonly fire: () => void }>();
  return {
    now: () => now,
    pending: () => timers.size,
    setTimer: (delayMs, fire) => {
      const timer = { at: now + delayMs, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: (durationMs) => {
      const end = now + durationMs;
      for (;;) {
        const due = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.delete(due);
        now = due.at;
        due.fire();
      }
      now = end;
    },
  };
}

/** Resolves when everything that promises have set off has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
