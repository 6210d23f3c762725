/**
 * One node's standing, 0.1 … 0.9, moved only by outcomes that the pipeline observed, and every change
 * explained: reason, before, after, evidence. Defence against floods of outcomes (brigading) and against
 * inflated confidence (calibration) is not part of it yet; outcomes come from the pipeline's own actors only.
 */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import type { MessageOf } from '../../protocol/contract.ts';
import { defineActor } from '../../runtime/define-actor.ts';
import { emit, now, schedule, tell } from '../../runtime/effects.ts';
import { defineTable } from '../../runtime/table.ts';
import { coordinatorContract } from '../coordinator/contract.ts';
import type { PipelineSettings } from '../settings.ts';
import { reputationContract } from './contract.ts';
import { decayed, decaysAfter, nextDecayAtMs } from './decay.ts';
import { type Agreement, endEpoch, type Epoch, moved, noAgreement, observeIn } from './epochs.ts';

/** A change of the score, as people read it. */
export interface ReputationChange {
  readonly at: string;
  readonly before: number;
  readonly after: number;
  readonly reason: string;
  readonly evidence: readonly string[];
}

interface Context {
  readonly node: string;
  readonly score: number;
  readonly epoch: Epoch | null;
  readonly agreement: Agreement;
  readonly lastActiveMs: number;
  /** Decays since the last activity. */
  readonly decays: number;
  readonly good: number;
  readonly bad: number;
  readonly changes: number;
  /** Coordinators to tell when the score moves. */
  readonly notify: readonly string[];
}

type Message = MessageOf<typeof reputationContract.messages>;
type Outcome = Extract<Message, { type: 'outcome.observed' }>;

/** A node reports to few collections; more than this many are not told. */
const NOTIFY_MAX = 16;

const history = defineTable<ReputationChange>('history');
const changeKey = (index: number): string => String(index).padStart(12, '0');

export const createReputation = ({ reputation: settings }: PipelineSettings) => {
  const change = (context: Context, after: number, reason: string, evidence: readonly string[]): Context => {
    const before = context.score;
    if (after === before) return context;
    const { node } = context;
    history.put(changeKey(context.changes), {
      at: new Date(now()).toISOString(),
      before,
      after,
      reason,
      evidence,
    });
    if (context.changes >= settings.historyMax)
      history.delete(changeKey(context.changes - settings.historyMax));
    emit(reputationContract, 'reputation-changed', { node, before, after, reason, evidence: [...evidence] });
    for (const address of context.notify) {
      const collection = address.slice(address.indexOf('/') + 1);
      tell(coordinatorContract.at(collection), { type: 'reputation.moved', node, score: after });
    }
    return { ...context, score: after, changes: context.changes + 1 };
  };

  const closeEpoch = (context: Context): Context => {
    if (context.epoch === null) return context;
    const { good, bad } = context.epoch;
    const { agreement, confirmed, evidence } = endEpoch(context.agreement, context.epoch, settings);
    const closed = { ...context, epoch: null, agreement };
    if (confirmed === 0) return closed;
    const reason =
      `${agreement.epochs} epochs in a row agree: ${confirmed > 0 ? '+' : ''}${confirmed.toFixed(2)} confirmed ` +
      `(the last one: ${good} good, ${bad} bad)`;
    return change(closed, moved(context.score, confirmed, settings), reason, evidence);
  };

  const observe = (before: Context, event: Outcome): Context => {
    const index = Math.floor(now() / settings.epochMs);
    const context = before.epoch !== null && before.epoch.index !== index ? closeEpoch(before) : before;
    if (context.epoch === null) {
      schedule('epoch', (index + 1) * settings.epochMs - now(), { type: 'epoch.due' });
      schedule('decay', settings.decayAfterMs, { type: 'decay.due' });
    }
    const known = context.notify.includes(event.notify) || context.notify.length >= NOTIFY_MAX;
    return {
      ...context,
      node: event.node,
      epoch: observeIn(context.epoch, index, event),
      lastActiveMs: now(),
      decays: 0,
      good: context.good + event.good,
      bad: context.bad + event.bad,
      notify: known ? context.notify : [...context.notify, event.notify],
    };
  };

  const decay = (context: Context): Context => {
    const idleMs = now() - context.lastActiveMs;
    const due = decaysAfter(idleMs, settings);
    const times = due - context.decays;
    const after = times > 0 ? decayed(context.score, times, settings) : context.score;
    if (context.score === settings.start) return context;
    if (after !== settings.start)
      schedule('decay', nextDecayAtMs(due, settings) - idleMs, { type: 'decay.due' });
    const days = Math.floor(idleMs / 86_400_000);
    return {
      ...change(context, after, `no activity for ${days} day(s): decays to neutral`, []),
      decays: due,
    };
  };

  const machine = setup({
    types: { context: {} as Context, events: {} as Message, input: {} as { key: string } },
  }).createMachine({
    id: 'reputation',
    context: ({ input }) => ({
      node: input.key,
      score: settings.start,
      epoch: null,
      agreement: noAgreement,
      lastActiveMs: 0,
      decays: 0,
      good: 0,
      bad: 0,
      changes: 0,
      notify: [] as readonly string[],
    }),
    initial: 'idle',
    on: {
      'outcome.observed': {
        target: '.observing',
        actions: assign(({ context, event }) => observe(context, event)),
      },
    },
    states: {
      /** No outcome since the last epoch ended. */
      idle: {
        on: { 'decay.due': { target: 'decaying', actions: assign(({ context }) => decay(context)) } },
      },
      /** An epoch is running. */
      observing: {
        on: { 'epoch.due': { target: 'idle', actions: assign(({ context }) => closeEpoch(context)) } },
      },
      /** Inactive for more than a day. */
      decaying: {
        on: { 'decay.due': { actions: assign(({ context }) => decay(context)) } },
      },
    },
  });

  return defineActor({
    ...reputationContract,
    machine,
    tables: { history },
    queries: {
      score: ({ context }) => ({
        node: context.node,
        score: context.score,
        good: context.good,
        bad: context.bad,
        /** Moves that wait until enough epochs agree. */
        unconfirmed: context.agreement.pending,
        agreeingEpochs: context.agreement.epochs,
        lastActiveAt: context.lastActiveMs === 0 ? null : new Date(context.lastActiveMs).toISOString(),
        changes: context.changes,
      }),
      history: {
        input: z.object({ limit: z.number().int().min(1).max(settings.historyMax).default(20) }),
        select: ({ input }: { input: { limit: number } }) => ({
          changes: [...history.range({ reverse: true, limit: input.limit })].map(([, row]) => row),
        }),
      },
    },
  });
};
