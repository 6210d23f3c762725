/**
 * The store port: ordered bytes under string keys, changed atomically. A cache of what the log says (rule
 * R2): losing it costs time, nothing else. Implementations: `store-lmdb.ts`, `store-memory.ts`.
 */
import type { KeyRange } from './table.ts';

/** One change: a value to put, or undefined to delete the key. */
export type Change = readonly [key: string, value: Uint8Array | undefined];

export interface Store {
  get(key: string): Uint8Array | undefined;
  /**
   * The keys that begin with `bucket`, without it, in the order of their UTF-8 bytes, within `range`. What is
   * committed during a walk may be missed; every other row is visited once. End a walk or leave it with `for`:
   * one that is left lying keeps old pages in use.
   */
  range(bucket: string, range: KeyRange): Iterable<readonly [name: string, value: Uint8Array]>;
  /** All changes or none; visible to reads at once. Throws `store.full`, `store.damaged`; nothing changed then. */
  commit(changes: Iterable<Change>): void;
  /** Marks the end of clean work and closes. No method may be called afterwards. */
  close(): Promise<void>;
}
