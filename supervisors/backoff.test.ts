import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BackoffState,
  DEFAULT_BACKOFF,
  backoff,
  cameUp,
  endSpell,
  failed,
  nextDelayMs,
} from './backoff.ts';

const policy = { baseMs: 100, maxMs: 1000, factor: 2, jitter: 0.5, healthyMs: 5000 };

function failTimes(count: number): BackoffState {
  let state = backoff(policy);
  for (let time = 0; time < count; time += 1) state = failed(state, time);
  return state;
}

describe('back-off', () => {
  test('grows with every failure in a row, up to its maximum', () => {
    expect([1, 2, 3, 4, 5, 2000].map((count) => nextDelayMs(failTimes(count), 0))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
  });

  test('starts anew after a healthy spell, and not after a shorter one', () => {
    const up = cameUp(failTimes(3), 10_000);
    expect(nextDelayMs(failed(up, 14_999), 0)).toBe(800);
    expect(nextDelayMs(failed(up, 15_000), 0)).toBe(100);
  });

  test('a failed start is no healthy spell', () => {
    const state = failed(cameUp(failTimes(1), 0), 100);
    expect(nextDelayMs(failed(state, 1_000_000), 0)).toBe(400);
  });

  test('a spell that somebody else ended is as healthy, and the time since then is none', () => {
    const up = cameUp(failTimes(3), 10_000);
    expect(nextDelayMs(failed(endSpell(up, 15_000), 15_001), 0)).toBe(100);
    expect(nextDelayMs(failed(endSpell(up, 10_001), 1_000_000), 0)).toBe(800);
  });

  test('a base of 0 never waits', () => {
    let state = backoff({ ...policy, baseMs: 0 });
    for (let time = 0; time < 5000; time += 1) state = failed(state, time);
    expect(nextDelayMs(state, 0.3)).toBe(0);
  });

  test('law: jitter takes away at most its share', () => {
    const draws = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), draws, (count, random) => {
        const full = nextDelayMs(failTimes(count), 0);
        const delay = nextDelayMs(failTimes(count), random);
        expect(delay).toBeLessThanOrEqual(full);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(full * (1 - policy.jitter)));
      }),
    );
  });

  test('refuses policies without a meaning', () => {
    expect(() => backoff({ ...DEFAULT_BACKOFF, factor: 0.5 })).toThrow('back-off');
    expect(() => backoff({ ...DEFAULT_BACKOFF, maxMs: 1 })).toThrow('back-off');
    expect(() => backoff({ ...DEFAULT_BACKOFF, jitter: Number.NaN })).toThrow('back-off');
  });
});
