/**
 * The orchestrator actor: it knows every target and every node, and brings them together. Aliveness is what
 * nodes report, usefulness what their results measure; the two are kept apart.
 */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import type { MessageOf } from '../../protocol/contract.ts';
import { type ActorDefinition, defineActor } from '../../runtime/define-actor.ts';
import { reply } from '../../runtime/effects.ts';
import type { OrchestratorSettings, PipelineSettings } from '../settings.ts';
import { orchestratorContract } from './contract.ts';
import { nodeReported, reviewNodes } from './node-standing.ts';
import {
  addTarget,
  assignDue,
  collected,
  collectTarget,
  type Draft,
  elapse,
  type OrchestratorContext,
  progressed,
  releaseAll,
  removeTarget,
  scheduleTick,
  targetChanged,
} from './scheduling.ts';
import { attempts, deadlines, due, held, nodes, targets, upcoming } from './tables.ts';

type OrchestratorMessage = MessageOf<typeof orchestratorContract.messages>;

const initialContext: OrchestratorContext = {
  assignments: 0,
  tickAtMs: null,
  totals: { collected: 0, empty: 0, failed: 0, timedOut: 0, declined: 0, late: 0, quarantined: 0, items: 0 },
};

export const createOrchestrator = (settings: PipelineSettings): ActorDefinition =>
  defineActor({
    ...orchestratorContract,
    machine: orchestratorMachine(settings.orchestrator),
    tables: { targets, upcoming, due, deadlines, held, nodes, attempts },
    queries: {
      nodes: () => [...nodes.range()].map(([key, { measures, ...row }]) => ({ key, ...row, ...measures })),
      targets: {
        input: z.object({
          limit: z.number().int().min(1).max(1_000).default(200),
          /** The id of the last one seen. */
          after: z.string().default(''),
        }),
        select: ({ input: { limit, after } }: { input: { limit: number; after: string } }) =>
          [...targets.range({ gt: after, limit })].map(([, row]) => row),
      },
      target: {
        input: z.object({ id: z.string() }),
        select: ({ input: { id } }: { input: { id: string } }) => targets.get(id) ?? null,
      },
      stats: ({ context, state }) => ({
        state,
        assignments: context.assignments,
        ...context.totals,
        ...countTargets(),
      }),
    },
  });

function countTargets(): Record<'waiting' | 'due' | 'assigned' | 'inQuarantine', number> {
  const counts = { waiting: 0, due: 0, assigned: 0, inQuarantine: 0 };
  for (const [, { status }] of targets.range()) counts[status === 'quarantined' ? 'inQuarantine' : status]++;
  return counts;
}

function orchestratorMachine(settings: OrchestratorSettings) {
  /** What time has changed and what one message changes, and then whatever has become possible by it. */
  function decide(context: OrchestratorContext, event: OrchestratorMessage): OrchestratorContext {
    const draft = { ...context };
    elapse(draft, settings);
    reviewNodes(settings);
    take(draft, event);
    assignDue(draft, settings);
    scheduleTick(draft, settings);
    return draft;
  }

  function take(draft: Draft, event: OrchestratorMessage): void {
    switch (event.type) {
      case 'target.add':
        reply({ id: addTarget(event.target) });
        return;
      case 'target.collect':
        reply({ id: collectTarget(event.target, event.run) });
        return;
      case 'target.remove':
        reply({ removed: removeTarget(event.id, settings) });
        return;
      case 'node.report':
        nodeReported(event, settings);
        if (event.status === 'offline') releaseAll(event.node, settings);
        return;
      case 'collect.result':
        collected(draft, event, settings);
        return;
      case 'collect.progress':
        progressed(event, settings);
        return;
      case 'target.changed':
        targetChanged(event);
        return;
      case 'orchestrator.tick':
      // Time has passed; that was seen to above.
    }
  }

  const anyAlive = (): boolean => [...nodes.range()].some(([, { reported }]) => reported === 'active');
  return setup({
    types: {
      context: {} as OrchestratorContext,
      events: {} as OrchestratorMessage,
      input: {} as { key: string },
    },
    actions: { decide: assign(({ context, event }) => decide(context, event)) },
    guards: { staffed: anyAlive, unstaffed: () => !anyAlive() },
  }).createMachine({
    context: initialContext,
    initial: 'unstaffed',
    on: { '*': { actions: { type: 'decide' } } },
    states: {
      /** No node works: targets become due and wait. */
      unstaffed: { always: { guard: 'staffed', target: 'assigning' } },
      assigning: { always: { guard: 'unstaffed', target: 'unstaffed' } },
    },
  });
}
