import { describe, expect, test } from 'vitest';
import { randomSequence } from '../../runtime/randomness.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { findBrigading, type Flag } from './brigading.ts';
import { burstOf } from './bursts.ts';
import { countVote, forgiven, noVotes, type VoteLog, type VoteRow, type Votes } from './votes.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const settings = defaultPipelineSettings.reputation;

/** The votes on one node; `say` counts one and returns what rule it breaks. */
function ballot() {
  const rows = new Map<number, VoteRow>();
  const corroborations = new Map<string, number>();
  const log: VoteLog = {
    get: (number) => rows.get(number),
    put: (number, vote) => void rows.set(number, vote),
    delete: (number) => void rows.delete(number),
    corroborationBy: (voter) => corroborations.get(voter),
    setCorroboration: (voter, number) =>
      void (number === undefined ? corroborations.delete(voter) : corroborations.set(voter, number)),
  };
  let votes: Votes = noVotes;
  let voters = 0;
  return {
    rows,
    corroborations,
    get votes() {
      return votes;
    },
    forgive: () => void (votes = forgiven(votes)),
    say: (atMs: number, voter = `v${voters++}`, isCorroboration = false, good = true): Flag | null => {
      votes = countVote(votes, { voter, good, atMs, isCorroboration }, log, settings);
      return findBrigading(votes, log, atMs, settings);
    },
  };
}

describe('limits', () => {
  test('100 votes within an hour are in order, one more is not', () => {
    const b = ballot();
    for (let n = 0; n < 100; n++) expect(b.say(n * 1_000)).toBeNull();
    expect(b.say(HOUR - 1)).toMatchObject({ rule: 'hour' });
  });

  test('the hour rolls: a vote that is an hour old does not count', () => {
    const b = ballot();
    for (let n = 0; n < 100; n++) b.say(n);
    expect(b.say(HOUR)).toBeNull();
  });

  test('1,000 votes within a day are in order, one more is not', () => {
    const b = ballot();
    const step = Math.floor(DAY / 1_001);
    for (let n = 0; n < 1_000; n++) expect(b.say(n * step)).toBeNull();
    expect(b.say(1_000 * step)).toMatchObject({ rule: 'day' });
    expect(b.rows.size).toBeLessThanOrEqual(1_001);
  });

  test('20 votes in a row within a day from one origin are brigading; another voice in between is enough', () => {
    const b = ballot();
    for (let n = 0; n < 19; n++) expect(b.say(n * MINUTE, 'eve')).toBeNull();
    expect(b.say(20 * MINUTE, 'eve')).toMatchObject({ rule: 'origin' });
    const mixed = ballot();
    for (let n = 0; n < 60; n++) expect(mixed.say(n * MINUTE, n % 15 === 0 ? 'ann' : 'eve')).toBeNull();
  });

  test('a slow voice is none: 20 votes of one origin over more than a day', () => {
    const b = ballot();
    for (let n = 0; n < 40; n++) expect(b.say(n * 2 * HOUR, 'ann')).toBeNull();
  });

  test('what was cleared is not looked at again', () => {
    const b = ballot();
    for (let n = 0; n < 101; n++) b.say(n);
    b.forgive();
    for (let n = 0; n < 100; n++) expect(b.say(1_000 + n)).toBeNull();
    expect(b.say(2_000)).toMatchObject({ rule: 'hour' });
  });

  test('a flag says which rule, what was seen, and where the votes point', () => {
    const b = ballot();
    for (let n = 0; n < 100; n++) b.say(n, `v${n % 3}`, false, false);
    const flag = b.say(200, 'v0', false, false);
    expect(flag?.isSlander).toBe(true);
    expect(flag?.evidence[0]).toBe('more than 100 votes within an hour');
    expect(flag?.evidence[1]).toBe('the latest votes: 0 good, 20 bad, from v0, v2, v1');
  });
});

describe('bursts', () => {
  /** So many votes in each of so many hours, by many voters. */
  const hours = (b: ReturnType<typeof ballot>, first: number, counts: readonly number[]): (Flag | null)[] =>
    counts.flatMap((count, hour) =>
      Array.from({ length: count }, (_, n) => b.say((first + hour) * HOUR + n * 1_000)),
    );
  const flags = (found: readonly (Flag | null)[]): Flag[] => found.filter((flag) => flag !== null);

  test('many more votes than the node’s own hours before are one', () => {
    const b = ballot();
    expect(
      flags(
        hours(
          b,
          0,
          Array.from({ length: 24 }, () => 5),
        ),
      ),
    ).toEqual([]);
    expect(flags(hours(b, 24, [40]))[0]).toMatchObject({ rule: 'burst' });
  });

  test('z is the deviation from the mean in standard deviations, which are at least the root of the mean', () => {
    const b = ballot();
    hours(b, 0, [...Array.from({ length: 24 }, () => 16), 40]);
    expect(b.votes.history.mean).toBeCloseTo(16, 6);
    expect(burstOf(b.votes.history, settings)).toBeCloseTo((40 - 16) / 4, 6);
  });

  test('too few hours or too few votes say nothing', () => {
    expect(flags(hours(ballot(), 0, [...Array.from({ length: 6 }, () => 1), 60]))).toEqual([]);
    expect(flags(hours(ballot(), 0, [...Array.from({ length: 24 }, () => 1), 24]))).toEqual([]);
  });

  test('who is voted on as much every hour is not flagged, even if that is much', () => {
    expect(
      flags(
        hours(
          ballot(),
          0,
          Array.from({ length: 48 }, () => 20),
        ),
      ),
    ).toEqual([]);
  });

  test('hours without a vote count as such', () => {
    const b = ballot();
    hours(b, 0, [30]);
    hours(b, 100, [1]);
    expect(b.votes.history).toMatchObject({ windows: 100 });
    expect(b.votes.history.mean).toBeLessThan(0.01);
  });

  test('independent votes, 10 an hour for 30 days, are rarely taken for one', () => {
    let flagged = 0;
    for (let seed = 0; seed < 40; seed++) {
      const random = randomSequence(`votes ${seed}`);
      // Poisson: exponential gaps of 6 minutes on average.
      const b = ballot();
      let atMs = 0;
      while (atMs < 30 * DAY) {
        atMs += -6 * MINUTE * Math.log(1 - random());
        if (b.say(Math.floor(atMs)) !== null) {
          flagged++;
          break;
        }
      }
    }
    expect(flagged).toBeLessThanOrEqual(4);
  });
});

describe('corroboration', () => {
  test('of hundreds of items in a day is one vote of the node that corroborates', () => {
    const b = ballot();
    for (let n = 0; n < 500; n++) expect(b.say(n * MINUTE, 'n2', true)).toBeNull();
    expect(b.votes.count).toBe(1);
    b.say(2 * DAY, 'n2', true);
    expect(b.votes.count).toBe(2);
  });

  test('by more than 100 different nodes within an hour is brigading: so many names come cheaper than so many nodes', () => {
    const b = ballot();
    for (let n = 0; n < 100; n++) expect(b.say(n, `n${n}`, true)).toBeNull();
    expect(b.say(101, 'n100', true)).toMatchObject({ rule: 'hour' });
  });

  test('is forgotten with its vote: rows stay bounded', () => {
    const b = ballot();
    for (let n = 0; n < 3_000; n++) b.say(n * DAY, `n${n}`, true);
    expect(b.rows.size).toBeLessThanOrEqual(1_001);
    expect(b.corroborations.size).toBeLessThanOrEqual(1_001);
  });
});
