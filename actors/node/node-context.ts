/** The node actor's small state; everything that grows is in its tables. */
import { escapeKey, isKey, unescapeKey } from '../../protocol/address.ts';
import type { NodeSettings } from '../settings.ts';
import { initialSending, type Sending, windowMax } from './sending.ts';
import { type FileState, fileStates } from './tables.ts';

export interface NodeContext {
  readonly key: string;
  readonly name: string;
  /** Of the process that last started; differs at each start. */
  readonly session: string | null;
  readonly capabilities: readonly string[];
  readonly capacity: number;
  /** Whether the machine is about to stop: nothing new is begun. */
  readonly stopping: boolean;
  /** Collections that the orchestrator waits for. */
  readonly attempts: number;
  /** Read tasks that are running. */
  readonly reading: number;
  /** Batches that are being read or wait for intake's decision. */
  readonly open: number;
  readonly nextBatch: number;
  readonly sending: Sending;
  /** The target whose items were read last. */
  readonly lastServed: string;
  readonly retryAtMs: number | null;
  /** Items by state. */
  readonly files: Readonly<Record<FileState, number>>;
  /** Collections by outcome. */
  readonly totals: { readonly collected: number; readonly empty: number; readonly failed: number };
}

/** How a collection ended. */
export interface Outcome {
  readonly outcome: 'collected' | 'empty' | 'failed';
  readonly reason?: string;
}

/** A context that one turn may change; the one it was made from stays as it is. */
export type Draft = { -readonly [K in keyof Omit<NodeContext, 'files'>]: NodeContext[K] } & {
  files: Record<FileState, number>;
};
export const draftOf = (context: NodeContext): Draft => ({ ...context, files: { ...context.files } });

export function initialContext(key: string, settings: NodeSettings): NodeContext {
  const none = Object.fromEntries(fileStates.map((state) => [state, 0])) as Record<FileState, number>;
  return {
    key,
    name: nameOf(key),
    session: null,
    capabilities: [],
    capacity: settings.capacity,
    stopping: false,
    attempts: 0,
    reading: 0,
    open: 0,
    nextBatch: 0,
    sending: initialSending(windowMax(settings.capacity, settings)),
    lastServed: '',
    retryAtMs: null,
    files: none,
    totals: { collected: 0, empty: 0, failed: 0 },
  };
}

/** The name behind a key; a key that was shortened stands for itself until `node.started` names the node. */
function nameOf(key: string): string {
  try {
    const name = unescapeKey(key);
    return escapeKey(name) === key ? name : key;
  } catch {
    return isKey(key) ? key : '';
  }
}

/** Tasks run on the node's own machine. */
export const pool = ({ key }: { readonly key: string }): string => `node.${key}`;
