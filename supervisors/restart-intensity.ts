/**
 * Restart intensity: how many restarts a supervisor makes within a sliding window before it gives up.
 * Pure accounting in the manner of OTP's `add_restart`: the caller brings the time.
 */
import { BanyanError } from '../protocol/errors.ts';

/** More than `max` restarts within `windowMs` make a supervisor give up; 0 allows none. */
export interface RestartIntensity {
  readonly max: number;
  readonly windowMs: number;
}

/** A limit and the times of the latest restarts, oldest first; never more than `max + 1` of them. */
export interface IntensityState extends RestartIntensity {
  readonly restartedAt: readonly number[];
}

/** What a supervisor has when its declaration says nothing. */
export const DEFAULT_INTENSITY: RestartIntensity = { max: 3, windowMs: 5_000 };

/** An empty account. Throws `definition.invalid` for a limit that cannot be counted. */
export function intensity({ max, windowMs }: RestartIntensity): IntensityState {
  if (!Number.isSafeInteger(max) || max < 0) {
    throw new BanyanError('definition.invalid', {
      message: `intensity.max must be a whole number from 0, not ${max}`,
    });
  }
  if (!Number.isFinite(windowMs) || windowMs <= 0) {
    throw new BanyanError('definition.invalid', {
      message: `intensity.windowMs must be more than 0, not ${windowMs}`,
    });
  }
  return { max, windowMs, restartedAt: [] };
}

/**
 * Counts a restart at `now` (milliseconds); `giveUp` when it is one more than the window allows.
 * A restart exactly `windowMs` old still counts. A clock that steps back is taken to stand still, so
 * that it can never make room for more restarts.
 */
export function addRestart(state: IntensityState, now: number): { state: IntensityState; giveUp: boolean } {
  const at = Math.max(now, state.restartedAt.at(-1) ?? now);
  const recent = [...state.restartedAt.filter((time) => time >= at - state.windowMs), at];
  // The newest max + 1 decide; older ones could only confirm what those already say.
  const restartedAt = recent.slice(-(state.max + 1));
  return { state: { ...state, restartedAt }, giveUp: restartedAt.length > state.max };
}

/** How many counted restarts are still within the window at `now`, at most `max + 1`. */
export function restartsInWindow(state: IntensityState, now: number): number {
  return state.restartedAt.filter((time) => time >= now - state.windowMs).length;
}
