/** The vocabulary of decisions: what a supervisor remembers, what happens to it, what it wants done. All data. */
import { Map, OrderedMap, Stack } from 'immutable';
import { BanyanError } from '../protocol/errors.ts';
import { type BackoffPolicy, type BackoffState, backoff } from './backoff.ts';
import type { ChildFacts, ExitReason } from './child-spec.ts';
import { type IntensityState, type RestartIntensity, intensity } from './restart-intensity.ts';

/**
 * Which siblings share the fate of a child that failed: nobody, everybody, those started after it. Under
 * `simple_one_for_one` all children are added later; they have no order, and are forgotten when they are not restarted.
 */
export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one' | 'simple_one_for_one';

/** Whether significant children that end by themselves end their supervisor: the first, or the last of them. */
export type AutoShutdown = 'never' | 'any_significant' | 'all_significant';

export interface ChildState extends ChildFacts {
  /** `waiting` backs off before a restart; `stopped` is down until somebody asks or its group restarts. */
  readonly status: 'stopped' | 'starting' | 'running' | 'stopping' | 'waiting';
  /** How often it was started; tells a late report about an earlier incarnation from one about this one. */
  readonly incarnation: number;
  readonly backoff: BackoffState;
  /** The restart that a waiting child waits for. */
  readonly pending: PendingRestart | undefined;
  /** Stopped, because it returns together with this sibling, which is waiting. */
  readonly awaits: string | undefined;
  /** It was up before its supervisor heard of it, and may be forgotten while it runs. */
  readonly adopted: boolean;
}

export interface PendingRestart {
  /** The timer that must fire; any earlier one of this child will do when there is no back-off. */
  readonly timer: number;
  readonly delayMs: number;
  /** It was counted, or need not be: a restart counts when it is attempted. */
  readonly counted: boolean;
  /** Why the child is down. */
  readonly reason: ExitReason;
}

/**
 * Something a supervisor does step by step: stops first, from right to left, then starts, from left to right, each
 * when the one before has ended. What it does next when a start fails, and who is told, depends on the purpose.
 */
export interface Procedure {
  readonly stops: Stack<string>;
  readonly starts: Stack<string>;
  readonly purpose:
    | { readonly type: 'boot' }
    | { readonly type: 'restart' }
    /** Siblings are stopped while `leader` backs off. */
    | { readonly type: 'clear'; readonly leader: string }
    | { readonly type: 'add' | 'revive' | 'terminate'; readonly id: string; readonly request: number };
}

/**
 * What is under way for one child, or for all of a group, and what has come meanwhile: it is looked at afterwards, in
 * order. A gen_server that is busy does the same with its mailbox, but for all of its children.
 */
export interface Lane {
  readonly procedure: Procedure;
  readonly deferred: readonly SupervisorEvent[];
}

export interface SupervisorState {
  readonly id: string;
  readonly strategy: Strategy;
  readonly autoShutdown: AutoShutdown;
  readonly intensity: IntensityState;
  readonly backoff: BackoffPolicy;
  readonly phase: 'starting' | 'running' | 'stopping' | 'stopped';
  /** By id, in start order. */
  readonly children: OrderedMap<string, ChildState>;
  /** What is under way, by the child that it is about; under {@link ALL} when it is about all of them. */
  readonly lanes: Map<string, Lane>;
  /** While it stops: those that are still to stop, the next one first, and how many are not yet down. */
  readonly ending: {
    readonly order: Stack<string>;
    readonly left: number;
    /** Who had asked for a child's end, and gets it. */
    readonly asked: Map<string, number>;
  };
  readonly timersSet: number;
  /** Why it stops or has stopped. */
  readonly exitReason: ExitReason | undefined;
  /** It stops because of too many restarts. */
  readonly gaveUp: boolean;
}

/** No child has this id. */
export const ALL = '';

interface ChildReport {
  readonly id: string;
  readonly incarnation: number;
}

/** What is known of a failure where it happened. `random` is one draw in [0, 1), so that decisions stay pure. */
interface Failure {
  readonly random: number;
  /** Declared a passing fault: it does not count towards the intensity. */
  readonly transient: boolean;
}

/** What reaches a supervisor's mailbox. */
export type SupervisorEvent =
  | { readonly type: 'boot' }
  | ({ readonly type: 'child.started' } & ChildReport)
  /** There was nothing to start. */
  | ({ readonly type: 'child.ignored' } & ChildReport)
  | ({ readonly type: 'child.startFailed'; readonly error: unknown } & ChildReport & Failure)
  | ({ readonly type: 'child.exited'; readonly reason: ExitReason } & ChildReport & Failure)
  | { readonly type: 'restart.due'; readonly id: string; readonly timer: number }
  | Adoption
  | ChildRequest
  | { readonly type: 'stop' }
  | { readonly type: 'kill' };

/**
 * Children that run already. Those adopted before that are not named again are forgotten, unless something is under
 * way; `order` names all children, in start order.
 */
export interface Adoption {
  readonly type: 'adopt';
  readonly children: readonly ChildFacts[];
  readonly order: readonly string[];
}

/** What somebody asks of a running supervisor about one child. */
export type ChildRequest =
  | { readonly type: 'start.child'; readonly child: ChildFacts; readonly request: number }
  | {
      readonly type: 'terminate.child' | 'restart.child' | 'delete.child';
      readonly id: string;
      readonly request: number;
    };

/** What a decision wants done; `perform.ts` is the only place that does it. */
export type Action =
  /** The specification that came with this request is the child's from now on. */
  | { readonly type: 'learn'; readonly id: string; readonly request: number }
  | { readonly type: 'start'; readonly id: string; readonly incarnation: number }
  /** 0 milliseconds kill at once, also a child that is stopping already. */
  | { readonly type: 'stop'; readonly id: string; readonly incarnation: number; readonly shutdownMs: number }
  /** Puts `restart.due` with this child and timer into the mailbox after `delayMs`. */
  | { readonly type: 'restartLater'; readonly id: string; readonly timer: number; readonly delayMs: number }
  | { readonly type: 'giveUp'; readonly id: string; readonly reason: ExitReason }
  /** It runs already, and is watched from now on. */
  | { readonly type: 'adopt'; readonly id: string }
  /** The child's specification is no longer needed, and nobody watches it. */
  | { readonly type: 'forget'; readonly id: string }
  | { readonly type: 'settle'; readonly request: number; readonly error?: unknown }
  /** Every declared child has been up. */
  | { readonly type: 'ready' }
  | { readonly type: 'exit'; readonly reason: ExitReason };

/**
 * A supervisor that has started nothing yet. Throws `definition.invalid` for limits without a meaning, ids that
 * repeat, and significant children that could never count.
 */
export function newSupervisor(options: {
  readonly id: string;
  readonly strategy: Strategy;
  readonly autoShutdown: AutoShutdown;
  readonly intensity: RestartIntensity;
  readonly backoff: BackoffPolicy;
  readonly children: readonly ChildFacts[];
}): SupervisorState {
  const { id, strategy, autoShutdown, children } = options;
  if (strategy === 'simple_one_for_one' && children.length > 0)
    throw invalid(`The supervisor '${id}' is simple_one_for_one: its children are added when it runs`);
  const account = backoff(options.backoff);
  const byId = OrderedMap<string, ChildState>().withMutations((map) => {
    for (const child of children) {
      const wrong = whatIsWrong(child, autoShutdown);
      if (wrong !== undefined) throw invalid(`The supervisor '${id}': ${wrong}`);
      if (map.has(child.id)) throw invalid(`The supervisor '${id}' has two children '${child.id}'`);
      map.set(child.id, newChild(child, account));
    }
  });
  return {
    id,
    strategy,
    autoShutdown,
    intensity: intensity(options.intensity),
    backoff: options.backoff,
    phase: 'starting',
    children: byId,
    lanes: Map(),
    ending: { order: Stack(), left: 0, asked: Map() },
    timersSet: 0,
    exitReason: undefined,
    gaveUp: false,
  };
}

/** A child that has never run. */
export function newChild(facts: ChildFacts, account: BackoffState): ChildState {
  const { id, type, restart, significant, shutdownMs } = facts;
  return {
    id,
    type,
    restart,
    significant,
    shutdownMs,
    status: 'stopped',
    incarnation: 0,
    backoff: account,
    pending: undefined,
    awaits: undefined,
    adopted: false,
  };
}

/** What no child may be, in OTP's words a bad combination; undefined when all is well. */
export function whatIsWrong(child: ChildFacts, autoShutdown: AutoShutdown): string | undefined {
  const { id, restart, significant, shutdownMs } = child;
  if (id === ALL) return 'a child needs an id';
  if (!(shutdownMs >= 0)) return `'${id}' cannot have ${shutdownMs} ms to stop`;
  if (significant && autoShutdown === 'never')
    return `'${id}' cannot be significant where autoShutdown is never`;
  if (significant && restart === 'permanent') return `'${id}' cannot be significant: it is always restarted`;
  return undefined;
}

/** Whether there may be something in memory that has to end before the child is down. */
export function isAlive({ status }: ChildState): boolean {
  return status === 'starting' || status === 'running' || status === 'stopping';
}

/** Whether the children depend on each other's order, so that what is done to one concerns all. */
export function isGroup({ strategy }: SupervisorState): boolean {
  return strategy === 'one_for_all' || strategy === 'rest_for_one';
}

function invalid(message: string): BanyanError {
  return new BanyanError('definition.invalid', { message });
}
