/**
 * Exponential back-off with jitter, one account per child. OTP restarts at once; we wait a little longer
 * each time, so that a broken dependency is not hammered and siblings do not return in step.
 */
import { BanyanError } from '../protocol/errors.ts';

/** How long to wait before restarts. */
export interface BackoffPolicy {
  /** Before the first restart; 0 never waits. */
  readonly baseMs: number;
  /** The longest wait. */
  readonly maxMs: number;
  /** Each failure in a row multiplies the wait by this, from 1. */
  readonly factor: number;
  /** The share of a wait that chance may take away, 0..1. */
  readonly jitter: number;
  /** A child that ran this long is healthy: its next failure is a first one again. */
  readonly healthyMs: number;
}

export interface BackoffState {
  readonly policy: BackoffPolicy;
  /** Failures in a row, without a healthy spell between them. */
  readonly failures: number;
  /** When the child last came up; undefined when it failed before it did. */
  readonly upSince: number | undefined;
}

/** What a supervisor has unless it is told otherwise. */
export const DEFAULT_BACKOFF: BackoffPolicy = {
  baseMs: 100,
  maxMs: 30_000,
  factor: 2,
  jitter: 0.5,
  healthyMs: 30_000,
};

/** A clean account. Throws `definition.invalid` for a policy without a meaning. */
export function backoff(policy: BackoffPolicy): BackoffState {
  const { baseMs, maxMs, factor, jitter, healthyMs } = policy;
  const sound =
    Number.isFinite(baseMs) &&
    Number.isFinite(maxMs) &&
    Number.isFinite(factor) &&
    baseMs >= 0 &&
    maxMs >= baseMs &&
    factor >= 1 &&
    jitter >= 0 &&
    jitter <= 1 &&
    healthyMs >= 0;
  if (!sound) {
    throw new BanyanError('definition.invalid', {
      message: `back-off needs 0 ≤ baseMs ≤ maxMs, factor ≥ 1, jitter 0..1 and healthyMs ≥ 0, not ${JSON.stringify(policy)}`,
    });
  }
  return { policy, failures: 0, upSince: undefined };
}

/** The child came up at `now`. */
export function cameUp(state: BackoffState, now: number): BackoffState {
  return { ...state, upSince: now };
}

/** The child is down at `now`, however that came: a healthy spell makes up for the failures before it. */
export function endSpell(state: BackoffState, now: number): BackoffState {
  const healthy = state.upSince !== undefined && now - state.upSince >= state.policy.healthyMs;
  return { ...state, failures: healthy ? 0 : state.failures, upSince: undefined };
}

/** The child failed at `now`: one more in a row, or the first one again after a healthy spell. */
export function failed(state: BackoffState, now: number): BackoffState {
  const down = endSpell(state, now);
  return { ...down, failures: down.failures + 1 };
}

/**
 * Whole milliseconds to wait before the next restart, after {@link failed}: base · factor^(failures − 1),
 * at most `maxMs`, less a random share of up to `jitter`. `random` is one draw, uniform in [0, 1).
 */
export function nextDelayMs(state: BackoffState, random: number): number {
  const { baseMs, maxMs, factor, jitter } = state.policy;
  // 0 · Infinity is NaN: a base of 0 stays 0 however often the child fails.
  const grown = baseMs === 0 ? 0 : baseMs * factor ** Math.max(0, state.failures - 1);
  return Math.round(Math.min(maxMs, grown) * (1 - jitter * random));
}
