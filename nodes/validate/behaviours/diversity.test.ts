import { expect, test } from 'vitest';
import { failing } from '../failing.fixture.ts';
import type { FedScenario } from '../fed-scenarios.ts';
import { type DiversityObservation, judgeDiversity } from './diversity.ts';

const types = ['text', 'log', 'code', 'data'];
const scenario = (at: number, change: Partial<FedScenario> = {}): FedScenario => ({
  id: `s${at}`,
  artifact: `a${at}`,
  domain: `d${at % 40}`,
  node: `n${at % 10}`,
  contentType: types[at % 4] ?? '',
  atMs: 1_000 + at,
  ...change,
});
const fed = Array.from({ length: 100 }, (_, at) => scenario(at));
const sound: DiversityObservation = { offered: 10_000, accepted: 10_000, fed };
const judged = (change: Partial<DiversityObservation>) => failing(judgeDiversity({ ...sound, ...change }));
const changed = (places: readonly number[], change: Partial<FedScenario>): readonly FedScenario[] =>
  fed.map((one, at) => (places.includes(at) ? { ...one, ...change } : one));

test('a hundred that keep every limit pass', () => {
  expect(judged({})).toEqual({});
});

test('the hundred and first within the hour fails; an hour later it does not', () => {
  expect(judged({ fed: [...fed, scenario(100)] })).toMatchObject({ 'scenarios within any hour': '101' });
  const later = judged({ fed: [...fed, scenario(100, { atMs: 3_601_000 })] });
  expect(later).not.toHaveProperty('scenarios within any hour');
});

test('a sixth of one domain in a hundred fails', () => {
  expect(judged({ fed: changed([1, 30, 60], { domain: 'd0' }) })).toEqual({
    'scenarios of one domain in 100 in a row': '6',
  });
});

test('an eleventh of one node in fifty fails', () => {
  expect(judged({ fed: changed([1, 11, 21, 31, 41, 2], { node: 'n0' }) })).toEqual({
    'scenarios of one node in 50 in a row': '11',
  });
});

test('thirteen of one content type in twenty fail', () => {
  expect(judged({ fed: changed([41, 42, 43, 45, 46, 47, 49, 50], { contentType: 'text' }) })).toEqual({
    'scenarios of one content type in 20 in a row': '13',
  });
});

test('an artifact that was fed twice fails', () => {
  expect(judged({ fed: changed([7], { artifact: 'a3' }) })).toEqual({
    'artifacts that were fed twice': '1: s7',
  });
});

test('artifacts that were not accepted, and scenarios that are missing, fail', () => {
  expect(judged({ accepted: 9_999, fed: fed.slice(1) })).toEqual({
    'artifacts that were accepted': '9,999',
    'scenarios that were made of them': '99',
  });
});
