/**
 * The reputations of a simulated population: the production code, either as the pure functions in the order in which
 * the actor calls them, or as the actor itself. A test holds that both say the same.
 */
import { coordinatorContract } from '../../actors/coordinator/contract.ts';
import { recorder } from '../../actors/recorder.fixture.ts';
import { createReputation } from '../../actors/reputation/reputation.ts';
import {
  closeEpoch,
  effectiveOf,
  epochIndex,
  newStanding,
  observe,
  type Standing,
  takeVote,
  type Vote,
} from '../../actors/reputation/standing.ts';
import type { VoteLog, VoteRow } from '../../actors/reputation/votes.ts';
import { defaultPipelineSettings, type ReputationSettings } from '../../actors/settings.ts';
import { createActorHarness } from '../harness/actor-harness.ts';

export interface Seen {
  readonly good: number;
  readonly bad: number;
  /** With a verdict: what was claimed, by the node that claimed it. */
  readonly claimed?: number;
}

export interface Reputations {
  accepted(node: string, items: number): void;
  judged(node: string, seen: Seen): void;
  /** Another node delivered `items` of this node's, too; what that weighs is its own reputation. */
  corroborated(node: string, by: string, items: number): void;
  /** Somebody votes. */
  vote(node: string, voter: string, isGood: boolean): void;
  /** Moves time forward; epochs end on the way. */
  advanceTo(atMs: number): void;
  /** What coordinators rank by. */
  effective(node: string): number;
  isFlagged(node: string): boolean;
  isPenalised(node: string): boolean;
}

/** Everybody stands at neutral for ever: a pipeline without reputation. */
export function noReputations(): Reputations {
  const nothing = (): void => undefined;
  return {
    accepted: nothing,
    judged: nothing,
    corroborated: nothing,
    vote: nothing,
    advanceTo: nothing,
    effective: () => defaultPipelineSettings.reputation.start,
    isFlagged: () => false,
    isPenalised: () => false,
  };
}

/** The pure functions, some ten times faster than the actors. */
export function reputationValues(startMs: number, settings: ReputationSettings): Reputations {
  const standings = new Map<string, { standing: Standing; log: VoteLog }>();
  let nowMs = startMs;
  const of = (node: string): { standing: Standing; log: VoteLog } => {
    const found = standings.get(node) ?? { standing: newStanding(settings), log: memoryLog() };
    standings.set(node, found);
    return found;
  };
  const take = (node: string, vote: Vote): void => {
    const found = of(node);
    found.standing = takeVote(found.standing, vote, found.log, nowMs, settings).standing;
  };
  const effective = (node: string): number => effectiveOf(of(node).standing, settings);
  return {
    effective,
    accepted: (node, items) => {
      const found = of(node);
      const outcome = { good: items, bad: 0, evidence: '' };
      found.standing = observe(found.standing, 'acceptance', outcome, nowMs, settings).standing;
    },
    judged: (node, seen) => {
      const found = of(node);
      found.standing = observe(
        found.standing,
        'verdict',
        { ...seen, evidence: '' },
        nowMs,
        settings,
      ).standing;
    },
    corroborated: (node, by, items) =>
      take(node, {
        good: items,
        bad: 0,
        evidence: '',
        voter: by,
        weight: effective(by),
        isCorroboration: true,
      }),
    vote: (node, voter, isGood) =>
      take(node, {
        good: isGood ? 1 : 0,
        bad: isGood ? 0 : 1,
        evidence: '',
        voter,
        weight: settings.strangerVote,
        isCorroboration: false,
      }),
    advanceTo: (atMs) => {
      nowMs = atMs;
      const index = epochIndex(atMs, settings);
      for (const found of standings.values()) {
        const { epoch } = found.standing;
        if (epoch !== null && epoch.index < index)
          found.standing = closeEpoch(found.standing, settings).standing;
      }
    },
    isFlagged: (node) => of(node).standing.flag !== null,
    isPenalised: (node) => of(node).standing.calibration.penalty > 0,
  };
}

/** The actor, with its messages, timers and rows; `effective` is what it told its coordinator. */
export function reputationActors(startMs: number, settings: ReputationSettings): Reputations {
  const coordinator = recorder(coordinatorContract);
  const pipeline = { ...defaultPipelineSettings, reputation: settings };
  const h = createActorHarness([createReputation(pipeline), coordinator.actor], { startAtMs: startMs });
  const told = new Map<string, number>();
  let heard = 0;
  const listen = (): void => {
    if (h.deadLetters.length > 0) throw h.deadLetters[0]?.error;
    const moves = coordinator.received('reputation.moved');
    for (const move of moves.slice(heard)) told.set(move['node'] as string, move['score'] as number);
    heard = moves.length;
  };
  const tell = (node: string, source: string, fields: object): void => {
    const outcome = { type: 'outcome.observed', node, source, notify: 'coordinator/main', evidence: '' };
    h.tell(`reputation/${node}`, { good: 0, bad: 0, origin: 'coordinator/main', ...outcome, ...fields });
  };
  const ask = (node: string) =>
    h.ask(`reputation/${node}`, 'score') as { flags: unknown[]; calibration: { penalty: number } };
  const effective = (node: string): number => {
    listen();
    return told.get(node) ?? settings.start;
  };
  return {
    effective,
    accepted: (node, items) => tell(node, 'acceptance', { good: items }),
    judged: (node, seen) => tell(node, 'verdict', seen),
    corroborated: (node, by, items) =>
      tell(node, 'corroboration', { good: items, origin: by, weight: effective(by) }),
    vote: (node, voter, isGood) =>
      h.tell(`reputation/${node}`, { type: 'vote.cast', node, voter, vote: isGood ? 'good' : 'bad' }),
    advanceTo: (atMs) => h.advance(atMs - h.nowMs),
    isFlagged: (node) => ask(node).flags.length > 0,
    isPenalised: (node) => ask(node).calibration.penalty > 0,
  };
}

function memoryLog(): VoteLog {
  const votes = new Map<number, VoteRow>();
  const corroborations = new Map<string, number>();
  return {
    get: (number) => votes.get(number),
    put: (number, vote) => void votes.set(number, vote),
    delete: (number) => void votes.delete(number),
    corroborationBy: (voter) => corroborations.get(voter),
    setCorroboration: (voter, number) =>
      void (number === undefined ? corroborations.delete(voter) : corroborations.set(voter, number)),
  };
}
