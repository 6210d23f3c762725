/** Brigading: the rules that votes on one node can break. */
import type { ReputationSettings } from '../settings.ts';
import { burstOf } from './bursts.ts';
import { DAY_MS, type VoteLog, type Votes } from './votes.ts';

export type Rule = 'hour' | 'day' | 'burst' | 'origin';

/** Votes on a node broke a rule: until somebody clears it, they are ignored and less is thought of the node. */
export interface Flag {
  readonly rule: Rule;
  readonly sinceMs: number;
  /** Whether most of the latest votes spoke against the node. */
  readonly isSlander: boolean;
  readonly evidence: readonly string[];
}

const HOUR_MS = 60 * 60_000;
/** Votes looked at to see where they point. */
const LATEST = 20;

/** The first rule that the latest vote breaks, at the time of that vote. */
export function findBrigading(
  votes: Votes,
  log: VoteLog,
  nowMs: number,
  settings: ReputationSettings,
): Flag | null {
  const flag = (rule: Rule, what: string): Flag => {
    const { good, bad, voters } = latestVotes(votes, log);
    const evidence = [what, `the latest votes: ${good} good, ${bad} bad, from ${voters.join(', ')}`];
    return { rule, sinceMs: nowMs, isSlander: bad > good, evidence };
  };
  /** Whether more than `max` votes, the latest included, came after `sinceMs`. */
  const moreThan = (max: number, sinceMs: number): boolean => {
    const number = votes.count - 1 - max;
    return number >= votes.from && (log.get(number)?.atMs ?? -Infinity) > sinceMs;
  };
  if (moreThan(settings.votesPerHour, nowMs - HOUR_MS))
    return flag('hour', `more than ${settings.votesPerHour} votes within an hour`);
  if (moreThan(settings.votesPerDay, nowMs - DAY_MS))
    return flag('day', `more than ${settings.votesPerDay} votes within a day`);
  const { streak, history } = votes;
  if (streak.votes >= settings.originVotes && moreThan(settings.originVotes - 1, nowMs - DAY_MS))
    return flag('origin', `${streak.votes} votes in a row from one origin only: ${streak.voter}`);
  const z = burstOf(history, settings);
  if (z <= settings.burstZ) return null;
  const usual = `${history.mean.toFixed(1)} are usual`;
  return flag('burst', `${history.count} votes in this window where ${usual}: z = ${z.toFixed(1)}`);
}

/** The share of its score that a node is left with. */
export function shareLeft(flag: Flag | null, settings: ReputationSettings): number {
  if (flag === null) return 1;
  return flag.isSlander ? settings.slanderedShare : settings.flaggedShare;
}

const VOTERS_NAMED = 5;

function latestVotes(votes: Votes, log: VoteLog): { good: number; bad: number; voters: string[] } {
  const voters = new Set<string>();
  let good = 0;
  let bad = 0;
  for (let number = votes.count - 1; number >= Math.max(votes.from, votes.count - LATEST); number--) {
    const vote = log.get(number);
    if (vote === undefined) break;
    if (vote.good) good++;
    else bad++;
    voters.add(vote.voter);
  }
  const named = [...voters].slice(0, VOTERS_NAMED);
  return { good, bad, voters: voters.size > named.length ? [...named, 'others'] : named };
}
