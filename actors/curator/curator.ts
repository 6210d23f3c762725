/**
 * The curator: gates, then immutable dataset versions. What a version holds is fixed in a turn; a task writes
 * the files; the version exists once its result is recorded. A crash anywhere leaves the old or the new one.
 */
import { assign, setup } from 'xstate';
import { formatAddress } from '../../protocol/address.ts';
import type { MessageOf } from '../../protocol/contract.ts';
import { defineActor } from '../../runtime/define-actor.ts';
import { emit, now, schedule, task } from '../../runtime/effects.ts';
import type { PublishedVersion } from '../dataset/manifest.ts';
import type { CuratorSettings, PipelineSettings } from '../settings.ts';
import { type BasalState, load as loadBasalSet, NO_BASAL, takePage } from './basal.ts';
import { curatorContract } from './contract.ts';
import { fixVersion } from './fix-version.ts';
import { type Gate, GATES, passGates } from './gates.ts';
import { type BasalSet, loadBasal } from './load-basal.task.ts';
import { findAlike } from './near-duplicates.ts';
import { publish, type PublishInput } from './publish.task.ts';
import { curatorQueries } from './queries.ts';
import {
  basalIds,
  curatorTables,
  exampleIds,
  examples,
  numberKey,
  refusals,
  REFUSALS_KEPT,
  versions,
  waiting,
} from './tables.ts';

export interface GateCounts {
  readonly passed: number;
  readonly refused: number;
}
export type Gates = Readonly<Record<Gate, GateCounts>>;

export interface Context {
  readonly key: string;
  readonly judged: number;
  readonly gates: Gates;
  readonly masked: number;
  readonly refused: number;
  /** Examples that passed the gates; each waits, stands in a version, or in the one being published. */
  readonly examples: number;
  readonly waiting: number;
  /** Examples since the last version was fixed: only new ones are a reason for a version. */
  readonly fresh: number;
  readonly published: number;
  readonly versions: number;
  readonly lastManifestSha256: string | null;
  /** Totals when the last version was fixed: a manifest counts from there. */
  readonly atLastVersion: { readonly gates: Gates; readonly masked: number };
  readonly basal: BasalState;
  readonly publishing: PublishInput | null;
  readonly failures: number;
  /** Why another version is wanted after the one being published; null when none is. */
  readonly again: string | null;
}

type Message = MessageOf<typeof curatorContract.messages>;
type Event<T extends Message['type']> = Extract<Message, { type: T }>;

const RETRY_MS = 5_000;
const RETRY_MAX_MS = 5 * 60_000;

const noCounts = Object.fromEntries(GATES.map((gate) => [gate, { passed: 0, refused: 0 }])) as Record<
  Gate,
  GateCounts
>;

export const createCurator = ({ curator: settings }: PipelineSettings) => {
  const machine = setup({
    types: { context: {} as Context, events: {} as Message, input: {} as { key: string } },
    guards: {
      enough: ({ context }) => context.fresh >= settings.versionExamples,
      isThisVersion: ({ context, event }) =>
        event.type === 'publish.done' &&
        (event.output as PublishedVersion).version === context.publishing?.version,
      wantsAnother: ({ context }) => context.again !== null && context.fresh > 0,
      hasNew: ({ context }) => context.fresh > 0,
    },
  }).createMachine({
    id: 'curator',
    context: ({ input }) => ({
      key: input.key,
      judged: 0,
      gates: noCounts,
      masked: 0,
      refused: 0,
      examples: 0,
      waiting: 0,
      fresh: 0,
      published: 0,
      versions: 0,
      lastManifestSha256: null,
      atLastVersion: { gates: noCounts, masked: 0 },
      basal: NO_BASAL,
      publishing: null,
      failures: 0,
      again: null,
    }),
    initial: 'collecting',
    on: {
      'scenario.judged': { actions: assign(({ context, event }) => curate(context, event, settings)) },
      'basal.load': {
        actions: ({ context, event }) => loadBasalSet(formatAddress('curator', context.key), event, settings),
      },
      'basal.page': { actions: assign(({ context, event }) => ({ basal: takePage(context.basal, event) })) },
      'loadBasal.done': {
        actions: assign(({ context, event }) => ({
          basal: { ...context.basal, set: event.output as BasalSet, problem: null },
        })),
      },
      'loadBasal.failed': {
        actions: assign(({ context, event }) => ({
          basal: { ...context.basal, problem: event.error.message },
        })),
      },
    },
    states: {
      /** Examples gather until there are enough, or no new one has come for a while. */
      collecting: {
        always: [
          {
            guard: 'wantsAnother',
            target: 'publishing',
            actions: assign(({ context }) => fixVersion(context, context.again ?? '', settings)),
          },
          {
            guard: 'enough',
            target: 'publishing',
            actions: assign(({ context }) => fixVersion(context, `${context.fresh} new examples`, settings)),
          },
        ],
        on: {
          'dataset.publish': {
            guard: 'hasNew',
            target: 'publishing',
            actions: assign(({ context, event }) => fixVersion(context, event.reason, settings)),
          },
          'publish.due': {
            guard: 'hasNew',
            target: 'publishing',
            actions: assign(({ context }) => fixVersion(context, 'no new example for a while', settings)),
          },
        },
      },
      /** A version's contents are fixed and its files are being written. */
      publishing: {
        entry: ({ context }) => task('publish', context.publishing),
        on: {
          'publish.done': {
            guard: 'isThisVersion',
            target: 'collecting',
            actions: assign(({ context, event }) => recordVersion(context, event.output as PublishedVersion)),
          },
          'publish.failed': {
            target: 'retrying',
            actions: assign({ failures: ({ context }) => context.failures + 1 }),
          },
          'dataset.publish': { actions: assign({ again: ({ event }) => event.reason }) },
          'publish.due': { actions: assign({ again: 'no new example for a while' }) },
        },
      },
      /** The files could not be written; the same version is tried again. */
      retrying: {
        entry: ({ context }) =>
          schedule('retry', Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** Math.min(10, context.failures - 1)), {
            type: 'publish.due',
          }),
        on: {
          'publish.due': 'publishing',
          'dataset.publish': {
            target: 'publishing',
            actions: assign({ again: ({ event }) => event.reason }),
          },
        },
      },
    },
  });

  return defineActor({
    ...curatorContract,
    version: 2,
    migrate: ({ value, context }) => ({ value, context: withNewGates(context as Context) }),
    machine,
    tables: curatorTables,
    tasks: { publish, loadBasal },
    queries: curatorQueries,
  });
};

/** The first version knew neither near duplicates nor basal sets. */
function withNewGates(context: Context): Context {
  const { gates, masked } = context.atLastVersion;
  return {
    ...context,
    gates: { ...noCounts, ...context.gates },
    atLastVersion: { gates: { ...noCounts, ...gates }, masked },
    basal: NO_BASAL,
    publishing: context.publishing === null ? null : { ...context.publishing, basal: null },
  };
}

/** Takes a scenario through the gates; what passes waits for a version. */
function curate(
  context: Context,
  { scenario, verdict }: Event<'scenario.judged'>,
  settings: CuratorSettings,
): Context {
  const known = {
    isKnown: (id: string) => exampleIds.has(id) || basalIds.has(id),
    alike: (input: string) => findAlike(input, settings.nearSimilarity),
  };
  const judgement = passGates(scenario, verdict, known, settings);
  const refusedAt = 'refusedAt' in judgement ? judgement.refusedAt : undefined;
  const masked = context.masked + ('example' in judgement ? judgement.example.masked : judgement.masked);
  const counted = {
    ...context,
    judged: context.judged + 1,
    masked,
    gates: countGates(context.gates, refusedAt),
  };
  if ('refusedAt' in judgement) {
    const { artifact, domain, id } = scenario;
    const at = new Date(now()).toISOString();
    refusals.put(numberKey(context.refused), {
      scenario: id,
      artifact,
      domain,
      gate: judgement.refusedAt,
      reason: judgement.reason,
      at,
    });
    if (context.refused >= REFUSALS_KEPT) refusals.delete(numberKey(context.refused - REFUSALS_KEPT));
    return { ...counted, refused: context.refused + 1 };
  }
  const key = numberKey(context.examples);
  examples.put(key, judgement.example);
  exampleIds.put(judgement.example.id, key);
  waiting.put(key, { domain: judgement.example.domain });
  schedule('publish', settings.publishAfterMs, { type: 'publish.due' });
  return {
    ...counted,
    examples: context.examples + 1,
    waiting: context.waiting + 1,
    fresh: context.fresh + 1,
  };
}

/** Every gate before the one that refused was passed; balance is counted when a version is fixed. */
function countGates(gates: Context['gates'], refusedAt: Gate | undefined): Context['gates'] {
  const next: Record<Gate, GateCounts> = { ...gates };
  for (const gate of GATES) {
    if (gate === 'balance') break;
    const { passed, refused } = gates[gate];
    if (gate === refusedAt) {
      next[gate] = { passed, refused: refused + 1 };
      break;
    }
    next[gate] = { passed: passed + 1, refused };
  }
  return next;
}

/** The version exists from this turn on. */
function recordVersion(context: Context, version: PublishedVersion): Context {
  versions.put(numberKey(version.version), version);
  const { name, manifestSha256, examples: count } = version;
  emit(curatorContract, 'dataset-published', {
    version: version.version,
    name,
    examples: count,
    manifestSha256,
  });
  return {
    ...context,
    versions: version.version,
    published: context.published + (context.publishing?.examples ?? 0),
    lastManifestSha256: manifestSha256,
    publishing: null,
    failures: 0,
  };
}
