/** A fingerprint of everything that the store holds of one actor: the same state gives the same hash anywhere. */
import { createHash, type Hash } from 'node:crypto';
import type { Address } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import { buckets } from './keys.ts';
import type { Store } from './store.ts';
import { decodeRow, encodeRow } from './stored-row.ts';
import type { TaskRow } from './tasks.ts';

/**
 * SHA-256 in hexadecimal over the committed state of an actor: snapshot, standing, rows of all its tables,
 * timers, pending tasks, parked messages, what it has applied of outside senders, and who watches whom. The order of keys
 * within an object does not count: a state that was decoded once more may have another.
 */
export function stateHash(store: Pick<Store, 'get' | 'range'>, partition: number, address: Address): string {
  const hash = createHash('sha256');
  const state = store.get(buckets.actors(partition) + address);
  if (state !== undefined) add(hash, buckets.actors(partition), state);
  const status = store.get(buckets.status(partition) + address);
  if (status !== undefined) add(hash, buckets.status(partition), withoutReason(status));
  const ofActor = [
    buckets.allRows,
    buckets.timers,
    buckets.parked,
    buckets.senders,
    buckets.watching,
    buckets.watchers,
  ];
  for (const bucketOf of ofActor) {
    const bucket = bucketOf(partition, address);
    for (const [name, bytes] of store.range(bucket, {})) add(hash, bucket + name, bytes);
  }
  const tasks = buckets.tasks(partition);
  for (const [id, bytes] of store.range(tasks, {})) {
    if ((decode(bytes) as TaskRow).address === address) add(hash, tasks + id, bytes);
  }
  return hash.digest('hex');
}

/** The reason is for people: it quotes what was thrown, which may name the process that threw it. */
function withoutReason(status: Uint8Array): Uint8Array {
  const { reason: _, ...rest } = decode(status) as { reason?: string };
  return encode(rest);
}

/** Lengths first, so that no key can pass for the end of a value. What is no row of a table has no version. */
function add(hash: Hash, key: string, bytes: Uint8Array): void {
  const { row, version } = decodeRow(bytes);
  const value = encodeRow(inOrder(row), version);
  hash.update(`${Buffer.byteLength(key)}:${value.byteLength}:${key}`).update(value);
}

/** The value with the keys of its plain objects sorted. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  // A key named __proto__ would set the prototype of a literal.
  return Object.fromEntries(sorted.map(([key, inner]) => [key, inOrder(inner)]));
}
