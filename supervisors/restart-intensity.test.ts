import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IntensityState, addRestart, intensity, restartsInWindow } from './restart-intensity.ts';

function addAll(
  state: IntensityState,
  times: readonly number[],
): { state: IntensityState; giveUps: boolean[] } {
  const giveUps: boolean[] = [];
  let current = state;
  for (const time of times) {
    const added = addRestart(current, time);
    current = added.state;
    giveUps.push(added.giveUp);
  }
  return { state: current, giveUps };
}

describe('restart intensity', () => {
  test('gives up on one restart more than the limit, not on the limit', () => {
    expect(addAll(intensity({ max: 2, windowMs: 1000 }), [0, 1, 2]).giveUps).toEqual([false, false, true]);
  });

  test('a limit of 0 gives up on the first restart', () => {
    expect(addAll(intensity({ max: 0, windowMs: 1000 }), [5]).giveUps).toEqual([true]);
  });

  test('forgets restarts older than the window, and counts one exactly as old', () => {
    const state = intensity({ max: 1, windowMs: 1000 });
    expect(addAll(state, [0, 1000]).giveUps).toEqual([false, true]);
    expect(addAll(state, [0, 1001]).giveUps).toEqual([false, false]);
  });

  test('a clock that steps back makes no room', () => {
    expect(addAll(intensity({ max: 1, windowMs: 10 }), [1000, 0]).giveUps).toEqual([false, true]);
  });

  test('refuses limits that cannot be counted', () => {
    expect(() => intensity({ max: -1, windowMs: 1 })).toThrow('intensity.max');
    expect(() => intensity({ max: 1.5, windowMs: 1 })).toThrow('intensity.max');
    expect(() => intensity({ max: 1, windowMs: 0 })).toThrow('intensity.windowMs');
  });

  test('law: agrees with a count over the whole history, and remembers at most max + 1 times', () => {
    const gaps = fc.array(fc.nat(400), { maxLength: 60 });
    fc.assert(
      fc.property(fc.nat(6), fc.integer({ min: 1, max: 1000 }), gaps, (max, windowMs, history) => {
        let now = 0;
        let state = intensity({ max, windowMs });
        const times: number[] = [];
        for (const gap of history) {
          now += gap;
          times.push(now);
          const counted = times.filter((time) => now - time <= windowMs).length;
          const added = addRestart(state, now);
          state = added.state;
          expect(added.giveUp).toBe(counted > max);
          expect(restartsInWindow(state, now)).toBe(Math.min(counted, max + 1));
          expect(state.restartedAt.length).toBeLessThanOrEqual(max + 1);
        }
      }),
    );
  });
});
