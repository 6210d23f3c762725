import { expect, test } from 'vitest';
import { failing } from '../failing.fixture.ts';
import { judgeRestarts, type RestartsObservation } from './restarts.ts';

const items = Array.from({ length: 20 }, (_, at) => ({
  id: `id-${at}`,
  node: `n${at % 2}`,
  foundNode: `n${at % 2}`,
}));
const sound: RestartsObservation = {
  kills: 4,
  plannedKills: 4,
  items,
  intake: { accepted: 20, duplicates: 0, pending: 0, rejectedBy: { quota: 0, overload: 0 } },
  coordinator: { offered: 20, accepted: 20 },
  announced: items.map(({ id }) => id),
  deadLetters: [],
};
const judged = (change: Partial<RestartsObservation>) => failing(judgeRestarts({ ...sound, ...change }));

test('everything there once passes', () => {
  expect(judged({})).toEqual({});
});

test('an artifact that is missing fails, although all counts agree', () => {
  const [lost, ...rest] = items;
  expect(judged({ items: [{ id: lost?.id ?? '', node: 'n0', foundNode: null }, ...rest] })).toEqual({
    "artifacts that are missing, or are not their sender's": '1: id-0',
  });
});

test('an artifact under the name of another sender fails', () => {
  const [taken, ...rest] = items;
  expect(judged({ items: [{ id: taken?.id ?? '', node: 'n0', foundNode: 'n1' }, ...rest] })).toEqual({
    "artifacts that are missing, or are not their sender's": '1: id-0',
  });
});

test('a message that took effect twice fails', () => {
  const intake = { ...sound.intake, duplicates: 5 };
  expect(
    judged({ intake, coordinator: { offered: 25, accepted: 20 }, announced: [...sound.announced, 'id-3'] }),
  ).toEqual({
    'items that intake took for known ones': '5',
    'items that the collection was offered': '25',
    'announcements in all': '21',
  });
});

test('a node that was killed less often than planned fails', () => {
  expect(judged({ kills: 3 })).toEqual({ 'times that the node was killed in mid-work': '3' });
});

test('what was refused, waits or became a dead letter fails', () => {
  expect(
    judged({
      intake: { ...sound.intake, rejectedBy: { quota: 0, overload: 1 }, pending: 2 },
      deadLetters: ['x to y (z)'],
    }),
  ).toEqual({
    'items that intake refused': '1: 1 for overload',
    'items that intake still holds': '2',
    'dead letters': '1: x to y (z)',
  });
});
