/** What a supervisor knows about a child: how to start it, when to restart it, how long it may take to stop. */
import type { TreeNode } from './tree.ts';

export type ChildType = 'supervisor' | 'actor' | 'worker';

/**
 * `permanent`: always restarted. `transient`: restarted unless it ended normally or by shutdown.
 * `temporary`: never restarted, and forgotten when it ends.
 */
export type RestartType = 'permanent' | 'transient' | 'temporary';

/** How a child ended. `shutdown` is an orderly end: it was asked to, or it is a supervisor that gave up. */
export interface ExitReason {
  readonly kind: 'normal' | 'shutdown' | 'error' | 'killed';
  readonly error?: unknown;
}

/** The part of a child's specification that is plain data; decisions see nothing else. */
export interface ChildFacts {
  /** Unique among its siblings; an actor's id is its address. */
  readonly id: string;
  readonly type: ChildType;
  readonly restart: RestartType;
  /** Its end by itself may end its supervisor, as the supervisor's `autoShutdown` says. */
  readonly significant: boolean;
  /** How long it may take to stop before it is killed. 0 kills at once, `Infinity` waits for ever. */
  readonly shutdownMs: number;
}

export interface ChildSpec extends Pick<ChildFacts, 'id' | 'type' | 'restart'> {
  /** Default false. */
  readonly significant?: boolean;
  /** Default 5 s, for supervisors `Infinity`: their children have times of their own (OTP's defaults). */
  readonly shutdownMs?: number;
  /**
   * Starts a new incarnation. Resolves when it is up, or with undefined when there is nothing to run now: the
   * child is kept, stopped (OTP's `ignore`). Rejects when it could not start. `signal` aborts when it is no longer
   * wanted before that: whoever takes long to start should listen and reject.
   */
  start(signal: AbortSignal): Promise<ChildHandle | undefined>;
  /**
   * Whether what ended it, or kept it from starting, is declared a passing fault of its surroundings and no bug:
   * it backs off and returns however often that happens, without counting towards the intensity. Without this, what
   * is a `TransientFault`.
   */
  readonly isTransient?: (error: unknown) => boolean;
}

/** One incarnation of a child. */
export interface ChildHandle {
  /**
   * Asks for an orderly end. Only `exited` says that it has ended; a rejection gets the child killed.
   * `signal` aborts when the time for it is over, just before `kill`.
   */
  stop(signal: AbortSignal): Promise<void>;
  /** Ends it without asking. Must not throw, and must bring about `exited`: nothing is started in its place before that. */
  kill(): void;
  /** Resolves once, however it ended. A rejection counts as `{kind: 'error'}`. */
  readonly exited: Promise<ExitReason>;
  /** What `tree` shows beyond what its supervisor knows (an actor's state, a supervisor's children). */
  describe?(path: string): Partial<TreeNode>;
}

/** How long actors and workers may take to stop, unless they say otherwise. */
export const SHUTDOWN_MS = 5_000;

/** The facts of a specification, with OTP's defaults. */
export function factsOf(spec: ChildSpec): ChildFacts {
  const { id, type, restart, significant = false } = spec;
  const shutdownMs = spec.shutdownMs ?? (type === 'supervisor' ? Number.POSITIVE_INFINITY : SHUTDOWN_MS);
  return { id, type, restart, significant, shutdownMs };
}

/** Whether a child of this restart type returns after such an end. */
export function restartsAfter(restart: RestartType, reason: ExitReason): boolean {
  if (restart === 'permanent') return true;
  if (restart === 'temporary') return false;
  return reason.kind === 'error' || reason.kind === 'killed';
}
