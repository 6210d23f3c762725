/**
 * One node's standing, 0.1 … 0.9, moved only by what others observed, and every change explained: reason, before,
 * after, evidence. The rules are pure functions (`standing.ts`); here they meet messages, timers and rows.
 */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { escapeKey } from '../../protocol/address.ts';
import type { MessageOf } from '../../protocol/contract.ts';
import { defineActor, type QueryArgs } from '../../runtime/define-actor.ts';
import { emit, now, reply, schedule, tell } from '../../runtime/effects.ts';
import { coordinatorContract } from '../coordinator/contract.ts';
import type { PipelineSettings, ReputationSettings } from '../settings.ts';
import { summaryOf } from './calibration.ts';
import { reputationContract } from './contract.ts';
import { decaysAfter, nextDecayAtMs } from './decay.ts';
import {
  clearFlag,
  closeEpoch,
  decay,
  effectiveOf,
  epochIndex,
  isNeutral,
  newStanding,
  observe,
  scoreOf,
  type Standing,
  type Step,
  takeVote,
} from './standing.ts';
import { history, numberKey, reputationTables, voteLog } from './tables.ts';

export type { ReputationChange } from './tables.ts';

interface Context extends Standing {
  readonly key: string;
  readonly node: string;
  readonly changes: number;
  /** Coordinators to tell when the score moves. */
  readonly notify: readonly string[];
}

type Message = MessageOf<typeof reputationContract.messages>;
type Event<T extends Message['type']> = Extract<Message, { type: T }>;

/** A node reports to few collections; more than this many are not told. */
const NOTIFY_MAX = 16;

export const createReputation = ({ reputation: settings }: PipelineSettings) => {
  /** Keeps what a step made of the standing, and tells everybody what it changed. */
  const take = (context: Context, { standing, changes }: Step): Context => {
    const { node } = context;
    let number = context.changes;
    for (const { before, after, reason, evidence } of changes) {
      history.put(numberKey(number), { at: new Date(now()).toISOString(), before, after, reason, evidence });
      if (number >= settings.historyMax) history.delete(numberKey(number - settings.historyMax));
      number++;
      emit(reputationContract, 'reputation-changed', {
        node,
        before,
        after,
        reason,
        evidence: [...evidence],
      });
      for (const address of context.notify) {
        const collection = address.slice(address.indexOf('/') + 1);
        tell(coordinatorContract.at(collection), { type: 'reputation.moved', node, score: after });
      }
    }
    return { ...context, ...standing, changes: number };
  };

  const observed = (before: Context, event: Event<'outcome.observed'>): Context => {
    const context = { ...before, node: event.node, notify: withAddress(before.notify, event.notify) };
    const { source, origin, good, bad, evidence } = event;
    setTimers(context, source !== 'corroboration', settings);
    if (source !== 'corroboration') return take(context, observe(context, source, event, now(), settings));
    // A message of an older release has no weight and no voter's name.
    const weight = event.weight ?? settings.strangerVote;
    const vote = { good, bad, evidence, weight, voter: origin, isCorroboration: true };
    return origin === event.node ? context : take(context, takeVote(context, vote, voteLog, now(), settings));
  };

  const voted = (before: Context, event: Event<'vote.cast'>): Context => {
    const { node, voter } = event;
    const refuse = (why: string): Context => {
      reply({ counted: false, why });
      return before;
    };
    if (escapeKey(node) !== before.key) return refuse('this is not the reputation of that node');
    if (voter === node) return refuse('nobody votes on itself');
    const context = { ...before, node };
    setTimers(context, false, settings);
    const isGood = event.vote === 'good';
    const evidence = `${voter} votes ${event.vote}${event.evidence === '' ? '' : `: ${event.evidence}`}`;
    const vote = {
      good: isGood ? 1 : 0,
      bad: isGood ? 0 : 1,
      evidence,
      weight: settings.strangerVote,
      voter,
      isCorroboration: false,
    };
    const after = take(context, takeVote(context, vote, voteLog, now(), settings));
    reply(
      after.flag === null
        ? { counted: true, why: null }
        : { counted: false, why: `brigading (${after.flag.rule})` },
    );
    return after;
  };

  const cleared = (context: Context, { by, reason }: Event<'brigading.clear'>): Context => {
    reply({ cleared: context.flag !== null });
    return take(context, clearFlag(context, by, reason, settings));
  };

  const fade = (before: Context): Context => {
    const context = take(before, decay(before, now(), settings));
    if (isNeutral(context, settings)) return context;
    const idleMs = now() - context.lastActiveMs;
    schedule('decay', nextDecayAtMs(decaysAfter(idleMs, settings), settings) - idleMs, { type: 'decay.due' });
    return context;
  };

  const machine = setup({
    types: { context: {} as Context, events: {} as Message, input: {} as { key: string } },
    actions: {
      fade: assign(({ context }) => fade(context)),
    },
  }).createMachine({
    id: 'reputation',
    context: ({ input }) => ({
      ...newStanding(settings),
      key: input.key,
      node: input.key,
      changes: 0,
      notify: [] as readonly string[],
    }),
    initial: 'idle',
    on: {
      'outcome.observed': {
        target: '.observing',
        actions: assign(({ context, event }) => observed(context, event)),
      },
      'vote.cast': { target: '.observing', actions: assign(({ context, event }) => voted(context, event)) },
      'brigading.clear': { actions: assign(({ context, event }) => cleared(context, event)) },
    },
    states: {
      /** No outcome since the last epoch ended. */
      idle: { on: { 'decay.due': { target: 'decaying', actions: 'fade' } } },
      /** An epoch is running. */
      observing: {
        always: { guard: ({ context }) => context.epoch === null, target: 'idle' },
        on: {
          'epoch.due': {
            actions: assign(({ context }) => take(context, closeEpoch(context, settings))),
          },
          'decay.due': { actions: 'fade' },
        },
      },
      /** Inactive for more than a day. */
      decaying: { on: { 'decay.due': { actions: 'fade' } } },
    },
  });

  return defineActor({
    ...reputationContract,
    version: 2,
    migrate: ({ value, context }) => ({ value, context: fromVersion1(context as Version1, settings) }),
    machine,
    tables: reputationTables,
    queries: {
      score: ({ context }: QueryArgs<Context, unknown>) => scoreQuery(context, settings),
      history: {
        input: z.object({ limit: z.number().int().min(1).max(settings.historyMax).default(20) }),
        select: ({ input }: { input: { limit: number } }) => ({
          changes: [...history.range({ reverse: true, limit: input.limit })].map(([, row]) => row),
        }),
      },
    },
  });
};

/** The epoch's end, and after it the first decay: votes are no activity of the node, they keep no score from fading. */
function setTimers(context: Context, isActivity: boolean, settings: ReputationSettings): void {
  const index = epochIndex(now(), settings);
  if (context.epoch?.index !== index)
    schedule('epoch', (index + 1) * settings.epochMs - now(), { type: 'epoch.due' });
  if (isActivity && epochIndex(context.lastActiveMs, settings) !== index)
    schedule('decay', settings.decayAfterMs, { type: 'decay.due' });
}

function withAddress(notify: readonly string[], address: string): readonly string[] {
  return notify.includes(address) || notify.length >= NOTIFY_MAX ? notify : [...notify, address];
}

function scoreQuery(context: Context, settings: ReputationSettings) {
  const runs = Object.values(context.agreements).flatMap(({ good, bad }) => [good, bad]);
  const { flag } = context;
  return {
    node: context.node,
    /** What outcomes and calibration say, 0.1..0.9. */
    score: scoreOf(context, settings),
    /** What coordinators rank by: the score, or what a flag leaves of it. */
    effective: effectiveOf(context, settings),
    /** The score before calibration. */
    earned: context.earned,
    calibration: summaryOf(context.calibration),
    flags:
      flag === null
        ? []
        : [{ rule: flag.rule, since: new Date(flag.sinceMs).toISOString(), evidence: flag.evidence }],
    votes: { counted: context.votes.count, ignored: context.votes.ignored },
    good: context.good,
    bad: context.bad,
    /** Moves that wait until enough epochs agree. */
    unconfirmed: Math.round(runs.reduce((sum, run) => sum + run.pending, 0) * 1e6) / 1e6,
    agreeingEpochs: Math.max(...runs.map(({ epochs }) => epochs)),
    lastActiveAt: context.lastActiveMs === 0 ? null : new Date(context.lastActiveMs).toISOString(),
    changes: context.changes,
  };
}

/** What is kept of a state from before votes and calibration. */
interface Version1 {
  readonly node: string;
  readonly score: number;
  readonly lastActiveMs: number;
  readonly decays: number;
  readonly good: number;
  readonly bad: number;
  readonly changes: number;
  readonly notify: readonly string[];
}

/** Moves that were not confirmed yet are dropped: three epochs bring them back. */
function fromVersion1(old: Version1, settings: ReputationSettings): Context {
  const { node, score, lastActiveMs, decays, good, bad, changes, notify } = old;
  const standing = { ...newStanding(settings), earned: score, lastActiveMs, decays, good, bad };
  return { ...standing, key: escapeKey(node), node, changes, notify };
}
