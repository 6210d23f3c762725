import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startNode as start } from '../../tests/harness/node.ts';
import { turnTables } from '../../tests/harness/turn-tables.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { draftOf, initialContext } from './node-context.ts';
import { createNode } from './node.ts';
import { heed, nextWindow, windowMax } from './sending.ts';

const minute = 60_000;
const settings = defaultPipelineSettings.node;

interface Status {
  window: number;
  windowMax: number;
  heldUntilMs: number | null;
  refusal: { code: string; message: string } | null;
  refusedBatches: number;
}
const sendingOf = (status: Record<string, unknown>) => status['sending'] as Status;

describe('the window', () => {
  test('halves with a refusal, grows by one with a batch that is taken, and stays within one batch and its maximum', () => {
    const max = windowMax(settings.capacity, settings);
    expect(max).toBe(12);
    fc.assert(
      fc.property(
        fc.double({ min: 1, max, noNaN: true }),
        fc.constantFrom('taken' as const, 'refused' as const),
        (window, batch) => {
          const next = nextWindow(window, batch, max, settings);
          expect(next).toBe(batch === 'taken' ? Math.min(max, window + 1) : Math.max(1, window / 2));
        },
      ),
    );
  });

  test('whatever intake answers, it falls with news of a refusal, never below one batch, and recovers in the end', () => {
    const answer = fc.record({
      refusals: fc.array(fc.constantFrom('quota.exceeded', 'overload', 'artifact.invalid'), { maxLength: 3 }),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 3_600_000 }), { nil: undefined }),
      /** How many batches were started since the one that is answered. */
      behind: fc.nat(8),
      waitMs: fc.nat(10_000),
    });
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 50 }), (answers) => {
        const inTurn = turnTables();
        const draft = draftOf(initialContext('n1', settings));
        const max = windowMax(draft.capacity, settings);
        let nowMs = 1_000_000;
        draft.nextBatch = 10;
        const counts = { accepted: 0, duplicates: 0, corroborated: 0 };
        for (const { refusals, retryAfterMs, behind, waitMs } of answers) {
          nowMs += waitMs;
          draft.nextBatch++;
          const before = draft.sending;
          const number = draft.nextBatch - 1 - behind;
          const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
          const rejected = refusals.map((code, index) => ({ index, error: { code, ...wait } }));
          inTurn(() => heed(draft, { ...counts, batch: `b${number}`, rejected }, settings), undefined, nowMs);
          const { window, heldUntilMs } = draft.sending;
          expect(window).toBeGreaterThanOrEqual(1);
          expect(window).toBeLessThanOrEqual(max);
          if (refusals.every((code) => code === 'artifact.invalid')) {
            expect(window).toBe(Math.min(max, before.window + 1));
            continue;
          }
          const news = number >= before.halvedAtBatch;
          expect(window).toBe(news ? Math.max(1, before.window / 2) : before.window);
          expect(heldUntilMs).toBeGreaterThanOrEqual(
            nowMs + Math.max(1, retryAfterMs ?? settings.retryAfterMs),
          );
        }
        for (let batch = 0; batch < max; batch++) {
          const taken = { ...counts, batch: `b${draft.nextBatch}`, rejected: [] };
          inTurn(() => heed(draft, taken, settings), undefined, nowMs);
        }
        expect(draft.sending.window).toBe(max);
      }),
    );
  });
});

describe('a node that intake refuses', () => {
  /** Batches of four, and room for 40 items an hour. */
  const slow = { node: { batchFiles: 4 }, intake: { nodeMin: 40, nodeBase: 20 } };

  test('stops at once, says why and until when, and comes back when it was told to', async () => {
    const { harness, begin, add, fill, reads, status, intakeStats } = start(slow);
    begin();
    fill(200);
    await add('', { intervalMs: 10_000 * minute });
    const refused = intakeStats()['rejected'] ?? 0;
    expect(intakeStats()).toMatchObject({ accepted: 40 });
    // What was on its way when the first refusal came, and nothing behind it.
    expect(refused).toBeLessThanOrEqual(4 * 4);
    expect(sendingOf(status())).toMatchObject({
      window: 6,
      windowMax: 12,
      heldUntilMs: harness.nowMs + 60 * minute,
      refusal: { code: 'quota.exceeded', message: expect.stringContaining('40 items per rolling hour') },
    });
    const readSoFar = reads.length;
    harness.advance(60 * minute - 1);
    await harness.settle();
    expect(reads).toHaveLength(readSoFar);
    harness.advance(1);
    await harness.settle();
    expect(intakeStats()).toMatchObject({ accepted: 80 });
    for (let hours = 0; hours < 4; hours++) {
      harness.advance(60 * minute);
      await harness.settle();
    }
    expect(status().files).toMatchObject({ accepted: 200, waiting: 0, retry: 0 });
    expect(intakeStats()).toMatchObject({ accepted: 200, pending: 0 });
  });

  test('ends the collections that wait for it, so that they neither time out nor fail', async () => {
    const { harness, begin, add, fill, target } = start(slow);
    begin();
    fill(200);
    await add('', { intervalMs: 10_000 * minute });
    expect(target()).toMatchObject({
      status: 'waiting',
      failures: 0,
      lastOutcome: 'collected',
      lastReason: expect.stringMatching(/^\d+ items wait until intake takes more$/),
    });
    harness.advance(50 * minute);
    expect(target()).toMatchObject({ status: 'waiting', failures: 0 });
    expect(harness.ask('orchestrator/main', 'nodes')).toMatchObject([{ assigned: 0, successRate: 1 }]);
  });

  test('goes on with what the user named, which no quota holds back', async () => {
    const { begin, add, collect, fill, status, items } = start(slow);
    begin();
    fill(100);
    await add();
    for (let n = 0; n < 30; n++) items.set(`named${n}`, { content: `named ${n}` });
    await collect('named');
    expect(status().files).toMatchObject({ accepted: 70 });
    expect(sendingOf(status())).toMatchObject({ refusal: { code: 'quota.exceeded' } });
  });

  test('because it is overloaded holds everything back, and opens its window again afterwards', async () => {
    const { harness, begin, collect, fill, status, intakeStats } = start({
      node: { batchFiles: 4 },
      intake: { pendingMax: 0, overloadRetryMs: 5_000 },
    });
    begin();
    fill(20);
    await collect();
    expect(intakeStats()).toMatchObject({ accepted: 0, state: 'saturated' });
    expect(sendingOf(status())).toMatchObject({ refusal: { code: 'overload' }, window: 6 });
    const before = intakeStats()['rejected'] ?? 0;
    harness.advance(5_000);
    await harness.settle();
    // It tries again, slower than before.
    expect(intakeStats()['rejected']).toBeGreaterThan(before);
    expect(sendingOf(status()).window).toBe(3);
    expect(sendingOf(status()).heldUntilMs).toBe(harness.nowMs + 5_000);
  });
});

test('a target that is withdrawn is read no further, and goes on where it was when it is assigned again', async () => {
  const { harness, begin, fill, reads, status, target, intakeStats } = start({ node: { batchFiles: 2 } });
  begin('s1', 1);
  fill(50);
  harness.tell('orchestrator/main', { type: 'target.add', target: { type: 'memory', location: '' } });
  const { id } = target() as { id: string };
  harness.tell('node/n1', {
    type: 'scan.done',
    input: { id },
    output: {
      items: Array.from({ length: 50 }, (_, n) => ({
        name: `item${String(n).padStart(5, '0')}`,
        bytes: 9,
        modifiedMs: 0,
      })),
      total: 50,
      ignored: 0,
    },
  });
  harness.tell('orchestrator/main', { type: 'target.pause', id });
  await harness.settle();
  expect(status()).toMatchObject({ state: 'idle', attempts: 0 });
  expect(reads.length).toBeLessThanOrEqual(2);
  harness.tell('orchestrator/main', { type: 'target.resume', id });
  await harness.settle();
  expect(intakeStats()).toMatchObject({ collected: 50, accepted: 50 });
  expect(target()).toMatchObject({ status: 'waiting', lastOutcome: 'collected' });
  expect(harness.deadLetters).toEqual([]);
});

test('the window of a node that was never refused follows the capacity that its machine reports', () => {
  const { harness, begin, status } = start();
  begin();
  expect(sendingOf(status())).toMatchObject({ window: 12, refusal: null, heldUntilMs: null });
  begin('s2', 5);
  expect(sendingOf(status())).toMatchObject({ window: 20, windowMax: 20 });
  expect(harness.deadLetters).toEqual([]);
});

test('a node of an earlier release goes on with its window wide open', () => {
  const { sending, ...before } = initialContext('n1', settings);
  const migrated = createNode(defaultPipelineSettings).migrate?.({ value: 'idle', context: before }, 1);
  expect(migrated).toEqual({ value: 'idle', context: { ...before, sending } });
});
