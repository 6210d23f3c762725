/**
 * The layout of a shard's store. Every key is `bucket + name`; a bucket begins with its partition, so one
 * partition can be dropped or moved by prefix. `|` separates: addresses and table names cannot contain it.
 */
import type { Address } from '../protocol/address.ts';

const prefix = (partition: number): string => String(partition).padStart(4, '0');

export const buckets = {
  /** The partition's own facts: cursor, format. */
  partition: (partition: number) => `${prefix(partition)}|c|`,
  /** Actor snapshots by address. */
  actors: (partition: number) => `${prefix(partition)}|a|`,
  /** Status of actors that are not simply running, and how often in a row those that run have failed. */
  status: (partition: number) => `${prefix(partition)}|b|`,
  /** Rows of a table, or entries of an index, whose name holds a `#`. */
  rows: (partition: number, actor: Address, table: string) =>
    `${prefix(partition)}|${table.includes('#') ? 'i' : 'r'}|${actor}|${table}|`,
  allRows: (partition: number, actor: Address) => `${prefix(partition)}|r|${actor}|`,
  /** The rows of all actors of a kind. */
  rowsOfKind: (partition: number, kind: string) => `${prefix(partition)}|r|${kind}/`,
  /** Entries of all indexes; no part of a checkpoint, because they follow from the rows. */
  indexes: (partition: number) => `${prefix(partition)}|i|`,
  /** Highest effect numbers applied, by sending partition (rule R5); a row holds many. */
  marks: (partition: number) => `${prefix(partition)}|m|`,
  /** Highest number applied, by receiving actor and outside sender. */
  senders: (partition: number, actor: Address) => `${prefix(partition)}|s|${actor}|`,
  timers: (partition: number, actor: Address) => `${prefix(partition)}|t|${actor}|`,
  allTimers: (partition: number) => `${prefix(partition)}|t|`,
  tasks: (partition: number) => `${prefix(partition)}|k|`,
  outbox: (partition: number) => `${prefix(partition)}|o|`,
  parked: (partition: number, actor: Address) => `${prefix(partition)}|p|${actor}|`,
  /** Whom an actor watches. */
  watching: (partition: number, actor: Address) => `${prefix(partition)}|h|${actor}|`,
  /** Who watches an actor or a worker. */
  watchers: (partition: number, target: Address) => `${prefix(partition)}|w|${target}|`,
  /** Workers by address. */
  workers: (partition: number) => `${prefix(partition)}|x|`,
  /** Results of calls by request id. */
  results: (partition: number) => `${prefix(partition)}|v|`,
  /** Facts about this copy of the state; no part of a checkpoint. */
  local: (partition: number) => `${prefix(partition)}|l|`,
  /** Which rows no checkpoint holds yet; no part of a checkpoint. */
  unsaved: (partition: number) => `${prefix(partition)}|d|`,
  /** Everything of a partition. */
  all: (partition: number) => `${prefix(partition)}|`,
} as const;

/** The partition of a bucket. */
export function partitionOfBucket(bucket: string): number {
  return Number(bucket.slice(0, 4));
}

/** Whether a bucket's rows belong into a checkpoint. */
export function isCheckpointed(bucket: string): boolean {
  return bucket[5] !== 'l' && bucket[5] !== 'd' && bucket[5] !== 'i';
}

/** A position in the log as a sortable name: `<entry>.<index>.<effect>`, zero-padded. */
export function positionName(entry: number, index: number, effect = 0): string {
  return `${String(entry).padStart(16, '0')}.${String(index).padStart(4, '0')}.${String(effect).padStart(6, '0')}`;
}

/** Orders keys as their UTF-8 bytes do, which is the store's order. UTF-16 order differs for surrogates only. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates encode the code points above every other UTF-16 unit. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
