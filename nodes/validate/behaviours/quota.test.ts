import { expect, test } from 'vitest';
import { failing } from '../failing.fixture.ts';
import { NOTHING } from '../submit.ts';
import { judgeQuota, type QuotaObservation } from './quota.ts';

const refusal = { code: 'quota.exceeded', retryAfterMs: 3_600_000, hint: 'Wait.' } as const;
const refusals = Array.from({ length: 500 }, () => refusal);
const sound: QuotaObservation = {
  offered: 1_500,
  newcomer: { ...NOTHING, accepted: 1_000, refusals },
  another: { ...NOTHING, accepted: 10 },
  quota: { used: 1_000, limit: 1_000 },
};
const judged = (change: Partial<QuotaObservation>) => failing(judgeQuota({ ...sound, ...change }));

test('exactly the quota, with usable refusals, passes', () => {
  expect(judged({})).toEqual({});
});

test('one item above the quota fails', () => {
  expect(judged({ newcomer: { ...NOTHING, accepted: 1_001, refusals: refusals.slice(1) } })).toEqual({
    'items of the new node that were accepted': '1,001',
    'items that were refused': '499',
  });
});

test.each([
  ['another code', { ...refusal, code: 'overload' as const }, '1: code overload'],
  ['no time to come back', { code: refusal.code, hint: 'Wait.' }, '1: retryAfterMs 0'],
  ['a time beyond the window', { ...refusal, retryAfterMs: 2 * 3_600_000 }, '1: retryAfterMs 7200000'],
  ['no hint', { code: refusal.code, retryAfterMs: 1_000 }, '1: no hint'],
])('a refusal with %s fails', (_title, bad, observed) => {
  const newcomer = { ...sound.newcomer, refusals: [bad, ...refusals.slice(1)] };
  expect(judged({ newcomer })).toEqual({ 'refusals without a usable reason': observed });
});

test('a quota that another node has to share fails', () => {
  expect(judged({ another: { ...NOTHING, accepted: 9 } })).toEqual({
    'items of another node that were accepted meanwhile': '9',
  });
});

test('a report that contradicts what was accepted fails', () => {
  expect(judged({ quota: { used: 900, limit: 1_000 } })).toEqual({
    'how much of it intake reports as used': '900',
  });
});
