import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultPipelineSettings } from '../settings.ts';
import { baseOf, descendingKey, offsetOf, priorityAt, rankOf, rankOfKey } from './rank-key.ts';

const settings = defaultPipelineSettings.coordinator;
const DAY = 24 * 60 * 60_000;
const start = Date.UTC(2026, 0, 1);

const measures = fc.record({
  threat: fc.double({ min: 0, max: 10, noNaN: true }),
  opportunity: fc.double({ min: 0, max: 10, noNaN: true }),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
});
const item = fc.record({
  measures,
  reputation: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
  acceptedAtMs: fc.integer({ min: start, max: start + 30 * DAY }),
});

test('priority is the formula, within 0 and 1, and halves in 24 hours', () => {
  const base = baseOf({ threat: 10, opportunity: 5, confidence: 0.5 }, settings);
  expect(base).toBeCloseTo(0.4 + 0.15 + 0.1);
  expect(priorityAt(base, 0.5, 0, settings)).toBeCloseTo(0.325);
  expect(priorityAt(base, 0.5, DAY, settings)).toBeCloseTo(0.1625);
  expect(priorityAt(5, 1, 0, settings)).toBe(1);
});

test('the order of ranks is the order of priorities, at every moment', () => {
  fc.assert(
    fc.property(item, item, fc.integer({ min: 0, max: 20 * DAY }), (a, b, later) => {
      const at = start + 30 * DAY + later;
      const [x, y] = [a, b].map(({ measures: m, reputation, acceptedAtMs }) => ({
        order: rankOf(baseOf(m, settings), acceptedAtMs, settings) + offsetOf(reputation),
        priority: priorityAt(baseOf(m, settings), reputation, at - acceptedAtMs, settings),
      })) as [{ order: number; priority: number }, { order: number; priority: number }];
      // Priorities closer than the resolution of a rank may come in either order.
      fc.pre(Math.abs(x.priority - y.priority) > 1e-7 * Math.max(x.priority, y.priority));
      expect(x.order > y.order).toBe(x.priority > y.priority);
    }),
    { numRuns: 500 },
  );
});

test('keys sort best first and can be read back', () => {
  fc.assert(
    fc.property(item, item, (a, b) => {
      const ranks = [a, b].map(({ measures: m, acceptedAtMs }) =>
        rankOf(baseOf(m, settings), acceptedAtMs, settings),
      );
      const [x = 0, y = 0] = ranks;
      const [kx, ky] = [descendingKey(x), descendingKey(y)];
      return rankOfKey(kx) === x && kx.length === ky.length && kx < ky === x > y;
    }),
    { numRuns: 300 },
  );
  const worst = descendingKey(rankOf(0, start, settings) + offsetOf(0));
  expect(worst).toHaveLength(16);
});
