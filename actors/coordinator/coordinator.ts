/** The coordinator: one collection, deduplicated, scored and ranked. Nothing that was accepted is lost. */
import { assign, setup } from 'xstate';
import type { MessageOf } from '../../protocol/contract.ts';
import { defineActor } from '../../runtime/define-actor.ts';
import { tell } from '../../runtime/effects.ts';
import { intakeContract } from '../intake/contract.ts';
import { phoenixContract } from '../phoenix/contract.ts';
import type { PipelineSettings } from '../settings.ts';
import { findCandidates, settleCandidates } from './candidates.ts';
import { coordinatorContract } from './contract.ts';
import { decideOffer, type Decision, NEAR_DUPLICATE, type OfferedItem } from './offer.ts';
import { findPatterns } from './patterns/find-patterns.ts';
import { noteAccepted } from './patterns/queue.ts';
import { coordinatorQueries } from './queries.ts';
import { refreshHeads } from './ranking.ts';
import { coordinatorTables, keyPart, nodes } from './tables.ts';

/** Totals since the collection began. */
export interface Totals {
  /** Items offered; each is one of the next four. */
  readonly offered: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly corroborated: number;
  readonly versions: number;
  /** Accepted items that are nearly the same as an earlier one: kept, linked to it, and not fed. */
  readonly nearDuplicates: number;
  /** Accepted items that the feeder has not decided yet. */
  readonly candidates: number;
  readonly fed: number;
  readonly refused: number;
  readonly refusedByReason: Readonly<Record<string, number>>;
  readonly nodes: number;
  readonly domains: number;
}

export interface Context extends Totals {
  readonly key: string;
  /** Raised by every turn that changes the collection. */
  readonly version: number;
  /** How many were accepted when the feeder last asked. */
  readonly toldOf: number;
}

type Message = MessageOf<typeof coordinatorContract.messages>;
type Event<T extends Message['type']> = Extract<Message, { type: T }>;

/** Items decided in one turn: each changes up to seven rows, and a turn stays below 900. */
const ITEMS_PER_TURN = 120;

/** The coordinator of a collection; its key is the collection's name. */
export const createCoordinator = ({ coordinator: settings }: PipelineSettings) => {
  const offer = (context: Context, event: Event<'artifact.offered'> | Event<'offer.continued'>): Context => {
    const earlier: readonly Decision[] = event.type === 'offer.continued' ? event.decisions : [];
    const now: readonly OfferedItem[] = event.items.slice(0, ITEMS_PER_TURN);
    const rest = event.items.slice(ITEMS_PER_TURN);
    const result = decideOffer(event.batch, now, settings);
    const acceptedIds = result.decisions.filter(({ outcome }) => outcome === 'accepted').map(({ id }) => id);
    noteAccepted(acceptedIds, context.accepted, settings.patterns);
    const decisions = [...earlier, ...result.decisions];
    if (rest.length > 0) {
      tell(coordinatorContract.at(context.key), {
        type: 'offer.continued',
        batch: event.batch,
        items: rest,
        decisions,
      });
    } else {
      tell(intakeContract.at('main'), { type: 'offer.decided', batch: event.batch, decisions });
    }
    const count = (outcome: Decision['outcome']): number =>
      result.decisions.filter((decision) => decision.outcome === outcome).length;
    return {
      ...context,
      version: context.version + 1,
      offered: context.offered + now.length,
      accepted: context.accepted + count('accepted'),
      duplicates: context.duplicates + count('duplicate'),
      corroborated: context.corroborated + count('corroborated'),
      versions: context.versions + count('version'),
      nearDuplicates: context.nearDuplicates + result.nearDuplicates,
      candidates: context.candidates + count('accepted') - result.nearDuplicates,
      refused: context.refused + result.nearDuplicates,
      refusedByReason: counted(context.refusedByReason, NEAR_DUPLICATE, result.nearDuplicates),
      nodes: context.nodes + result.newNodes,
      domains: context.domains + result.newDomains,
    };
  };

  const rerank = (context: Context, event: Event<'reputation.moved'>): Context => {
    const key = keyPart(event.node);
    const row = nodes.get(key);
    if (row === undefined || row.reputation === event.score) return context;
    nodes.put(key, { ...row, reputation: event.score });
    refreshHeads(event.node);
    return { ...context, version: context.version + 1 };
  };

  const lookForPatterns = (context: Context): Context => {
    findPatterns(context.key, settings.patterns);
    return { ...context, version: context.version + 1 };
  };

  const answerFeeder = (context: Context, event: Event<'candidates.wanted'>): void => {
    const artifacts = findCandidates(event);
    tell(phoenixContract.at('main'), {
      type: 'candidates.found',
      round: event.round,
      collection: context.key,
      artifacts,
      more: context.candidates > artifacts.length,
    });
  };

  const settle = (context: Context, event: Event<'candidates.settled'>): Context => {
    const { fed, refused } = settleCandidates(event);
    let { refusedByReason } = context;
    let refusals = 0;
    for (const [reason, count] of refused) {
      refusedByReason = counted(refusedByReason, reason, count);
      refusals += count;
    }
    return {
      ...context,
      version: context.version + 1,
      candidates: context.candidates - fed - refusals,
      fed: context.fed + fed,
      refused: context.refused + refusals,
      refusedByReason,
    };
  };

  const machine = setup({
    types: { context: {} as Context, events: {} as Message, input: {} as { key: string } },
  }).createMachine({
    id: 'coordinator',
    context: ({ input }) => ({
      key: input.key,
      toldOf: 0,
      version: 0,
      offered: 0,
      accepted: 0,
      duplicates: 0,
      corroborated: 0,
      versions: 0,
      nearDuplicates: 0,
      candidates: 0,
      fed: 0,
      refused: 0,
      refusedByReason: {},
      nodes: 0,
      domains: 0,
    }),
    initial: 'quiet',
    on: {
      'artifact.offered': { actions: assign(({ context, event }) => offer(context, event)) },
      'offer.continued': { actions: assign(({ context, event }) => offer(context, event)) },
      'reputation.moved': { actions: assign(({ context, event }) => rerank(context, event)) },
      'candidates.settled': { actions: assign(({ context, event }) => settle(context, event)) },
      'patterns.due': { actions: assign(({ context }) => lookForPatterns(context)) },
      'candidates.wanted': {
        target: '.quiet',
        actions: [
          ({ context, event }) => answerFeeder(context, event),
          assign({ toldOf: ({ context }) => context.accepted }),
        ],
      },
    },
    states: {
      /** The feeder has heard of every candidate. */
      quiet: {
        always: {
          guard: ({ context }) => context.accepted > context.toldOf,
          target: 'announced',
          actions: ({ context }) =>
            tell(phoenixContract.at('main'), { type: 'artifacts.available', collection: context.key }),
        },
      },
      /** The feeder was told that there are candidates, and has not asked for them yet. */
      announced: {},
    },
  });

  return defineActor({
    ...coordinatorContract,
    version: 2,
    // The first version knew no near duplicates.
    migrate: ({ value, context }) => ({ value, context: { nearDuplicates: 0, ...(context as object) } }),
    machine,
    tables: coordinatorTables,
    queries: coordinatorQueries(settings),
  });
};

function counted(counts: Totals['refusedByReason'], reason: string, more: number): Totals['refusedByReason'] {
  return more === 0 ? counts : { ...counts, [reason]: (counts[reason] ?? 0) + more };
}
