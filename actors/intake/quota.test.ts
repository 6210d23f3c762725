import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startIntake as start, text } from '../../tests/harness/intake.ts';
import { type Touched, turnTables } from '../../tests/harness/turn-tables.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { admit } from './admission.ts';
import { count, quotaMinutes, quotas, used } from './quota.ts';

const hour = 3_600_000;

describe('quotas', () => {
  test('a new node may submit 1,000 items per rolling hour, and is told when to come back', () => {
    const { submitNew, harness } = start();
    expect(submitNew(1_000).accepted).toBe(1_000);
    const refused = submitNew(1);
    expect(refused).toMatchObject({
      accepted: 0,
      rejected: [{ index: 0, error: { code: 'quota.exceeded' } }],
    });
    const { retryAfterMs = 0 } = refused;
    expect(retryAfterMs).toBeGreaterThan(hour - 1);
    expect(refused.rejected[0]?.error.hint).toContain('--source');
    harness.advance(retryAfterMs);
    expect(submitNew(1).accepted).toBe(1);
  });

  test('an item counts for exactly one hour', () => {
    const { harness, submitNew } = start({ nodeMin: 2, nodeBase: 2 });
    harness.advance(30_500);
    expect(submitNew(1).accepted).toBe(1);
    harness.advance(10_000);
    expect(submitNew(1).accepted).toBe(1);
    harness.advance(hour - 10_001);
    expect(submitNew(1).accepted).toBe(0);
    harness.advance(1);
    expect(submitNew(2).accepted).toBe(1);
    harness.advance(9_999);
    expect(submitNew(1).accepted).toBe(0);
    harness.advance(1);
    expect(submitNew(1).accepted).toBe(1);
  });

  test('counts agree with a list of all times, at any moment', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(900_000), fc.integer({ min: 1, max: 3 })), { maxLength: 40 }),
        (steps) => {
          const { harness, submitNew } = start({ nodeMin: 5, nodeBase: 2 });
          let taken: number[] = [];
          for (const [waitMs, wanted] of steps) {
            harness.advance(waitMs);
            taken = taken.filter((at) => at > harness.nowMs - hour);
            const { accepted } = submitNew(wanted);
            expect(accepted).toBe(Math.min(wanted, 5 - taken.length));
            for (let n = 0; n < accepted; n++) taken.push(harness.nowMs);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([
    ['success counts as 0.5 before 20 attempts', 1, 19, 1_000],
    ['a node that always succeeds may submit 2,000', 1, 20, 2_000],
    ['a node that succeeds half the time may submit 1,000', 0.5, 50, 1_000],
    ['a node that never succeeds may still submit 100', 0, 20, 100],
  ])('%s', (_, successRate, attempts, limit) => {
    const { harness, submitNew } = start();
    harness.tell('intake/main', { type: 'node.measured', node: 'alpha', successRate, attempts });
    expect(harness.ask('intake/main', 'quota', { node: 'alpha' })).toMatchObject({ limit });
    expect(submitNew(limit + 5).accepted).toBe(limit);
  });

  test('all sources together may submit 10,000', () => {
    const { submitNew, stats } = start({ pendingMax: 100_000 });
    for (let node = 0; node < 10; node++) expect(submitNew(1_000, `n${node}`).accepted).toBe(1_000);
    const refused = submitNew(1, 'late');
    expect(refused.rejected[0]?.error.code).toBe('quota.exceeded');
    expect(stats()).toMatchObject({ hourly: { used: 10_000, limit: 10_000 } });
  });

  test('sources that a user named are exempt, and counted apart', () => {
    const { harness, submitNew, stats } = start({ nodeMin: 1, nodeBase: 1 });
    const artifacts = Array.from({ length: 50 }, (_, n) => text(`exempt ${n}`));
    harness.tell('intake/main', {
      type: 'artifact.collected',
      node: 'alpha',
      batch: 'b',
      exempt: true,
      artifacts,
    });
    expect(stats()).toMatchObject({ accepted: 50, exempt: 50, hourly: { used: 0 } });
    expect(submitNew(1).accepted).toBe(1);
  });

  test('where nothing may be submitted at all, coming back soon is not advised', () => {
    const { submitNew } = start({ hourlyTotal: 0 });
    expect(submitNew(1).rejected[0]?.error).toMatchObject({
      message: 'All sources together may submit 0 items per rolling hour, and they are used up.',
      retryAfterMs: hour,
      hint: expect.stringContaining('pipeline.intake.hourlyTotal'),
    });
  });

  test('a sender that comes back with what was refused says so, and is counted as retrying', () => {
    const { harness, submit, stats } = start({ nodeMin: 1, nodeBase: 1 });
    submit([text('a'), text('b')]);
    harness.advance(hour);
    harness.tell('intake/main', {
      type: 'artifact.submit',
      node: 'alpha',
      retries: 1,
      artifacts: [text('b')],
    });
    expect(stats()).toMatchObject({ collected: 2, retried: 1, accepted: 2, rejected: 1 });
  });

  test('invalid items use no quota', () => {
    const { submit, submitNew } = start({ nodeMin: 1, nodeBase: 1 });
    submit([text(' '), text('')]);
    expect(submitNew(1).accepted).toBe(1);
  });

  test('refusals are counted by reason, retries apart from what is collected', () => {
    const { harness, submit, stats } = start({ nodeMin: 1, nodeBase: 1 });
    submit([text('a'), text('b'), text('')]);
    harness.tell('intake/main', {
      type: 'artifact.collected',
      node: 'alpha',
      batch: 'b',
      exempt: true,
      retries: 1,
      artifacts: [text('b')],
    });
    expect(stats()).toMatchObject({
      collected: 3,
      retried: 1,
      accepted: 2,
      rejected: 2,
      rejectedBy: { quota: 1, overload: 0, invalid: 1 },
    });
  });
});

describe('the law of quotas', () => {
  /** What admission does, by a list of all that was ever admitted. */
  function reference(nodeLimit: number, totalLimit: number) {
    const taken: { atMs: number; node: string; items: number }[] = [];
    const usedBy = (nowMs: number, node?: string): number =>
      taken
        .filter((one) => one.atMs > nowMs - hour && one.atMs <= nowMs && (node ?? one.node) === one.node)
        .reduce((sum, { items }) => sum + items, 0);
    const room = (nowMs: number, node: string): number =>
      Math.min(nodeLimit - usedBy(nowMs, node), totalLimit - usedBy(nowMs));
    return { taken, usedBy, room };
  }

  const arrivals = fc.array(
    fc.record({
      waitMs: fc.oneof(
        fc.nat(3),
        fc.nat(70_000),
        fc.nat(2 * hour),
        fc.constantFrom(hour - 1, hour, hour + 1),
      ),
      node: fc.constantFrom('a', 'b', 'c'),
      wanted: fc.integer({ min: 1, max: 7 }),
    }),
    { maxLength: 60 },
  );
  const [nodeLimit, totalLimit] = [6, 10];
  const settings = {
    ...defaultPipelineSettings.intake,
    nodeBase: nodeLimit,
    nodeMin: 1,
    hourlyTotal: totalLimit,
  };

  test('no rolling hour ever holds more than the quotas, and nothing is refused while there is room', () => {
    fc.assert(
      fc.property(arrivals, (steps) => {
        const inTurn = turnTables();
        const { taken, usedBy, room } = reference(nodeLimit, totalLimit);
        let nowMs = Date.UTC(2026, 0, 1);
        for (const { waitMs, node, wanted } of steps) {
          nowMs += waitMs;
          const { admitted } = inTurn(() => admit(node, wanted, nowMs, settings));
          expect(admitted).toBe(Math.min(wanted, room(nowMs, node)));
          if (admitted > 0) taken.push({ atMs: nowMs, node, items: admitted });
        }
        // An hour is fullest when it ends with something that was admitted.
        for (const { atMs, node } of taken) {
          expect(usedBy(atMs, node)).toBeLessThanOrEqual(nodeLimit);
          expect(usedBy(atMs)).toBeLessThanOrEqual(totalLimit);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('who comes back after retryAfterMs finds room for all that was refused, and not a moment before', () => {
    fc.assert(
      fc.property(arrivals, (steps) => {
        const inTurn = turnTables();
        const { taken, room } = reference(nodeLimit, totalLimit);
        let nowMs = Date.UTC(2026, 0, 1);
        for (const { waitMs, node, wanted } of steps) {
          nowMs += waitMs;
          const { admitted, refusal } = inTurn(() => admit(node, wanted, nowMs, settings));
          if (admitted > 0) taken.push({ atMs: nowMs, node, items: admitted });
          if (refusal === undefined) continue;
          const refused = Math.min(wanted - admitted, nodeLimit);
          const backMs = nowMs + (refusal.retryAfterMs ?? 0);
          expect(room(backMs, node)).toBeGreaterThanOrEqual(refused);
          expect(room(backMs - 1, node)).toBeLessThan(refused);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('what a submission costs does not grow with what the window holds', () => {
    const inTurn = turnTables();
    const costAfter = (items: number, everyMs: number): Touched => {
      const dearest: Touched = { rows: 0, largestBytes: 0 };
      for (let n = 0; n < items; n++) {
        const touched: Touched = { rows: 0, largestBytes: 0 };
        inTurn(() => {
          used('s', n * everyMs, hour);
          count('s', 1, n * everyMs, hour);
        }, touched);
        dearest.rows = Math.max(dearest.rows, touched.rows);
        dearest.largestBytes = Math.max(dearest.largestBytes, touched.largestBytes);
      }
      return dearest;
    };
    const few = costAfter(1_000, 7);
    const many = costAfter(12_000, 7);
    expect(many.rows).toBeLessThanOrEqual(few.rows);
    // A second that is as busy as all others has a row of the same size; the window has 61 minutes at most.
    expect(many.largestBytes).toBeLessThanOrEqual(few.largestBytes * 2);
  });

  test('after hours of silence a turn forgets a bounded number of rows, and counts exactly all the same', () => {
    const inTurn = turnTables();
    for (let second = 0; second < 3_600; second++) inTurn(() => count('s', 1, second * 1_000, hour));
    const touched: Touched = { rows: 0, largestBytes: 0 };
    inTurn(() => count('s', 1, 10 * hour, hour), touched);
    expect(touched.rows).toBeLessThan(150);
    expect(inTurn(() => used('s', 10 * hour, hour))).toBe(1);
  });

  test('counts of an earlier release go on to count, to the second', () => {
    const inTurn = turnTables();
    inTurn(() => {
      quotas.put('s', { minutes: [[0, 3]] });
      const earlier = {
        entries: [
          [10_000, 1],
          [10_400, 1],
          [20_000, 1],
        ],
      };
      const migrated = quotaMinutes.migrate?.(earlier, 1);
      if (migrated !== undefined) quotaMinutes.put('s|000000000000', migrated);
    });
    const at = (nowMs: number) => inTurn(() => used('s', nowMs, hour));
    expect([at(hour), at(hour + 10_400), at(hour + 10_999), at(hour + 20_999)]).toEqual([3, 3, 1, 0]);
  });
});
