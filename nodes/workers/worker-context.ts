/** What the function of a worker's module is called with. */
import type { ConnectOptions } from '../client/connect.ts';

export interface WorkerContext {
  /** As it is declared. */
  readonly id: string;
  /** The name of the node that it runs on. */
  readonly node: string;
  readonly namespace: string;
  /** For `connectBanyan(context.broker)` of `banyan/client`. */
  readonly broker: ConnectOptions;
  /**
   * Aborts when the worker is to end: its node stops, or has died. Whoever lets the function end with this
   * signal's reason, or with an `AbortError`, has ended in order.
   */
  readonly signal: AbortSignal;
}

/** The default export of a worker's module. Returning is a normal end, throwing a failure. */
export type WorkerFunction = (context: WorkerContext) => Promise<void> | void;
