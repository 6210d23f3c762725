import { expect, test } from 'vitest';
import { failing } from '../failing.fixture.ts';
import { NOTHING } from '../submit.ts';
import { judgePumping, type PumpingObservation } from './pumping.ts';

const sound: PumpingObservation = {
  junk: 480,
  flood: { ...NOTHING, accepted: 480 },
  repeats: { ...NOTHING, duplicates: 480 },
  forged: ['message.not_public', 'message.not_public'],
  forgedSent: 2,
  smuggled: 2,
  deadLetters: 2,
  pumpingBefore: 0.55,
  pumping: 0.55,
  honest: 0.9,
};
const judged = (change: Partial<PumpingObservation>) => failing(judgePumping({ ...sound, ...change }));
const beside = 'the score of the pumping node, beside that of the honest one';

test('a node that stays below the honest one passes', () => {
  expect(judged({})).toEqual({});
});

test('a node that rises as high as the honest one fails', () => {
  expect(judged({ pumping: 0.9 })).toMatchObject({ [beside]: '0.9' });
});

test('a score that its own votes have lifted fails', () => {
  expect(judged({ pumping: 0.65 })).toEqual({ 'the score after the node has voted for itself': '0.65' });
});

test('corroboration by oneself fails', () => {
  expect(judged({ repeats: { ...NOTHING, duplicates: 479, corroborated: 1 } })).toEqual({
    'repeats that the node got for corroboration or for new': '1',
  });
});

test('a forged outcome that was taken, at the gateway or past it, fails', () => {
  expect(judged({ forged: ['message.not_public', 'accepted'], deadLetters: 1 })).toEqual({
    'forged outcomes that were refused': '1',
    'forged outcomes past the gateway that became dead letters': '1',
  });
});

test('a score out of bounds fails', () => {
  expect(judged({ pumping: 0.05 })).toEqual({ 'the score of the pumping node': '0.05' });
});
