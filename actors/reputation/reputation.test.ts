import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActorHarness } from '../../tests/harness/actor-harness.ts';
import { coordinatorContract } from '../coordinator/contract.ts';
import { recorder } from '../recorder.fixture.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { createReputation, type ReputationChange } from './reputation.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const settings = defaultPipelineSettings.reputation;

interface Score {
  readonly score: number;
  readonly effective: number;
  readonly earned: number;
  readonly calibration: { readonly penalty: number };
  readonly flags: readonly { readonly rule: string }[];
}

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
    /** An outcome of any source. */
    outcome: (fields: Record<string, unknown>) =>
      h.tell('reputation/n1', {
        type: 'outcome.observed',
        node: 'n1',
        good: 0,
        bad: 0,
        origin: 'coordinator/main',
        evidence: 'e',
        notify: 'coordinator/main',
        ...fields,
      }),
    /** What the actor replies to a message from outside. */
    call: (message: { type: string } & Record<string, unknown>) => {
      h.tell('reputation/n1', message, { replyTo: { to: 'inbox', id: '1' } });
      return h.replies.at(-1)?.value;
    },
    vote: (vote: 'good' | 'bad', voter: string) => r.call({ type: 'vote.cast', node: 'n1', voter, vote }),
    standing: () => h.ask('reputation/n1', 'score') as Score,
    score: () => r.standing().score,
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

describe('acceptance', () => {
  test('of floods of unique items lifts nobody further than its budget, however long it goes on', () => {
    const r = start();
    for (let minute = 0; minute < 60; minute++) {
      r.outcome({ source: 'acceptance', good: 600 });
      r.advance(MINUTE);
    }
    expect(r.score()).toBeCloseTo(0.5 + settings.acceptanceMax, 9);
  });

  test('does not break what verdicts agree on', () => {
    const r = start();
    for (let n = 0; n < 3; n++) {
      r.epoch(0, 1);
      r.outcome({ source: 'acceptance', good: 50 });
      r.advance(MINUTE);
    }
    expect(r.score()).toBeCloseTo(0.44 + 0.03, 9);
  });
});

describe('corroboration', () => {
  test('counts once per epoch and node, by the reputation of the node that corroborates', () => {
    const r = start();
    for (let n = 0; n < 3; n++) {
      for (let item = 0; item < 5; item++)
        r.outcome({ source: 'corroboration', good: 40, origin: 'n2', weight: 0.5 });
      r.advance(MINUTE);
    }
    expect(r.score()).toBeCloseTo(0.5 + 3 * 0.5 * settings.goodStep, 9);
  });

  test('of itself is nothing', () => {
    const r = start();
    for (let n = 0; n < 3; n++) {
      r.outcome({ source: 'corroboration', good: 1, origin: 'n1', weight: 0.9 });
      r.advance(MINUTE);
    }
    expect(r.score()).toBe(0.5);
  });

  test('a busy honest node is not flagged: thousands of outcomes, and forty nodes that corroborate all day', () => {
    const r = start();
    for (let hour = 0; hour < 24; hour++) {
      r.outcome({ source: 'acceptance', good: 1_000 });
      for (let n = 0; n < 40; n++) r.observe(1, 0);
      for (let n = 0; n < 40; n++)
        r.outcome({ source: 'corroboration', good: 25, origin: `peer${n}`, weight: 0.7 });
      r.advance(60 * MINUTE);
    }
    expect(r.standing()).toMatchObject({ flags: [], score: 0.9, effective: 0.9, votes: { counted: 40 } });
  });
});

describe('votes', () => {
  test('move a score a little, and no further however many come below the limits', () => {
    const r = start();
    for (let hour = 0; hour < 48; hour++) {
      for (let n = 0; n < 10; n++) r.vote('bad', `v${n}`);
      r.advance(60 * MINUTE);
    }
    expect(r.score()).toBeCloseTo(0.5 - settings.votesMax, 9);
    expect(r.standing().flags).toEqual([]);
  });

  test('more than 100 in an hour are ignored and flagged, and halve the effective score until cleared', () => {
    const r = start();
    for (let n = 0; n < 3; n++) r.epoch(10, 0);
    for (let n = 0; n < 110; n++) r.vote('bad', `v${n % 9}`);
    expect(r.standing()).toMatchObject({ score: 0.8, effective: 0.4, votes: { ignored: 9 } });
    expect(r.standing().flags).toMatchObject([{ rule: 'hour' }]);
    expect(r.coordinator.received('reputation.moved').at(-1)).toMatchObject({ node: 'n1', score: 0.4 });
    expect(r.history()[0]).toMatchObject({ before: 0.8, after: 0.4 });
    expect(r.history()[0]?.reason).toContain('brigading (hour)');
    expect(r.history()[0]?.evidence.join()).toContain('more than 100 votes within an hour');
    r.advance(3 * 60 * MINUTE);
    expect(r.standing().effective).toBe(0.4);
    expect(r.call({ type: 'brigading.clear', by: 'ann', reason: 'looked at it' })).toEqual({ cleared: true });
    expect(r.standing()).toMatchObject({ score: 0.8, effective: 0.8, flags: [] });
    expect(r.history()[0]?.reason).toContain('cleared by ann: looked at it');
    expect(r.call({ type: 'brigading.clear', by: 'ann' })).toEqual({ cleared: false });
  });

  test('are taken back when they turn out to be brigading', () => {
    const r = start();
    for (let n = 0; n < 4; n++) {
      for (let voter = 0; voter < 8; voter++) r.vote('good', `v${voter}`);
      r.advance(MINUTE);
    }
    expect(r.score()).toBeCloseTo(0.5 + settings.votesMax, 9);
    for (let n = 0; n < 101; n++) r.vote('good', `v${n % 8}`);
    expect(r.standing()).toMatchObject({ score: 0.5, effective: 0.25 });
  });

  test('half of the least score is less than the least score', () => {
    const r = start();
    for (let n = 0; n < 3; n++) r.epoch(0, 20);
    for (let n = 0; n < 20; n++) r.vote('bad', 'eve');
    expect(r.standing()).toMatchObject({ score: 0.1, effective: 0.05 });
    expect(r.standing().flags).toMatchObject([{ rule: 'origin' }]);
  });

  test('say what became of them', () => {
    const r = start();
    expect(r.vote('good', 'ann')).toEqual({ counted: true, why: null });
    expect(r.vote('good', 'n1')).toEqual({ counted: false, why: 'nobody votes on itself' });
    expect(r.call({ type: 'vote.cast', node: 'n9', voter: 'ann', vote: 'good' })).toEqual({
      counted: false,
      why: 'this is not the reputation of that node',
    });
    for (let n = 0; n < 20; n++) r.vote('bad', 'eve');
    expect(r.vote('good', 'ann')).toEqual({ counted: false, why: 'brigading (origin)' });
  });

  test('are no activity of the node: its score fades all the same', () => {
    const r = start();
    for (let n = 0; n < 3; n++) r.epoch(10, 0);
    for (let hour = 0; hour < 72; hour++) {
      r.vote('good', `v${hour}`);
      r.advance(60 * MINUTE);
    }
    expect(r.score()).toBeLessThan(0.8);
  });
});

describe('calibration', () => {
  const cycles = (r: ReturnType<typeof start>, claimed: number): void => {
    for (let cycle = 0; cycle < 3; cycle++) {
      for (let n = 0; n < 6; n++) r.outcome({ source: 'verdict', good: n % 2, bad: 1 - (n % 2), claimed });
      r.advance(MINUTE);
    }
  };

  test('who claims more than verdicts confirm is at least 20 % below an equally good honest node within 3 cycles', () => {
    const [honest, inflating] = [start(), start()];
    cycles(honest, 0.5);
    cycles(inflating, 0.95);
    expect(honest.standing()).toMatchObject({ earned: 0.41, score: 0.41, calibration: { penalty: 0 } });
    expect(inflating.standing().earned).toBe(0.41);
    expect(inflating.score()).toBeLessThanOrEqual(0.8 * honest.score());
    expect(inflating.history()[0]?.reason).toBe('claims more confidence than verdicts confirm: 45 % off');
    expect(inflating.history()[0]?.evidence[0]).toContain('claims of 0.80–1.00: 0.95 on average');
  });

  test('the penalty fades with inactivity, as the score does', () => {
    const r = start();
    cycles(r, 0.95);
    const before = r.standing().calibration.penalty;
    r.advance(25 * 60 * MINUTE);
    expect(r.standing().calibration.penalty).toBeCloseTo(before * 0.95, 3);
    r.advance(365 * DAY);
    expect(r.standing()).toMatchObject({ score: 0.5, calibration: { penalty: 0 } });
  });
});

test('a state of the first version keeps its score, its counts and whom it tells', () => {
  const { migrate } = createReputation(defaultPipelineSettings);
  const old = {
    node: 'n_2e1',
    score: 0.7,
    lastActiveMs: 5,
    decays: 1,
    good: 9,
    bad: 2,
    changes: 3,
    notify: ['coordinator/main'],
  };
  const context = { ...old, epoch: null, agreement: { direction: 0, epochs: 0, pending: 0, evidence: [] } };
  expect(migrate?.({ value: 'idle', context }, 1)).toMatchObject({
    value: 'idle',
    context: {
      earned: 0.7,
      lastActiveMs: 5,
      decays: 1,
      good: 9,
      bad: 2,
      changes: 3,
      notify: ['coordinator/main'],
      flag: null,
    },
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
