import { expect, test } from 'vitest';
import { failing } from '../failing.fixture.ts';
import { NOTHING } from '../submit.ts';
import { type BlackoutObservation, judgeBlackout, type Totals } from './blackout.ts';

const examples = Array.from({ length: 50 }, (_, at) => ({ example: `e${at}`, artifact: `a${at}` }));
const totals: Totals = {
  intake: {
    collected: 100,
    retried: 0,
    accepted: 100,
    duplicates: 0,
    corroborated: 0,
    rejected: 0,
    pending: 0,
  },
  coordinator: { accepted: 100, candidates: 30, fed: 60, refused: 10 },
  phoenix: { fed: 60 },
  critic: { offered: 60, pending: 0, accepted: 55, rejected: 4, inReview: 1 },
  curator: { judged: 59, refused: 9, examples: 50, waiting: 0, versions: 3 },
};
const sound: BlackoutObservation = {
  blackouts: 3,
  plannedBlackouts: 3,
  offered: 100,
  answered: { ...NOTHING, accepted: 100 },
  totals,
  verified: { ok: true, versions: 3, examples: 50, findings: [] },
  examples,
  deadLetters: [],
};
const judged = (change: Partial<BlackoutObservation>) => failing(judgeBlackout({ ...sound, ...change }));
const counted = (change: Partial<Totals>) => judged({ totals: { ...totals, ...change } });

test('totals that add up and a dataset that verifies pass', () => {
  expect(judged({})).toEqual({});
});

test('a finding of the verification fails', () => {
  const findings = [{ version: 'v0002', problem: 'manifest.json is missing' }];
  expect(judged({ verified: { ...sound.verified, ok: false, findings } })).toEqual({
    'findings of "dataset verify"': '1: v0002: manifest.json is missing',
  });
});

test('an example that stands there twice fails, and an artifact with two', () => {
  expect(judged({ examples: [...examples.slice(1), { example: 'e1', artifact: 'a0' }] })).toEqual({
    'examples that stand there twice': '1: e1',
  });
  expect(judged({ examples: [...examples.slice(1), { example: 'e0', artifact: 'a1' }] })).toEqual({
    'artifacts with two examples': '1: a1',
  });
});

test.each([
  [
    'an item that intake lost count of',
    { intake: { ...totals.intake, accepted: 99 } },
    'intake: collected and retried, all accounted for',
  ],
  [
    'an artifact that is gone',
    { coordinator: { ...totals.coordinator, accepted: 99, candidates: 29 } },
    'coordinator: artifacts',
  ],
  [
    'a candidate that is gone',
    { coordinator: { ...totals.coordinator, candidates: 29 } },
    'coordinator: waiting, fed and refused together',
  ],
  [
    'a verdict that is gone',
    { critic: { ...totals.critic, inReview: 0 } },
    'critic: accepted, rejected, in review and pending together',
  ],
  [
    'a scenario that the critic never got',
    { critic: { ...totals.critic, offered: 59, inReview: 0 } },
    'critic: scenarios taken on',
  ],
  [
    'a scenario that was judged twice',
    { curator: { ...totals.curator, judged: 60, refused: 10 } },
    'curator: scenarios judged',
  ],
  [
    'an example that is in no count',
    { curator: { ...totals.curator, refused: 8 } },
    'curator: examples, waiting and refused together',
  ],
  [
    'a version that was not exported',
    { curator: { ...totals.curator, versions: 4 } },
    'versions in the export',
  ],
])('%s fails', (_title, change, claim) => {
  expect(Object.keys(counted(change))).toEqual([claim]);
});

test('a scenario that the collection does not know as fed fails', () => {
  const phoenix = { fed: 61 };
  const critic = { ...totals.critic, offered: 61, inReview: 2 };
  expect(counted({ phoenix, critic })).toEqual({
    'phoenix: scenarios, as many as the collection says were fed': '61',
  });
});

test('a run without the blackouts, or with too few versions to be in their way, fails', () => {
  expect(judged({ blackouts: 0 })).toEqual({ 'times that broker and node were killed together': '0' });
  const curator = { ...totals.curator, versions: 1 };
  expect(judged({ totals: { ...totals, curator }, verified: { ...sound.verified, versions: 1 } })).toEqual({
    'versions that were published': '1',
  });
});
