/**
 * The votes on one node as the rules against brigading see them: numbered, the latest thousand kept as rows.
 *
 * A `vote.cast` is one vote each time. Corroboration is not: a node that collects the same things confirms hundreds of
 * items in an hour, which is one opinion, so within a day each corroborating node counts as one vote. Outcomes of the
 * pipeline itself (acceptance, verdicts) are no votes at all: a busy node has many of them.
 */
import type { ReputationSettings } from '../settings.ts';
import { type History, noHistory, countIn } from './bursts.ts';

export const DAY_MS = 24 * 60 * 60_000;

export interface VoteRow {
  readonly voter: string;
  readonly good: boolean;
  readonly atMs: number;
}

/** Where votes are kept: two tables of the actor. */
export interface VoteLog {
  get(number: number): VoteRow | undefined;
  put(number: number, vote: VoteRow): void;
  delete(number: number): void;
  /** The number under which a node's latest corroboration was counted. */
  corroborationBy(voter: string): number | undefined;
  setCorroboration(voter: string, number: number | undefined): void;
}

export interface Votes {
  /** Votes counted since the beginning; the next one gets this number. */
  readonly count: number;
  /** The first number that the rules look at: those before it were cleared. */
  readonly from: number;
  /** The voter of the latest votes, and how many in a row are its. */
  readonly streak: { readonly voter: string; readonly votes: number };
  readonly history: History;
  /** Votes that came while the node was flagged. */
  readonly ignored: number;
}

export const noVotes: Votes = {
  count: 0,
  from: 0,
  streak: { voter: '', votes: 0 },
  history: noHistory,
  ignored: 0,
};

/** Counts a vote, unless it is a corroboration by somebody who was counted within the last day. */
export function countVote(
  votes: Votes,
  vote: VoteRow & { readonly isCorroboration: boolean },
  log: VoteLog,
  settings: ReputationSettings,
): Votes {
  const { voter, good, atMs, isCorroboration } = vote;
  if (isCorroboration) {
    const earlier = log.corroborationBy(voter);
    const counted = earlier === undefined ? undefined : log.get(earlier);
    if (counted !== undefined && counted.atMs > atMs - DAY_MS) return votes;
    log.setCorroboration(voter, votes.count);
  }
  log.put(votes.count, { voter, good, atMs });
  forget(votes.count - keptVotes(settings), log);
  const inARow = votes.streak.voter === voter ? votes.streak.votes + 1 : 1;
  return {
    ...votes,
    count: votes.count + 1,
    streak: { voter, votes: inARow },
    history: countIn(votes.history, atMs, settings),
  };
}

/** Begins anew: nothing that was counted so far is looked at again. */
export function forgiven(votes: Votes): Votes {
  return { ...votes, from: votes.count, streak: noVotes.streak, history: noHistory };
}

function forget(number: number, log: VoteLog): void {
  const vote = log.get(number);
  if (vote === undefined) return;
  log.delete(number);
  if (log.corroborationBy(vote.voter) === number) log.setCorroboration(vote.voter, undefined);
}

/** As many as the longest rule looks back. */
function keptVotes({ votesPerHour, votesPerDay, originVotes }: ReputationSettings): number {
  return Math.max(votesPerHour, votesPerDay, originVotes) + 1;
}
