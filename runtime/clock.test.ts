import { describe, expect, test } from 'vitest';
import { type Clock, systemClock, VirtualClock } from './clock.ts';

/** What every clock does; `pass` lets at least that much time go by on it. */
function describeClock(
  name: string,
  open: () => { clock: Clock; pass: (ms: number) => Promise<void> },
): void {
  describe(`${name} clock`, () => {
    test('a timer calls back once, not before its time, and never within the call that sets it', async () => {
      const { clock, pass } = open();
      const setMs = clock.now();
      const firedMs: number[] = [];
      clock.setTimer(20, () => firedMs.push(clock.now()));
      clock.setTimer(0, () => firedMs.push(clock.now()));
      expect(firedMs).toEqual([]);
      await pass(20);
      expect(firedMs).toHaveLength(2);
      // Node may fire a millisecond early, by its own clock.
      expect(firedMs[1]).toBeGreaterThanOrEqual(setMs + 19);
    });

    test('a timer that was cancelled does not call back, and cancelling again does nothing', async () => {
      const { clock, pass } = open();
      const fired: string[] = [];
      const cancel = clock.setTimer(1, () => fired.push('cancelled'));
      clock.setTimer(2, () => fired.push('kept'));
      cancel();
      cancel();
      await pass(5);
      cancel();
      expect(fired).toEqual(['kept']);
    });

    test('timers call back in the order they are due', async () => {
      const { clock, pass } = open();
      const fired: number[] = [];
      for (const ms of [30, 1, 15]) clock.setTimer(ms, () => fired.push(ms));
      await pass(30);
      expect(fired).toEqual([1, 15, 30]);
    });

    test('a negative delay is none, and soon calls back once, later', async () => {
      const { clock, pass } = open();
      const fired: string[] = [];
      clock.setTimer(-5, () => fired.push('timer'));
      clock.soon(() => fired.push('soon'));
      expect(fired).toEqual([]);
      await pass(2);
      expect(fired.toSorted()).toEqual(['soon', 'timer']);
    });

    test('a timer of ten years does not call back at once', async () => {
      const { clock, pass } = open();
      let fired = false;
      const cancel = clock.setTimer(10 * 365 * 24 * 3_600_000, () => (fired = true));
      await pass(5);
      cancel();
      expect(fired).toBe(false);
    });
  });
}

describeClock('systemClock', () => ({
  clock: systemClock,
  // Two timers of the same kind: the later one is called after all that were due before it.
  pass: async (ms) => {
    for (const wait of [ms, 1])
      await new Promise<void>((resolve) => void systemClock.setTimer(wait, resolve));
  },
}));

describeClock('VirtualClock', () => {
  const clock = new VirtualClock();
  return { clock, pass: async (ms) => clock.advance(ms) };
});

describe('VirtualClock', () => {
  test('stands still until it is told, and is then exactly where it was told to be', () => {
    const clock = new VirtualClock(1_000);
    const seen: number[] = [];
    clock.setTimer(300, () => seen.push(clock.now()));
    expect(clock.now()).toBe(1_000);
    clock.advance(500);
    expect([clock.now(), seen]).toEqual([1_500, [1_300]]);
  });

  test('a timer that is set by another fires in the same advance, if it is due by then', () => {
    const clock = new VirtualClock(0);
    const seen: number[] = [];
    const again = (): void => {
      seen.push(clock.now());
      clock.setTimer(10, again);
    };
    clock.setTimer(10, again);
    clock.advance(35);
    expect(seen).toEqual([10, 20, 30]);
  });

  test('timers of the same moment fire in the order they were set', () => {
    const clock = new VirtualClock(0);
    const seen: string[] = [];
    clock.setTimer(10, () => seen.push('a'));
    clock.setTimer(5, () => void clock.setTimer(5, () => seen.push('c')));
    clock.setTimer(10, () => seen.push('b'));
    clock.advance(10);
    expect(seen).toEqual(['a', 'b', 'c']);
  });
});
