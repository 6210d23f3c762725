/** What passes between a node and the process of a worker, as JSON. */
import type { WorkerContext } from './worker-context.ts';

/** Everything that the process is started with. Not in its arguments: those are for everybody to see. */
export interface WorkerStart {
  readonly module: string;
  readonly context: Omit<WorkerContext, 'signal'>;
}

export type ToWorker =
  | { readonly type: 'start'; readonly start: WorkerStart }
  | { readonly type: 'stop' }
  /** To be answered at once: whoever does not is stuck. */
  | { readonly type: 'ping' };

/** Something that was thrown in the worker, as far as it can be carried. */
export interface WorkerFault {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
}

export type FromWorker =
  /** It answers pings from here on. */
  | { readonly type: 'loading' }
  /** Its module is imported and its function was called. */
  | { readonly type: 'ready' }
  | { readonly type: 'pong' }
  /** The function has ended; the process ends next. */
  | { readonly type: 'ended'; readonly fault?: WorkerFault };

/** The file descriptor that closes when the node is gone, however it went. */
export const LIFELINE_FD = 4;
