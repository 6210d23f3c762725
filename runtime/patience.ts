/** Waiting for the broker: what may succeed later is tried again, for as long as it takes. */
import { toBanyanError } from '../protocol/errors.ts';
import type { Clock } from './clock.ts';

const RETRY_MS = 250;

/** Repeats an attempt until it succeeds. Throws what will not pass, and anything once `stopped`. */
export async function patiently<T>(
  clock: Clock,
  stopped: () => boolean,
  attempt: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const known = toBanyanError(error);
      if (!known.recoverable || stopped()) throw known;
      await new Promise<void>((resolve) => void clock.setTimer(RETRY_MS, resolve));
    }
  }
}

/** Waits for work, but not longer than `ms`; the work itself is not cut short. */
export async function within(clock: Clock, ms: number, work: () => Promise<void>): Promise<void> {
  let cancel = (): void => {};
  const late = new Promise<void>((resolve) => (cancel = clock.setTimer(ms, resolve)));
  try {
    await Promise.race([work(), late]);
  } finally {
    cancel();
  }
}
