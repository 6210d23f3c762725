import { expect, test } from 'vitest';
import { failing } from '../failing.fixture.ts';
import type { FedScenario } from '../fed-scenarios.ts';
import { judgeLoudDomain, type LoudDomainObservation } from './loud-domain.ts';

const scenario = (domain: string, at: number): FedScenario => ({
  id: `s${at}`,
  artifact: `a${at}`,
  domain,
  node: `n${at % 10}`,
  contentType: 'text',
  atMs: at,
});
const fedOf = (domains: readonly string[]): readonly FedScenario[] => domains.map(scenario);
const quiet = Array.from({ length: 95 }, (_, at) => `quiet-${at % 25}`);
const loud = (times: number): string[] => Array.from({ length: times }, () => 'loud');
const sound: LoudDomainObservation = {
  loudItems: 1_900,
  quietItems: 100,
  accepted: 2_000,
  fed: fedOf([...loud(5), ...quiet]),
};
const judged = (change: Partial<LoudDomainObservation>) => failing(judgeLoudDomain({ ...sound, ...change }));
const share = 'scenarios of the loud domain in 100 in a row, while others wait';

test('five of the loud domain among a hundred pass', () => {
  expect(judged({})).toEqual({});
});

test('a sixth of it while others wait fails', () => {
  expect(judged({ fed: fedOf([...loud(6), ...quiet.slice(1)]) })).toEqual({ [share]: '6' });
});

test('more of it when nothing else waits passes', () => {
  expect(
    judged({ quietItems: 95, accepted: 1_995, fed: fedOf([...loud(5), ...quiet, ...loud(40)]) }),
  ).toEqual({});
});

test('domains that were crowded out fail', () => {
  expect(judged({ fed: fedOf([...loud(5), ...quiet.map(() => 'quiet-0')]) })).toEqual({
    'quiet domains with a scenario': '1',
  });
});

test('quiet items that wait for ever fail', () => {
  expect(judged({ fed: fedOf([...loud(5), ...quiet.slice(0, 30)]) })).toEqual({
    'scenarios of quiet domains': '30',
  });
});
