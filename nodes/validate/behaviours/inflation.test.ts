import { expect, test } from 'vitest';
import { failing } from '../failing.fixture.ts';
import { type InflationObservation, judgeInflation } from './inflation.ts';

const honest = ['a', 'b', 'c'].map((node) => ({ node, score: 0.5, effective: 0.5 }));
const sound: InflationObservation = {
  verdicts: 240,
  accepted: 144,
  items: 240,
  honest,
  inflating: { node: 'i', score: 0.5, effective: 0.4 },
};
const judged = (change: Partial<InflationObservation>) => failing(judgeInflation({ ...sound, ...change }));
const gap = 'the effective score of the inflating node after 3 cycles';

test('a fifth below the lowest honest node passes', () => {
  expect(judged({})).toEqual({});
});

test('less than a fifth below it fails', () => {
  expect(judged({ inflating: { node: 'i', score: 0.5, effective: 0.41 } })).toEqual({ [gap]: '0.41' });
});

test('the honest nodes are not measured by their best one', () => {
  const [a, b] = honest;
  if (a === undefined || b === undefined) throw new Error('there are three');
  expect(judged({ honest: [a, b, { node: 'c', score: 0.45, effective: 0.45 }] })).toEqual({ [gap]: '0.4' });
});

test('a build without an effective score fails', () => {
  const plain = honest.map(({ node, score }) => ({ node, score }));
  expect(judged({ honest: plain, inflating: { node: 'i', score: 0.5 } })).toEqual({
    'nodes whose effective score can be read': '0',
    [gap]: '0.5',
  });
});

test('verdicts that are missing, or fell otherwise, fail', () => {
  expect(judged({ verdicts: 200, accepted: 200 })).toEqual({
    'verdicts that the critic gave': '200',
    'of them good ones': '200',
  });
});
