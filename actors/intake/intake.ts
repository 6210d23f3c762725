/** The intake actor: the pipeline's only public door. `saturated` while too much is undecided downstream. */
import { assign, not, setup } from 'xstate';
import { z } from 'zod';
import type { MessageOf } from '../../protocol/contract.ts';
import { escapeKey } from '../../protocol/address.ts';
import { schedule, task, tell } from '../../runtime/effects.ts';
import { type ActorDefinition, defineActor } from '../../runtime/define-actor.ts';
import { criticContract } from '../critic/contract.ts';
import type { IntakeSettings, PipelineSettings } from '../settings.ts';
import { nodeQuota, nodeScope, totalScope } from './admission.ts';
import {
  evidence,
  type EvidenceInput,
  type EvidenceOutput,
  resolve,
  type Resolved,
  type ResolveInput,
} from './content.task.ts';
import { intakeContract } from './contract.ts';
import { findEvidence } from './evidence.ts';
import { quotaMinutes, quotas, quotaSeconds, used } from './quota.ts';
import { decided, resolved, submit, unresolvable } from './submission.ts';
import { batches, contents, measures, unresolved } from './tables.ts';
import { emptyContext, type IntakeContext } from './totals.ts';

type IntakeMessage = MessageOf<typeof intakeContract.messages>;
type Message<T extends IntakeMessage['type']> = Extract<IntakeMessage, { type: T }>;

/** How often intake asks the object store for evidence before the content counts as missing. */
const evidenceAttempts = 5;

export const createIntake = (settings: PipelineSettings): ActorDefinition =>
  defineActor({
    ...intakeContract,
    machine: intakeMachine(settings.intake),
    tables: { contents, batches, unresolved, measures, quotas, quotaMinutes, quotaSeconds },
    tasks: { resolve, evidence },
    queries: {
      stats: ({ context, state, now: nowMs }) => ({
        state,
        ...context.totals,
        pending: context.pending,
        hourly: {
          used: used(totalScope, nowMs, settings.intake.quotaWindowMs),
          limit: settings.intake.hourlyTotal,
        },
      }),
      quota: {
        input: z.object({ node: z.string() }),
        select: ({ input: { node }, now: nowMs }: { input: { node: string }; now: number }) => ({
          node,
          used: used(nodeScope(node), nowMs, settings.intake.quotaWindowMs),
          limit: nodeQuota(node, settings.intake),
          ...measures.get(escapeKey(node)),
        }),
      },
      content: {
        input: z.object({ id: z.string() }),
        select: ({ input: { id } }: { input: { id: string } }) => {
          const row = contents.get(id);
          return row === undefined ? null : { id, ...row };
        },
      },
    },
  });

function intakeMachine(settings: IntakeSettings) {
  return setup({
    types: { context: {} as IntakeContext, events: {} as IntakeMessage, input: {} as { key: string } },
    actions: {
      submit: assign(({ context, event }, { saturated }: { saturated: boolean }) => {
        if (event.type === 'artifact.submit') {
          return submit(context, { ...fromOutside, ...event, items: event.artifacts }, settings, saturated);
        }
        if (event.type !== 'artifact.collected') return context;
        const { artifacts: items, positions = null } = event;
        return submit(context, { ...event, items, positions, fromNode: true }, settings, saturated);
      }),
    },
    guards: { full: ({ context }) => context.pending >= settings.pendingMax },
  }).createMachine({
    context: emptyContext,
    initial: 'accepting',
    on: {
      'offer.decided': {
        actions: assign(({ context, event }) => decided(context, event.batch, event.decisions)),
      },
      'resolve.done': {
        actions: assign(({ context, event }) => {
          const { items } = event.output as { items: Resolved[] };
          return resolved(context, (event.input as ResolveInput).batch, items);
        }),
      },
      'resolve.failed': {
        actions: assign(({ context, event }) =>
          unresolvable(context, event.input as ResolveInput, event.error.message, settings),
        ),
      },
      'node.measured': {
        actions: ({ event }) =>
          measures.put(escapeKey(event.node), { successRate: event.successRate, attempts: event.attempts }),
      },
      'evidence.check': { actions: ({ event }) => check(event) },
      'evidence.done': {
        actions: ({ event }) =>
          answer((event.input as EvidenceInput).scenario, event.output as EvidenceOutput),
      },
      'evidence.failed': { actions: ({ event }) => checkLater(event.input as EvidenceInput, settings) },
    },
    states: {
      accepting: {
        on: {
          'artifact.submit': { actions: { type: 'submit', params: { saturated: false } } },
          'artifact.collected': { actions: { type: 'submit', params: { saturated: false } } },
        },
        always: { guard: 'full', target: 'saturated' },
      },
      saturated: {
        on: {
          'artifact.submit': { actions: { type: 'submit', params: { saturated: true } } },
          'artifact.collected': { actions: { type: 'submit', params: { saturated: true } } },
        },
        always: { guard: not('full'), target: 'accepting' },
      },
    },
  });
}

/** What a public submission cannot say about itself. */
const fromOutside = { batch: '', exempt: false, positions: null, fromNode: false } as const;

function check(claim: Message<'evidence.check'>): void {
  const { scenario, artifact, terms, quotes, attempt = 0 } = claim;
  const row = contents.get(artifact);
  if (row === undefined) {
    answer(scenario, { exists: false, hashMatches: false, missingTerms: terms, missingQuotes: quotes });
  } else if (row.content !== null) {
    answer(scenario, { exists: true, ...findEvidence(claim, row.contentType, row.content) });
  } else if (row.ref !== null) {
    const { sha256, bytes } = row.ref;
    const input: EvidenceInput = {
      scenario,
      artifact,
      contentType: row.contentType,
      sha256,
      bytes,
      terms,
      quotes,
      attempt,
    };
    task('evidence', input);
  }
}

const answer = (scenario: string, found: EvidenceOutput): void =>
  tell(criticContract.at('main'), { type: 'evidence.result', scenario, ...found });

/** The object store failed: asked again later, and in the end answered as missing. */
function checkLater(
  { scenario, artifact, terms, quotes, attempt }: EvidenceInput,
  settings: IntakeSettings,
): void {
  if (attempt + 1 >= evidenceAttempts) {
    answer(scenario, { exists: false, hashMatches: false, missingTerms: terms, missingQuotes: quotes });
    return;
  }
  const again = { type: 'evidence.check', scenario, artifact, terms, quotes, attempt: attempt + 1 };
  schedule(`evidence:${scenario}`, settings.overloadRetryMs, again);
}
