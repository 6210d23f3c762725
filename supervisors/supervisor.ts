/**
 * A supervisor: an XState machine whose every transition is a pure decision (`strategy.ts`), with one
 * side effect, `perform`, that carries the decision out (`perform.ts`). The machine's event queue is the
 * supervisor's mailbox: exits, timers and requests all pass through it, one after the other.
 */
import { createActor, enqueueActions, setup } from 'xstate';
import { BanyanError } from '../protocol/errors.ts';
import { type BackoffPolicy, DEFAULT_BACKOFF } from './backoff.ts';
import { type ChildSpec, type ChildType, type ExitReason, factsOf, type RestartType } from './child-spec.ts';
import { type AdoptedChild, type PerformerPorts, createPerformer } from './perform.ts';
import { DEFAULT_INTENSITY, type RestartIntensity } from './restart-intensity.ts';
import { decide } from './strategy.ts';
import {
  type Action,
  type AutoShutdown,
  type ChildState,
  type Strategy,
  type SupervisorEvent,
  type SupervisorState,
  isAlive,
  newSupervisor,
} from './supervisor-state.ts';
import { type SupervisorNode, supervisorNode } from './tree.ts';

/** An event as it enters the mailbox: decisions take the time from it, never from a clock. */
export type MailboxEvent = SupervisorEvent & { readonly at: number };

/** The machine; `perform` receives each decision's actions. Its states are the phases of a supervisor. */
export const supervisorMachine = setup({
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- XState infers its types from this one
  types: {} as {
    context: SupervisorState;
    events: MailboxEvent;
    input: SupervisorState;
    output: ExitReason;
  },
  actions: {
    // Replaced by the performer's; what remains without it is the pure machine, as simulations walk it.
    perform: (_scope, _params: { actions: readonly Action[] }) => undefined,
  },
  guards: {
    isRunning: ({ context }) => context.phase === 'running',
    isStopping: ({ context }) => context.phase === 'stopping',
    isStopped: ({ context }) => context.phase === 'stopped',
  },
}).createMachine({
  id: 'supervisor',
  context: ({ input }) => input,
  initial: 'starting',
  on: {
    '*': {
      actions: enqueueActions(({ context, event, enqueue }) => {
        const { state, actions } = decide(context, event, event.at);
        enqueue.assign(state);
        if (actions.length > 0) enqueue({ type: 'perform', params: { actions } });
      }),
    },
  },
  states: {
    starting: {
      always: [
        { guard: 'isRunning', target: 'running' },
        { guard: 'isStopping', target: 'stopping' },
        { guard: 'isStopped', target: 'stopped' },
      ],
    },
    running: {
      always: [
        { guard: 'isStopping', target: 'stopping' },
        { guard: 'isStopped', target: 'stopped' },
      ],
    },
    stopping: { always: { guard: 'isStopped', target: 'stopped' } },
    stopped: { type: 'final' },
  },
  output: ({ context }) => context.exitReason ?? { kind: 'shutdown' },
});

export interface SupervisorOptions extends PerformerPorts {
  readonly id: string;
  /** Default `one_for_one`. */
  readonly strategy?: Strategy | undefined;
  /** Default `never`. */
  readonly autoShutdown?: AutoShutdown | undefined;
  readonly intensity?: RestartIntensity | undefined;
  readonly backoff?: BackoffPolicy | undefined;
  /** Started from left to right, stopped from right to left. */
  readonly children: readonly ChildSpec[];
  /** Aborting it while the children start stops those that have; afterwards it means nothing. */
  readonly signal?: AbortSignal | undefined;
}

/** One line of `whichChildren`. */
export interface ChildSummary {
  readonly id: string;
  readonly type: ChildType;
  readonly restart: RestartType;
  readonly status: ChildState['status'];
  /** How often it was started again. */
  readonly restarts: number;
}

/** OTP's `count_children`. */
export interface ChildCounts {
  /** All children that it knows. */
  readonly specs: number;
  /** Those that are up, or on their way up or down. */
  readonly active: number;
  readonly supervisors: number;
  /** Actors and workers. */
  readonly workers: number;
}

/**
 * A running supervisor. Requests are answered when they are done, in order with what else happens to their child;
 * they reject with the start's own error, with `child.*` where OTP refuses, and with `actor.ended` once it stops.
 */
export interface Supervisor {
  readonly id: string;
  /** Resolves once, when every child is down: `shutdown` (also when it gave up, with the error), or `killed`. */
  readonly exited: Promise<ExitReason>;
  /** Stops the children in reverse order, each within its `shutdownMs`, then ends. */
  stop(): Promise<void>;
  /** Kills all children at once. */
  kill(): void;
  /** Adds a child after the others and starts it; forgets it when it cannot start. `child.started`, `child.present`. */
  startChild(spec: ChildSpec): Promise<void>;
  /** Stops a child, or its restart. A temporary one is forgotten, others can be restarted. `child.not_found`. */
  terminateChild(id: string): Promise<void>;
  /** Starts a child that is down. `child.not_found`, `child.running`, `child.restarting`, `child.dynamic`. */
  restartChild(id: string): Promise<void>;
  /** Forgets a child that is down. `child.not_found`, `child.running`, `child.restarting`, `child.dynamic`. */
  deleteChild(id: string): Promise<void>;
  /**
   * Takes in children that run already, as if it had started them; those it knows stay as they are. `order` names all
   * children in start order. What was adopted before and is not named again may be forgotten.
   */
  adoptChildren(children: readonly AdoptedChild[], order: readonly string[]): void;
  /** In start order. */
  whichChildren(): readonly ChildSummary[];
  countChildren(): ChildCounts;
  /** The live tree from here; `parentPath` is the path of what this supervisor hangs under. */
  tree(parentPath?: string): SupervisorNode;
}

/**
 * Starts the children in order and resolves when all have been up. Rejects when one could not start (those
 * before it are stopped again, in reverse) or restarts exceeded the intensity meanwhile; throws
 * `definition.invalid` for limits without a meaning and ids that repeat.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { id, clock } = options;
  const initial = newSupervisor({
    id,
    strategy: options.strategy ?? 'one_for_one',
    autoShutdown: options.autoShutdown ?? 'never',
    intensity: options.intensity ?? DEFAULT_INTENSITY,
    backoff: options.backoff ?? DEFAULT_BACKOFF,
    children: options.children.map(factsOf),
  });
  const due: Action[] = [];
  let performing = false;
  const send = (event: SupervisorEvent): void => {
    // What is still under way when a supervisor has ended (a late request) has nobody to decide on it.
    if (actor.getSnapshot().status !== 'active') return;
    actor.send({ ...event, at: clock.now() });
    if (performing) return;
    performing = true;
    try {
      for (let action = due.shift(); action !== undefined; action = due.shift()) performer.perform(action);
    } finally {
      performing = false;
    }
  };
  const performer = createPerformer(id, options, options.children, send);
  // Performed after the transition, not inside: nested supervisors are machines too, and XState's are not
  // re-entrant; and whoever is told of an action sees the state that asked for it.
  const machine = supervisorMachine.provide({
    actions: { perform: (_scope, { actions }) => void due.push(...actions) },
  });
  const actor = createActor(machine, { input: initial });
  const state = (): SupervisorState => actor.getSnapshot().context;

  const ask = async (event: (request: number) => SupervisorEvent, spec?: ChildSpec): Promise<void> => {
    if (actor.getSnapshot().status !== 'active')
      throw new BanyanError('actor.ended', { message: `The supervisor '${id}' has ended` });
    const { request, answer } = performer.request(spec);
    send(event(request));
    return answer;
  };

  const abandon = (): void => send({ type: 'stop' });
  options.signal?.addEventListener('abort', abandon, { once: true });
  actor.start();
  send({ type: 'boot' });
  if (options.signal?.aborted === true) abandon();
  try {
    await performer.ready;
  } finally {
    options.signal?.removeEventListener('abort', abandon);
  }

  return {
    id,
    exited: performer.exited,
    stop: async () => {
      send({ type: 'stop' });
      await performer.exited;
    },
    kill: () => send({ type: 'kill' }),
    startChild: (spec) => ask((request) => ({ type: 'start.child', child: factsOf(spec), request }), spec),
    terminateChild: (child) => ask((request) => ({ type: 'terminate.child', id: child, request })),
    restartChild: (child) => ask((request) => ({ type: 'restart.child', id: child, request })),
    deleteChild: (child) => ask((request) => ({ type: 'delete.child', id: child, request })),
    adoptChildren: (children, order) => {
      performer.offer(children);
      send({ type: 'adopt', children: children.map(({ spec }) => factsOf(spec)), order });
    },
    whichChildren: () => state().children.valueSeq().map(summaryOf).toArray(),
    countChildren: () => countOf(state()),
    tree: (parentPath) =>
      supervisorNode(state(), parentPath, clock.now(), (child) => performer.handle(child)),
  };
}

function summaryOf(child: ChildState): ChildSummary {
  const { id, type, restart, status, incarnation } = child;
  return { id, type, restart, status, restarts: Math.max(0, incarnation - 1) };
}

function countOf({ children }: SupervisorState): ChildCounts {
  const supervisors = children.count(({ type }) => type === 'supervisor');
  const active = children.count(isAlive);
  return { specs: children.size, active, supervisors, workers: children.size - supervisors };
}
