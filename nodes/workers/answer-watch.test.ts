import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchAnswers } from './answer-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watch(answerMs: number) {
  const seen = { pings: 0, hung: 0 };
  const watching = watchAnswers({
    answerMs,
    ping: () => void seen.pings++,
    onHung: () => void seen.hung++,
  });
  return { seen, watching };
}

test('one that answers is asked again and again', () => {
  const { seen, watching } = watch(1_000);
  for (let looks = 0; looks < 20; looks++) {
    vi.advanceTimersByTime(250);
    watching.answered();
  }
  expect(seen).toEqual({ pings: 20, hung: 0 });
});

test('one that is silent for longer than it may be is said to hang, once', () => {
  const { seen } = watch(1_000);
  vi.advanceTimersByTime(1_250);
  expect(seen).toEqual({ pings: 1, hung: 0 });
  vi.advanceTimersByTime(10_000);
  expect(seen).toEqual({ pings: 1, hung: 1 });
});

test('an answer before the time is over begins anew', () => {
  const { seen, watching } = watch(1_000);
  vi.advanceTimersByTime(1_250);
  watching.answered();
  vi.advanceTimersByTime(1_250);
  expect(seen).toEqual({ pings: 2, hung: 0 });
});

test('time in which the node itself was frozen does not count', () => {
  const { seen } = watch(1_000);
  vi.advanceTimersByTime(250);
  const now = performance.now();
  vi.spyOn(performance, 'now').mockReturnValue(now + 60_000);
  vi.advanceTimersByTime(250);
  expect(seen).toEqual({ pings: 1, hung: 0 });
  vi.restoreAllMocks();
});

test('a watch that has ended says nothing', () => {
  const { seen, watching } = watch(1_000);
  vi.advanceTimersByTime(500);
  watching.end();
  vi.advanceTimersByTime(60_000);
  expect(seen.hung).toBe(0);
});
