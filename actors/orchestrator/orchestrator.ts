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
import { assignDue } from './assigning.ts';
import { explainTarget } from './explain.ts';
import { nodeReported, reviewNodes, standingOf } from './node-standing.ts';
import { addTarget, collectTarget, pauseTarget, removeTarget, resumeTarget } from './orders.ts';
import {
  collected,
  type Draft,
  elapse,
  type OrchestratorContext,
  progressed,
  releaseAll,
  scheduleTick,
  targetChanged,
} from './scheduling.ts';
import { attempts, deadlines, due, held, nodes, type TargetRow, targets, upcoming } from './tables.ts';

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
    queries: queriesOf(settings.orchestrator),
  });

function queriesOf(settings: OrchestratorSettings) {
  const explained = (rows: readonly TargetRow[]): object[] => {
    const known = [...nodes.range()].map(([, row]) => row);
    return rows.map((row) => ({ ...row, reason: explainTarget(row, known, settings) }));
  };
  return {
    /** Every node with its measures, its status and the reason for it. */
    nodes: ({ now }: { now: number }) =>
      [...nodes.range()].map(([key, { measures, ...row }]) => {
        const { reason } = standingOf({ ...row, measures }, settings, now);
        return { key, ...row, reason, ...measures };
      }),
    /** A page of targets by id, each with the reason for its status. */
    targets: {
      input: z.object({
        limit: z.number().int().min(1).max(1_000).default(200),
        /** The id of the last one seen. */
        after: z.string().default(''),
      }),
      select: ({ input: { limit, after } }: { input: { limit: number; after: string } }) =>
        explained([...targets.range({ gt: after, limit })].map(([, row]) => row)),
    },
    target: {
      input: z.object({ id: z.string() }),
      select: ({ input: { id } }: { input: { id: string } }) => {
        const row = targets.get(id);
        return row === undefined ? null : explained([row])[0];
      },
    },
    stats: ({ context, state }: { context: OrchestratorContext; state: unknown }) => ({
      state,
      assignments: context.assignments,
      ...context.totals,
      ...countTargets(),
    }),
  };
}

function countTargets(): Record<'waiting' | 'due' | 'assigned' | 'inQuarantine' | 'paused', number> {
  const counts = { waiting: 0, due: 0, assigned: 0, inQuarantine: 0, paused: 0 };
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
        reply({ id: addTarget(event.target, settings) });
        return;
      case 'target.collect':
        reply({ id: collectTarget(event.target, event.run) });
        return;
      case 'target.remove':
        reply({ removed: removeTarget(event.id, settings) });
        return;
      case 'target.pause':
        reply({ paused: pauseTarget(event.id, settings) });
        return;
      case 'target.resume':
        reply({ resumed: resumeTarget(event.id) });
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
