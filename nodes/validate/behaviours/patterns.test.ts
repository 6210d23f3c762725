import { expect, test } from 'vitest';
import { failing } from '../failing.fixture.ts';
import { judgePatterns, type Pattern } from './patterns.ts';

const held = new Map([1, 2, 3, 4].map((at) => [`a${at}`, `The Firewall-rule number ${at}.`]));
const good: Pattern = {
  id: 'p1',
  terms: [{ term: 'firewall rule', weight: 0.8 }],
  characteristics: ['security'],
  samples: [{ id: 'a1' }, { id: 'a2' }, 'a3'],
  members: 40,
  confidence: 0.6,
};
const judged = (change: Partial<Pattern>) =>
  failing(judgePatterns({ patterns: [good, { ...good, id: 'p2', ...change }], held }));

test('a pattern with terms, characteristics, samples and confidence passes', () => {
  expect(judged({})).toEqual({});
  expect(judged({ members: 2, samples: ['a1', 'a2'], confidence: 0 })).toEqual({});
});

test('no pattern at all fails', () => {
  expect(failing(judgePatterns({ patterns: [], held }))).toEqual({ 'patterns that were found': '0' });
});

test.each([
  ['no term', { terms: [] }, 'patterns without a term'],
  [
    'a weight above 1',
    { terms: [{ term: 'firewall', weight: 1.2 }] },
    'patterns with a weight outside of 0 to 1',
  ],
  [
    'a weight that is no number',
    { terms: [{ term: 'firewall', weight: Number.NaN }] },
    'patterns with a weight outside of 0 to 1',
  ],
  ['no characteristic', { characteristics: [] }, 'patterns without a characteristic'],
  ['two samples', { samples: ['a1', 'a2'] }, 'patterns without 3 different samples'],
  ['the same sample twice', { samples: ['a1', 'a2', 'a2'] }, 'patterns without 3 different samples'],
  [
    'terms that its samples do not hold',
    { terms: [{ term: 'wheat', weight: 0.5 }] },
    'patterns whose terms stand in none of their samples',
  ],
])('a pattern with %s fails', (_title, change, claim) => {
  expect(judged(change)).toHaveProperty([claim], '1: p2');
});

test('a sample that the collection does not hold fails', () => {
  expect(judged({ samples: ['a1', 'a2', 'gone'] })).toEqual({
    'samples that the collection does not hold': '1: gone',
  });
});

test('a confidence that the rule does not give fails', () => {
  const claim =
    'patterns whose confidence breaks the rule: 0 below three members, else above 0 and at most 1';
  expect(judged({ confidence: 0 })).toEqual({ [claim]: '1: p2' });
  expect(judged({ confidence: 1.1 })).toEqual({ [claim]: '1: p2' });
  expect(judged({ members: 2, samples: ['a1', 'a2'], confidence: 0.5 })).toEqual({ [claim]: '1: p2' });
});
