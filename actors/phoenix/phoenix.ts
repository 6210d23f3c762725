/**
 * The phoenix feeder: asks collections for their best artifacts and turns them into a diverse stream of
 * scenarios, at most 100 per rolling hour. What a limit holds back stays a candidate; only what was fed
 * before under another name is refused for good.
 */
import { assign, setup } from 'xstate';
import type { MessageOf } from '../../protocol/contract.ts';
import { defineActor, type QueryArgs } from '../../runtime/define-actor.ts';
import { emit, schedule, tell } from '../../runtime/effects.ts';
import { coordinatorContract } from '../coordinator/contract.ts';
import { criticContract } from '../critic/contract.ts';
import type { PhoenixSettings, PipelineSettings } from '../settings.ts';
import { phoenixContract } from './contract.ts';
import { limitsOf, type Shortage } from './diversity.ts';
import { allowance, feed, type Round } from './feed.ts';
import { phoenixTables, recentRows } from './tables.ts';

type Counts = Readonly<Record<string, number>>;

interface Context {
  readonly rounds: number;
  readonly fed: number;
  readonly refused: Counts;
  readonly postponed: Counts;
  readonly relaxed: Counts;
  /** What is missing at the moment to keep the limits. */
  readonly shortages: readonly Shortage[];
  /** Collections with candidates that were not looked at, the one in turn first. */
  readonly waiting: readonly string[];
  /** Collections whose candidates all meet a diversity limit; looked at again when anything new arrives. */
  readonly blocked: readonly string[];
}

type Message = MessageOf<typeof phoenixContract.messages>;
type Found = Extract<Message, { type: 'candidates.found' }>;

/** A collection that does not answer within this time is asked again. */
const ANSWER_TIMEOUT_MS = 30_000;
/** Collections known at once; a further one is heard of again when it accepts its next artifact. */
const COLLECTIONS_MAX = 256;

export const createPhoenix = ({ phoenix: settings }: PipelineSettings) => {
  const ask = (context: Context): void => {
    const [collection = 'main'] = context.waiting;
    tell(coordinatorContract.at(collection), {
      type: 'candidates.wanted',
      round: String(context.rounds),
      limit: settings.roundCandidates,
      perDomain: settings.domainMax,
      perNode: settings.nodeMax * 2,
      perContentType: Math.ceil(settings.roundCandidates * settings.contentTypeShare),
    });
    schedule('round', ANSWER_TIMEOUT_MS, { type: 'feed.due' });
  };

  const decide = (context: Context, event: Found): Context => {
    const { collection, more } = event;
    const round = feed(event.artifacts, { collection, fedBefore: context.fed, more }, settings);
    perform(round, collection);
    const others = context.waiting.filter((name) => name !== collection);
    const shown = event.artifacts.length - round.scenarios.length - round.refused.length;
    const remaining = more || shown > 0;
    return {
      ...context,
      fed: context.fed + round.scenarios.length,
      refused: plus(context.refused, countReasons(round)),
      postponed: plus(context.postponed, round.postponed),
      relaxed: plus(context.relaxed, round.relaxed),
      shortages: round.scenarios.length === 0 ? context.shortages : round.shortages,
      // Every collection in its turn, so that none keeps the others waiting.
      waiting: remaining && !round.blocked ? [...others, collection] : others,
      blocked: round.blocked ? [...new Set([...context.blocked, collection])] : context.blocked,
    };
  };

  const machine = setup({
    types: { context: {} as Context, events: {} as Message, input: {} as { key: string } },
    guards: {
      nothingWaits: ({ context }) => context.waiting.length === 0,
      hourIsFull: () => allowance(settings).left === 0,
    },
    actions: {
      hearOfCollection: assign(({ context, event }) => hear(context, event)),
      reconsiderBlocked: assign(({ context }) => reconsider(context)),
    },
  }).createMachine({
    id: 'phoenix',
    context: {
      rounds: 0,
      fed: 0,
      refused: {},
      postponed: {},
      relaxed: {},
      shortages: [],
      waiting: [],
      blocked: [],
    },
    initial: 'idle',
    on: { 'artifacts.available': { actions: 'hearOfCollection' } },
    states: {
      /** Nothing waits, or nothing that waits may be fed. */
      idle: {
        on: {
          'artifacts.available': { target: 'gathering', actions: 'hearOfCollection' },
          'feed.now': { target: 'deciding', actions: 'reconsiderBlocked' },
        },
      },
      /** The first news of artifacts has come; more may follow, and a round sees all of them. */
      gathering: {
        entry: () => schedule('round', settings.roundMs, { type: 'feed.due' }),
        on: { 'feed.due': 'deciding', 'feed.now': 'deciding' },
      },
      deciding: {
        always: [
          { guard: 'nothingWaits', target: 'idle' },
          { guard: 'hourIsFull', target: 'resting' },
          { target: 'asking' },
        ],
      },
      /** A collection was asked for its candidates. */
      asking: {
        entry: [assign({ rounds: ({ context }) => context.rounds + 1 }), ({ context }) => ask(context)],
        on: {
          'candidates.found': {
            guard: ({ context, event }) => event.round === String(context.rounds),
            target: 'deciding',
            actions: assign(({ context, event }) => decide(context, event)),
          },
          'feed.due': 'deciding',
        },
      },
      /** The hourly limit is used up. */
      resting: {
        entry: () => schedule('round', Math.max(1, allowance(settings).nextInMs), { type: 'feed.due' }),
        on: { 'feed.due': { target: 'deciding', actions: 'reconsiderBlocked' } },
      },
    },
  });

  return defineActor({
    ...phoenixContract,
    machine,
    tables: phoenixTables,
    queries: { stats: (args: QueryArgs<Context, unknown>) => statsOf(args, settings) },
  });
};

/** Scenarios go to the critic; the collection hears which candidates are settled. */
function perform(round: Round, collection: string): void {
  for (const scenario of round.scenarios) {
    tell(criticContract.at('main'), { type: 'scenario.offered', scenario });
    const { id, artifact, domain, node, novelty } = scenario;
    emit(phoenixContract, 'scenario-fed', { id, artifact, domain, node, novelty });
  }
  if (round.scenarios.length + round.refused.length === 0) return;
  tell(coordinatorContract.at(collection), {
    type: 'candidates.settled',
    fed: round.scenarios.map(({ artifact }) => artifact),
    refused: [...round.refused],
  });
}

function hear(context: Context, event: Message): Context {
  if (event.type !== 'artifacts.available') return context;
  const known = context.waiting.includes(event.collection) || context.waiting.length >= COLLECTIONS_MAX;
  return reconsider(known ? context : { ...context, waiting: [...context.waiting, event.collection] });
}

function reconsider(context: Context): Context {
  const back = context.blocked.filter((name) => !context.waiting.includes(name));
  return { ...context, waiting: [...context.waiting, ...back], blocked: [] };
}

function countReasons(round: Round): Counts {
  const counts: Record<string, number> = {};
  for (const { reason } of round.refused) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

function plus(totals: Counts, more: Partial<Counts>): Counts {
  const sums: Record<string, number> = { ...totals };
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + (count ?? 0);
  return sums;
}

function statsOf({ context, state, now: nowMs }: QueryArgs<Context, unknown>, settings: PhoenixSettings) {
  const since = nowMs - settings.windowMs;
  return {
    state,
    rounds: context.rounds,
    /** Scenarios made, since the beginning. */
    fed: context.fed,
    fedLastHour: recentRows(settings).filter(({ atMs }) => atMs > since).length,
    hourlyLimit: settings.hourlyLimit,
    /** Never fed, by reason. */
    refused: context.refused,
    /** Held back in a round, by limit; one artifact counts in every round that holds it back. */
    postponed: context.postponed,
    /** Fed beyond a limit, because too little else was there. */
    relaxed: context.relaxed,
    notices: context.shortages.map(({ dimension, present, needed }) => {
      const { max, window } = limitsOf(settings)[dimension];
      return `Only ${present} of the ${needed} ${dimension}s that "${max} of the last ${window}" needs: the fairest mix is fed.`;
    }),
    blockedCollections: context.blocked,
  };
}
