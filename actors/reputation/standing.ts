/**
 * One node's standing as a value, and what each observation makes of it. Pure: the machine keeps it, tells others of
 * its changes, and sets the timers.
 *
 *     score     = clamp(earned · (1 − calibration penalty), 0.1 … 0.9)
 *     effective = score · what a flag leaves
 *
 * The effective score is what coordinators rank by, and what every {@link Change} explains.
 */
import type { ReputationSettings } from '../settings.ts';
import { findBrigading, type Flag, shareLeft } from './brigading.ts';
import { type Calibration, compare, endCycle, faded, noCalibration } from './calibration.ts';
import { decayed, decaysAfter } from './decay.ts';
import { type Agreement, endEpoch, type Epoch, noAgreement } from './epochs.ts';
import { add, type Credit, type Source, SOURCES, withinBudget } from './outcomes.ts';
import { countVote, forgiven, noVotes, type VoteLog, type Votes } from './votes.ts';

export interface Standing {
  /** What outcomes have made of the score, before calibration. */
  readonly earned: number;
  readonly credit: Credit;
  readonly epoch: Epoch | null;
  readonly agreements: Readonly<Record<Source, Agreement>>;
  readonly calibration: Calibration;
  readonly votes: Votes;
  readonly flag: Flag | null;
  /** When something that the node sent was last decided. */
  readonly lastActiveMs: number;
  /** Decays since then. */
  readonly decays: number;
  /** Outcomes observed, whatever they weigh. */
  readonly good: number;
  readonly bad: number;
}

/** A change of the effective score, and why. */
export interface Change {
  readonly before: number;
  readonly after: number;
  readonly reason: string;
  readonly evidence: readonly string[];
}

export interface Step {
  readonly standing: Standing;
  readonly changes: readonly Change[];
}

/** Outcomes of one source. A vote has a voter, and a weight unless it is a stranger's. */
export interface Outcome {
  readonly good: number;
  readonly bad: number;
  readonly evidence: string;
}
export interface Vote extends Outcome {
  readonly voter: string;
  readonly weight: number;
  /** Whether the pipeline saw another node deliver the same, instead of somebody saying something. */
  readonly isCorroboration: boolean;
}

/** Voters of one epoch that are told apart; by then their sum is as good as one outcome. */
const VOTERS_PER_EPOCH = 64;

export function newStanding(settings: ReputationSettings): Standing {
  return {
    earned: settings.start,
    credit: { acceptance: 0, vote: 0 },
    epoch: null,
    agreements: { verdict: noAgreement, acceptance: noAgreement, vote: noAgreement },
    calibration: noCalibration(settings),
    votes: noVotes,
    flag: null,
    lastActiveMs: 0,
    decays: 0,
    good: 0,
    bad: 0,
  };
}

export function scoreOf({ earned, calibration }: Standing, settings: ReputationSettings): number {
  return bounded(earned * (1 - calibration.penalty), settings);
}

/** May lie below the score's bounds: half of the least score is less than that. */
export function effectiveOf(standing: Standing, settings: ReputationSettings): number {
  return rounded(scoreOf(standing, settings) * shareLeft(standing.flag, settings));
}

export function epochIndex(nowMs: number, { epochMs }: ReputationSettings): number {
  return Math.floor(nowMs / epochMs);
}

/** Takes what acceptance or a verdict shows. `claimed` is the confidence that the node claimed for what was judged. */
export function observe(
  standing: Standing,
  source: Exclude<Source, 'vote'>,
  outcome: Outcome & { readonly claimed?: number | undefined },
  nowMs: number,
  settings: ReputationSettings,
): Step {
  const { standing: ready, epoch, changes } = enterEpoch(standing, nowMs, settings);
  const tally = add(source, epoch.tallies[source], { ...outcome, weight: 1 });
  let { calibration } = ready;
  if (outcome.claimed !== undefined) {
    for (let n = 0; n < outcome.good; n++)
      calibration = compare(calibration, outcome.claimed, true, settings);
    for (let n = 0; n < outcome.bad; n++)
      calibration = compare(calibration, outcome.claimed, false, settings);
  }
  const after = {
    ...ready,
    epoch: { ...epoch, tallies: { ...epoch.tallies, [source]: tally } },
    calibration,
    lastActiveMs: nowMs,
    decays: 0,
    good: ready.good + outcome.good,
    bad: ready.bad + outcome.bad,
  };
  return { standing: after, changes };
}

/**
 * Takes a vote. One that breaks a rule against brigading flags the node, and with it everything that votes ever moved
 * is taken back, because it cannot be told which of them were honest.
 */
export function takeVote(
  standing: Standing,
  vote: Vote,
  log: VoteLog,
  nowMs: number,
  settings: ReputationSettings,
): Step {
  if (standing.flag !== null) {
    const votes = { ...standing.votes, ignored: standing.votes.ignored + 1 };
    return { standing: { ...standing, votes }, changes: [] };
  }
  const { standing: ready, epoch, changes } = enterEpoch(standing, nowMs, settings);
  const { voter, isCorroboration } = vote;
  const row = { voter, good: vote.good >= vote.bad, atMs: nowMs, isCorroboration };
  const votes = countVote(ready.votes, row, log, settings);
  const counted = { ...ready, votes, good: ready.good + vote.good, bad: ready.bad + vote.bad };
  const flag = votes === ready.votes ? null : findBrigading(votes, log, nowMs, settings);
  if (flag !== null) {
    const flagged = withoutVotes({ ...counted, flag }, epoch, settings);
    const reason = `brigading (${flag.rule}): votes are ignored until somebody clears it`;
    return {
      standing: flagged,
      changes: [...changes, ...changed(ready, flagged, reason, flag.evidence, settings)],
    };
  }
  const isNew = !epoch.voters.includes(voter) && epoch.voters.length < VOTERS_PER_EPOCH;
  const next: Epoch = isNew
    ? {
        ...epoch,
        tallies: { ...epoch.tallies, vote: add('vote', epoch.tallies.vote, vote) },
        voters: [...epoch.voters, voter],
      }
    : epoch;
  return { standing: { ...counted, epoch: next }, changes };
}

/** Somebody looked at it: votes count again, from now on. */
export function clearFlag(standing: Standing, by: string, why: string, settings: ReputationSettings): Step {
  if (standing.flag === null) return { standing, changes: [] };
  const cleared = { ...standing, flag: null, votes: forgiven(standing.votes) };
  const reason = `brigading (${standing.flag.rule}) cleared by ${by}${why === '' ? '' : `: ${why}`}`;
  return { standing: cleared, changes: changed(standing, cleared, reason, standing.flag.evidence, settings) };
}

/** Ends the running epoch: what enough epochs agree on moves the score, and claims are compared with verdicts. */
export function closeEpoch(standing: Standing, settings: ReputationSettings): Step {
  const { epoch } = standing;
  if (epoch === null) return { standing, changes: [] };
  let after: Standing = { ...standing, epoch: null };
  const changes: Change[] = [];
  for (const source of SOURCES) {
    const tally = epoch.tallies[source];
    if (tally === undefined) continue;
    const { agreement, confirmed } = endEpoch(after.agreements[source], tally, settings);
    const before = { ...after, agreements: { ...after.agreements, [source]: agreement } };
    after = before;
    if (confirmed === null) continue;
    const { credit, by } = withinBudget(before.credit, source, confirmed.move, settings);
    after = { ...before, credit, earned: bounded(before.earned + by, settings) };
    const agreeing =
      confirmed.move > 0
        ? `${confirmed.epochs} epochs in a row agree`
        : `${confirmed.epochs} epochs agree, with no ${settings.epochsNeeded} good ones in a row between`;
    const reason = `${agreeing}: ${signed(confirmed.move)} confirmed by ${PLURAL[source]}`;
    changes.push(...changed(before, after, reason, confirmed.evidence, settings));
  }
  if (epoch.tallies.verdict === undefined) return { standing: after, changes };
  const { calibration, evidence } = endCycle(after.calibration, settings);
  const compared = { ...after, calibration };
  const reason =
    calibration.penalty > 0
      ? `claims more confidence than verdicts confirm: ${Math.round(calibration.penalty * 100)} % off`
      : 'claims no more confidence than verdicts confirm';
  return {
    standing: compared,
    changes: [...changes, ...changed(after, compared, reason, evidence, settings)],
  };
}

/** Fades towards neutral for each day without activity. */
export function decay(standing: Standing, nowMs: number, settings: ReputationSettings): Step {
  const idleMs = nowMs - standing.lastActiveMs;
  const decays = decaysAfter(idleMs, settings);
  const times = decays - standing.decays;
  if (times <= 0) return { standing, changes: [] };
  const share = settings.decayPerDay ** times;
  const { acceptance, vote } = standing.credit;
  const after = {
    ...standing,
    earned: decayed(standing.earned, times, settings),
    credit: { acceptance: acceptance * share, vote: vote * share },
    calibration: faded(standing.calibration, share),
    decays,
  };
  const reason = `no activity for ${Math.floor(idleMs / 86_400_000)} day(s): decays to neutral`;
  return { standing: after, changes: changed(standing, after, reason, [], settings) };
}

/** Whether there is nothing left that could fade. */
export function isNeutral({ earned, calibration }: Standing, { start }: ReputationSettings): boolean {
  return earned === start && calibration.penalty === 0;
}

const PLURAL: Readonly<Record<Source, string>> = {
  verdict: 'verdicts',
  acceptance: 'acceptance',
  vote: 'votes',
};

/** The running epoch, after ending one that is over. */
function enterEpoch(
  standing: Standing,
  nowMs: number,
  settings: ReputationSettings,
): Step & { readonly epoch: Epoch } {
  const index = epochIndex(nowMs, settings);
  if (standing.epoch?.index === index) return { standing, epoch: standing.epoch, changes: [] };
  return { ...closeEpoch(standing, settings), epoch: { index, tallies: {}, voters: [] } };
}

function withoutVotes(standing: Standing, epoch: Epoch, settings: ReputationSettings): Standing {
  const { vote: _ignored, ...tallies } = epoch.tallies;
  return {
    ...standing,
    earned: bounded(standing.earned - standing.credit.vote, settings),
    credit: { ...standing.credit, vote: 0 },
    epoch: { ...epoch, tallies, voters: [] },
    agreements: { ...standing.agreements, vote: noAgreement },
  };
}

function changed(
  before: Standing,
  after: Standing,
  reason: string,
  evidence: readonly string[],
  settings: ReputationSettings,
): Change[] {
  const change = {
    before: effectiveOf(before, settings),
    after: effectiveOf(after, settings),
    reason,
    evidence,
  };
  // A flag is worth telling even where it is set to cost nothing.
  return change.before === change.after && before.flag === after.flag ? [] : [change];
}

const signed = (move: number): string =>
  `${move > 0 ? '+' : '−'}${String(Math.abs(Math.round(move * 1e4) / 1e4))}`;
/** Rounded to millionths, so that sums of steps stay readable. */
const rounded = (score: number): number => Math.round(score * 1e6) / 1e6;
const bounded = (score: number, { min, max }: ReputationSettings): number =>
  rounded(Math.min(max, Math.max(min, score)));
