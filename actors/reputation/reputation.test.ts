import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActorHarness } from '../../tests/harness/actor-harness.ts';
import { coordinatorContract } from '../coordinator/contract.ts';
import { recorder } from '../recorder.fixture.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { createReputation, type ReputationChange } from './reputation.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function start() {
  const coordinator = recorder(coordinatorContract);
  const h = createActorHarness([createReputation(defaultPipelineSettings), coordinator.actor]);
  const r = {
    ...h,
    coordinator,
    observe: (good: number, bad: number, evidence = 'e') =>
      h.tell('reputation/n1', {
        type: 'outcome.observed',
        node: 'n1',
        source: 'verdict',
        good,
        bad,
        origin: 'critic/main',
        evidence,
        notify: 'coordinator/main',
      }),
    /** One epoch with these outcomes, and its end. */
    epoch: (good: number, bad: number) => {
      r.observe(good, bad);
      h.advance(MINUTE);
    },
    score: () => (h.ask('reputation/n1', 'score') as { score: number }).score,
    history: () => (h.ask('reputation/n1', 'history') as { changes: ReputationChange[] }).changes,
  };
  return r;
}

describe('moves', () => {
  test('a node starts at 0.5', () => expect(start().score()).toBe(0.5));

  test('a move counts only when three epochs agree: +0.01 for each good outcome', () => {
    const r = start();
    r.epoch(1, 0);
    r.epoch(2, 0);
    expect(r.score()).toBe(0.5);
    r.epoch(1, 0);
    expect(r.score()).toBe(0.54);
    r.epoch(3, 0);
    expect(r.score()).toBe(0.57);
  });

  test('bad outcomes count −0.02', () => {
    const r = start();
    for (let i = 0; i < 3; i++) r.epoch(0, 1);
    expect(r.score()).toBe(0.44);
  });

  test('an epoch that disagrees, or has no direction, drops what was not confirmed', () => {
    const r = start();
    for (const [good, bad] of [
      [1, 0],
      [1, 0],
      [0, 1],
      [1, 0],
      [1, 0],
      [2, 1],
      [1, 0],
      [1, 0],
    ] as const)
      r.epoch(good, bad);
    expect(r.score()).toBe(0.5);
    expect(r.history()).toEqual([]);
  });

  test('many outcomes within one epoch are one epoch', () => {
    const r = start();
    for (let i = 0; i < 10; i++) r.observe(1, 0);
    r.advance(MINUTE);
    expect(r.score()).toBe(0.5);
  });

  test('minutes without outcomes are no epochs and do not break agreement', () => {
    const r = start();
    r.epoch(1, 0);
    r.advance(20 * MINUTE);
    r.epoch(1, 0);
    r.advance(5 * MINUTE);
    r.epoch(1, 0);
    expect(r.score()).toBe(0.53);
  });

  test('the score never leaves 0.1 … 0.9, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(60)), { maxLength: 30 }), (epochs) => {
        const r = start();
        for (const [good, bad] of epochs) r.epoch(good, bad);
        expect(r.score()).toBeGreaterThanOrEqual(0.1);
        expect(r.score()).toBeLessThanOrEqual(0.9);
      }),
      { numRuns: 40 },
    );
  });
});

describe('decay', () => {
  test('after 24 hours without activity the score decays to neutral by 0.95 a day', () => {
    const r = start();
    for (let i = 0; i < 3; i++) r.epoch(10, 0);
    expect(r.score()).toBe(0.8);
    r.advance(DAY - 2 * MINUTE);
    expect(r.score()).toBe(0.8);
    r.advance(2 * MINUTE);
    expect(r.score()).toBeCloseTo(0.5 + 0.3 * 0.95, 5);
    r.advance(DAY);
    expect(r.score()).toBeCloseTo(0.5 + 0.3 * 0.95 ** 2, 5);
    r.advance(365 * DAY);
    expect(r.score()).toBe(0.5);
    expect([...r.timers.keys()]).toEqual([]);
  });

  test('activity stops it', () => {
    const r = start();
    for (let i = 0; i < 3; i++) r.epoch(10, 0);
    r.advance(DAY - 30 * MINUTE);
    r.observe(0, 0);
    r.advance(23 * 60 * MINUTE);
    expect(r.score()).toBe(0.8);
    r.advance(2 * 60 * MINUTE);
    expect(r.score()).toBeCloseTo(0.785, 5);
  });
});

test('every change says why: reason, before, after, evidence; and coordinators hear of it', () => {
  const r = start();
  r.observe(1, 0, 'scenario s1 accepted');
  for (let i = 0; i < 3; i++) r.epoch(1, 0);
  expect(r.history()).toHaveLength(1);
  expect(r.history()[0]).toMatchObject({
    before: 0.5,
    after: 0.54,
    evidence: ['scenario s1 accepted', 'e', 'e', 'e'],
  });
  expect(r.history()[0]?.reason).toContain('3 epochs in a row agree');
  expect(r.events).toMatchObject([
    { name: 'reputation-changed', payload: { node: 'n1', before: 0.5, after: 0.54 } },
  ]);
  expect(r.coordinator.received('reputation.moved')).toMatchObject([{ node: 'n1', score: 0.54 }]);
});

test('the history is bounded', () => {
  const r = start();
  for (let i = 0; i < 130; i++) r.epoch(i % 40 < 20 ? 1 : 0, i % 40 < 20 ? 0 : 1);
  expect(r.deadLetters).toEqual([]);
  const kept = (r.ask('reputation/n1', 'history', { limit: 100 }) as { changes: unknown[] }).changes;
  expect(kept.length).toBeLessThanOrEqual(100);
});
