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
  /** How long it may take to stop before it is killed. 0 kills at once, `Infinity` waits for ever. */
  readonly shutdownMs: number;
}

export interface ChildSpec extends ChildFacts {
  /**
   * Starts a new incarnation. Resolves when it is up; rejects when it could not start. `signal` aborts when
   * it is no longer wanted before that: whoever takes long to start should listen and reject.
   */
  start(signal: AbortSignal): Promise<ChildHandle>;
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

/** Whether a child of this restart type returns after such an end. */
export function restartsAfter(restart: RestartType, reason: ExitReason): boolean {
  if (restart === 'permanent') return true;
  if (restart === 'temporary') return false;
  return reason.kind === 'error' || reason.kind === 'killed';
}
