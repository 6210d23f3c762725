import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startIntake as start, text } from '../../tests/harness/intake.ts';

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
