/** The node actor: one machine's agent. It registers, collects what it is assigned, and reports what came of it. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import type { MessageOf } from '../../protocol/contract.ts';
import { type ActorDefinition, defineActor } from '../../runtime/define-actor.ts';
import { now, task, tell } from '../../runtime/effects.ts';
import { orchestratorContract } from '../orchestrator/contract.ts';
import type { NodeSettings, PipelineSettings } from '../settings.ts';
import { type Assessor, lexicalAssessor } from './assessor.ts';
import {
  collectTasks,
  type ReadInput,
  type ReadOutput,
  type ScanInput,
  type ScanOutput,
} from './collect.task.ts';
import {
  finish,
  listed,
  pump,
  readFailed,
  retryDue,
  submissionDecided,
  updateTarget,
  wasRead,
} from './collection.ts';
import { type Collector, collectorRegistry } from './collectors/collector.ts';
import { shippedCollectors } from './collectors/index.ts';
import { nodeContract } from './contract.ts';
import { type Draft, draftOf, initialContext, type NodeContext, pool } from './node-context.ts';
import { describeSending, initialSending, resize, windowMax } from './sending.ts';
import { isWatched, watchedTargets, watchEnded, watchesChanged } from './watching.ts';
import { batches, files, fileStates, hungry, retries, targets, waiting } from './tables.ts';

type NodeMessage = MessageOf<typeof nodeContract.messages>;
type Message<T extends NodeMessage['type']> = Extract<NodeMessage, { type: T }>;

export interface NodeParts {
  /** Instead of the shipped ones; add to `shippedCollectors` to have both. */
  readonly collectors?: readonly Collector[];
  readonly assessor?: Assessor;
}

export function createNode(settings: PipelineSettings, parts: NodeParts = {}): ActorDefinition {
  const collectors = collectorRegistry(parts.collectors ?? shippedCollectors(settings.node));
  const tasks = collectTasks(collectors, parts.assessor ?? lexicalAssessor, settings.node);
  return defineActor({
    ...nodeContract,
    version: 2,
    // Version 1 knew no window: it sent as much as it could.
    migrate: ({ value, context }) => {
      const before = context as Omit<NodeContext, 'sending'>;
      const sending = initialSending(windowMax(before.capacity, settings.node));
      return { value, context: { ...before, sending } };
    },
    machine: nodeMachine(settings.node),
    tables: { targets, files, waiting, hungry, retries, batches },
    tasks: { ...tasks },
    queries: {
      status: ({ context, state }) => {
        const { key: _, lastServed: __, nextBatch: ___, ...status } = context;
        return { ...status, sending: describeSending(context, settings.node), state };
      },
      watched: () => watchedTargets(),
      files: {
        input: z.object({
          limit: z.number().int().min(1).max(500).default(100),
          after: z.string().default(''),
          state: z.enum(fileStates).optional(),
        }),
        select: ({ input }: { input: { limit: number; after: string; state?: string } }) =>
          selectFiles(input),
      },
    },
  });
}

/** Rows that a filtered query looks at before it hands back how far it came. */
const scannedRows = 5_000;

/** A page of items in key order; `next` is the `after` of the following page, absent on the last one. */
function selectFiles({ limit, after, state }: { limit: number; after: string; state?: string }): object {
  const items: object[] = [];
  let scanned = 0;
  for (const [key, row] of files.range({ gt: after })) {
    if (state === undefined || row.state === state) items.push({ key, ...row });
    if (items.length === limit || ++scanned === scannedRows) return { items, next: key };
  }
  return { items };
}

function nodeMachine(settings: NodeSettings) {
  /** The next context: a copy that `change` was applied to. */
  const next = (context: NodeContext, change: (draft: Draft) => void): NodeContext => {
    const draft = draftOf(context);
    change(draft);
    return draft;
  };
  return setup({
    types: { context: {} as NodeContext, events: {} as NodeMessage, input: {} as { key: string } },
    guards: {
      newSession: ({ context, event }) => event.type === 'node.started' && event.session !== context.session,
      collecting: ({ context }) => context.attempts > 0 || context.open > 0,
      quiet: ({ context }) => context.attempts === 0 && context.open === 0,
    },
    actions: {
      begin: assign(({ context, event }) =>
        event.type === 'target.assigned' ? next(context, (draft) => begin(draft, event)) : context,
      ),
      decline: ({ context, event }) => {
        if (event.type === 'target.assigned') decline(context, event);
      },
      report: ({ context }) => report(context),
    },
  }).createMachine({
    context: ({ input }) => initialContext(input.key, settings),
    initial: 'unregistered',
    on: {
      'node.started': {
        guard: 'newSession',
        target: '.idle',
        actions: [
          assign(({ context, event }) => next(context, (draft) => start(draft, event, settings))),
          { type: 'report' },
        ],
      },
      'node.stopping': {
        target: '.draining',
        actions: [assign({ stopping: true }), { type: 'report' }],
      },
      'target.withdrawn': {
        actions: assign(({ context, event }) => next(context, (draft) => withdraw(draft, event.id))),
      },
      'scan.done': {
        actions: assign(({ context, event }) =>
          next(context, (draft) =>
            listed(draft, event.input as ScanInput, event.output as ScanOutput, settings),
          ),
        ),
      },
      'scan.failed': {
        actions: assign(({ context, event }) => next(context, (draft) => scanFailed(draft, event))),
      },
      'read.done': {
        actions: assign(({ context, event }) =>
          next(context, (draft) =>
            wasRead(draft, event.input as ReadInput, event.output as ReadOutput, settings),
          ),
        ),
      },
      'read.failed': {
        actions: assign(({ context, event }) =>
          next(context, (draft) => readFailed(draft, event.input as ReadInput, event.error.code, settings)),
        ),
      },
      'submission.decided': {
        actions: assign(({ context, event }) =>
          next(context, (draft) => submissionDecided(draft, event, settings)),
        ),
      },
      'watch.ended': {
        actions: ({ event }) => {
          if (event.type === 'watch.ended') watchEnded(event.target);
        },
      },
      'retry.due': {
        actions: assign(({ context }) => next(context, (draft) => retryDue(draft, settings))),
      },
    },
    states: {
      unregistered: { on: { 'target.assigned': { actions: { type: 'decline' } } } },
      idle: {
        on: { 'target.assigned': { actions: { type: 'begin' } } },
        always: { guard: 'collecting', target: 'collecting' },
      },
      collecting: {
        on: { 'target.assigned': { actions: { type: 'begin' } } },
        always: { guard: 'quiet', target: 'idle' },
      },
      draining: { on: { 'target.assigned': { actions: { type: 'decline' } } } },
    },
  });
}

/** A new process hosts the node. What was in flight goes on by itself: tasks and timers outlive a process. */
function start(draft: Draft, event: Message<'node.started'>, settings: NodeSettings): void {
  draft.session = event.session;
  draft.name = event.name ?? draft.name;
  draft.capabilities = event.capabilities;
  resize(draft, event.capacity, settings);
  draft.capacity = event.capacity;
  draft.stopping = false;
  pump(draft, settings);
}

function report({ name, capabilities, capacity, stopping }: NodeContext): void {
  tell(orchestratorContract.at('main'), {
    type: 'node.report',
    node: name,
    status: stopping ? 'draining' : 'active',
    capabilities: [...capabilities],
    capacity,
  });
}

/** Begins a collection; one that is under way already goes on under the new assignment. */
function begin(draft: Draft, event: Message<'target.assigned'>): void {
  const { id, assignment, target, exempt } = event;
  const run = event.run ?? null;
  const row = targets.get(id);
  const scan: ScanInput = {
    id,
    assignment,
    target,
    ...(row?.cursor === undefined ? {} : { cursor: row.cursor }),
  };
  const underWay = row?.attempt ?? null;
  if (isWatched(target) !== (row !== undefined && isWatched(row.target))) watchesChanged();
  if (row !== undefined && underWay !== null) {
    const again = !underWay.scanning && underWay.run !== run;
    const adopted = { ...underWay, assignment, run, scanning: underWay.scanning || again };
    updateTarget(id, { ...row, target, exempt: row.exempt || exempt, attempt: adopted });
    if (again) task('scan', scan, { pool: pool(draft) });
    return;
  }
  const counts = {
    found: 0,
    ignored: 0,
    unchanged: 0,
    offered: 0,
    accepted: 0,
    known: 0,
    rejected: 0,
    unreadable: 0,
  };
  const attempt = { assignment, run, startedAtMs: now(), reportedAtMs: now(), scanning: true, ...counts };
  const { withdrawn: _, ...kept } = row ?? { waiting: 0, open: 0 };
  updateTarget(id, { ...kept, target, exempt: exempt || row?.exempt === true, attempt });
  draft.attempts++;
  task('scan', scan, { pool: pool(draft) });
}

/** The target was removed or paused: what was read is offered, the rest waits in case it is assigned again. */
function withdraw(draft: Draft, id: string): void {
  const row = targets.get(id);
  if (row === undefined) return;
  if (row.attempt !== null) draft.attempts--;
  updateTarget(id, { ...row, attempt: null, withdrawn: true });
}

function decline({ name }: NodeContext, { id, assignment }: Message<'target.assigned'>): void {
  tell(orchestratorContract.at('main'), {
    type: 'collect.result',
    node: name,
    target: id,
    assignment,
    outcome: 'declined',
    items: 0,
    durationMs: 0,
    quality: 0,
    reason: 'the node is not collecting',
  });
}

function scanFailed(draft: Draft, { input, error }: Message<'scan.failed'>): void {
  const { id } = input as ScanInput;
  const row = targets.get(id);
  const attempt = row?.attempt ?? null;
  if (row === undefined || attempt?.scanning !== true) return;
  targets.put(id, { ...row, attempt: { ...attempt, scanning: false } });
  const { code, message } = error;
  // What a collector throws without a code has nothing to say but its message.
  const reason = code === 'task.failed' || code === 'internal' ? message : `${code}: ${message}`;
  finish(draft, id, { outcome: 'failed', reason });
}
