/** The vocabulary of decisions: what a supervisor remembers, what happens to it, what it wants done. All data. */
import { type BackoffPolicy, type BackoffState, backoff } from './backoff.ts';
import type { ChildFacts, ExitReason } from './child-spec.ts';
import { type IntensityState, type RestartIntensity, intensity } from './restart-intensity.ts';

/** Which siblings share the fate of a child that failed: nobody, everybody, those started after it. */
export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one';

/** Somebody waits until a child runs, or until it has stopped. */
export interface PendingRequest {
  readonly request: number;
  readonly wants: 'running' | 'stopped';
}

export interface ChildState extends ChildFacts {
  /** `queued` waits for its turn to start, `waiting` for a back-off timer, `stopped` for somebody's request. */
  readonly status: 'queued' | 'starting' | 'running' | 'stopping' | 'waiting' | 'stopped';
  /** How often it was started; tells a late report about an earlier incarnation from one about this one. */
  readonly incarnation: number;
  /** Has never been up. */
  readonly fresh: boolean;
  /** Must stop, in reverse order with the others that must, before anything is started. */
  readonly doomed: boolean;
  /** What follows when it is down. */
  readonly afterStop: 'stopped' | 'restart';
  /** The back-off timer that must fire before it starts; undefined when none is set. */
  readonly timer: number | undefined;
  readonly backoff: BackoffState;
  readonly requests: readonly PendingRequest[];
}

export interface SupervisorState {
  readonly id: string;
  readonly strategy: Strategy;
  readonly intensity: IntensityState;
  readonly backoff: BackoffPolicy;
  readonly phase: 'starting' | 'running' | 'stopping' | 'stopped';
  /** In start order. */
  readonly children: readonly ChildState[];
  readonly timersSet: number;
  /** Why it stops or has stopped. */
  readonly exitReason: ExitReason | undefined;
  /** It stops because of too many restarts. */
  readonly gaveUp: boolean;
}

/** What reaches a supervisor's mailbox. `random` is one draw in [0, 1), so that decisions stay pure. */
export type SupervisorEvent =
  | { readonly type: 'boot' }
  | { readonly type: 'child.started'; readonly id: string; readonly incarnation: number }
  | {
      readonly type: 'child.startFailed';
      readonly id: string;
      readonly incarnation: number;
      readonly error: unknown;
      readonly random: number;
    }
  | {
      readonly type: 'child.exited';
      readonly id: string;
      readonly incarnation: number;
      readonly reason: ExitReason;
      readonly random: number;
    }
  | { readonly type: 'restart.due'; readonly timer: number }
  | { readonly type: 'start.child'; readonly child: ChildFacts; readonly request: number }
  | { readonly type: 'terminate.child'; readonly id: string; readonly request: number }
  | { readonly type: 'restart.child'; readonly id: string; readonly request: number }
  | { readonly type: 'delete.child'; readonly id: string; readonly request: number }
  | { readonly type: 'stop' }
  | { readonly type: 'kill' };

/** What a decision wants done; `perform.ts` is the only place that does it. */
export type Action =
  | { readonly type: 'start'; readonly id: string; readonly incarnation: number }
  /** 0 milliseconds kill at once, also a child that is stopping already. */
  | { readonly type: 'stop'; readonly id: string; readonly incarnation: number; readonly shutdownMs: number }
  /** Puts `restart.due` with this timer into the mailbox after `delayMs`; `id` is the child that failed. */
  | { readonly type: 'restartLater'; readonly id: string; readonly timer: number; readonly delayMs: number }
  | { readonly type: 'giveUp'; readonly id: string; readonly reason: ExitReason }
  /** The child's specification is no longer needed. */
  | { readonly type: 'forget'; readonly id: string }
  | { readonly type: 'settle'; readonly request: number; readonly error?: unknown }
  /** Every declared child has been up. */
  | { readonly type: 'ready' }
  | { readonly type: 'exit'; readonly reason: ExitReason };

/** A supervisor that has started nothing yet. Throws `definition.invalid` for limits without a meaning. */
export function newSupervisor(options: {
  readonly id: string;
  readonly strategy: Strategy;
  readonly intensity: RestartIntensity;
  readonly backoff: BackoffPolicy;
  readonly children: readonly ChildFacts[];
}): SupervisorState {
  return {
    id: options.id,
    strategy: options.strategy,
    intensity: intensity(options.intensity),
    backoff: options.backoff,
    phase: 'starting',
    children: options.children.map((child) => newChild(child, options.backoff)),
    timersSet: 0,
    exitReason: undefined,
    gaveUp: false,
  };
}

/** A child that waits for its first start. */
export function newChild(facts: ChildFacts, policy: BackoffPolicy): ChildState {
  const { id, type, restart, shutdownMs } = facts;
  return {
    id,
    type,
    restart,
    shutdownMs,
    status: 'queued',
    incarnation: 0,
    fresh: true,
    doomed: false,
    afterStop: 'stopped',
    timer: undefined,
    backoff: backoff(policy),
    requests: [],
  };
}

/** Whether there may be something in memory that has to end before the child is down. */
export function isAlive(child: ChildState): boolean {
  return child.status === 'starting' || child.status === 'running' || child.status === 'stopping';
}

/** A copy with one child changed. */
export function withChild(
  state: SupervisorState,
  index: number,
  change: Partial<ChildState>,
): SupervisorState {
  const child = state.children[index];
  if (child === undefined) return state;
  return { ...state, children: state.children.with(index, { ...child, ...change }) };
}
