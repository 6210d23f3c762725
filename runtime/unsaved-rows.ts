/**
 * Which rows of a shard's partitions no checkpoint holds yet. Noted with the window that changes them, in the
 * same commit, so that a shard that starts again on its store still knows them.
 */
import { decode, encode } from '../protocol/codec.ts';
import { buckets, isCheckpointed, partitionOfBucket } from './keys.ts';
import type { FlushObserver } from './overlay.ts';
import type { Change, Store } from './store.ts';

/** The unsaved rows of one partition. */
interface Unsaved {
  /** Keys with the bytes of their rows, changed since the last checkpoint was taken. */
  rows: Map<string, number>;
  bytes: number;
  /** Changed by the window that commits now, and not noted yet. */
  readonly fresh: Map<string, number>;
  /** Grows with every checkpoint that is taken; names the notes. */
  generation: number;
  notes: number;
}

/** What a checkpoint takes over: the keys, and up to which generation they were noted. */
export interface TakenRows {
  readonly keys: readonly string[];
  readonly generation: number;
}

export class UnsavedRows implements FlushObserver {
  readonly #partitions = new Map<number, Unsaved>();

  /** Begins with what the store has noted. Without it, changes of the partition are not followed. */
  open(partition: number, store: Store): void {
    const unsaved: Unsaved = { rows: new Map(), bytes: 0, fresh: new Map(), generation: 1, notes: 0 };
    for (const [name, note] of store.range(buckets.unsaved(partition), {})) {
      unsaved.generation = Math.max(unsaved.generation, generationOf(name) + 1);
      for (const key of decode(note) as string[]) add(unsaved, key, store.get(key)?.byteLength ?? 0);
    }
    this.#partitions.set(partition, unsaved);
  }

  close(partition: number): void {
    this.#partitions.delete(partition);
  }

  /** How many rows wait for a checkpoint, without those that one has taken. */
  rows(partition: number): number {
    return this.#partitions.get(partition)?.rows.size ?? 0;
  }

  bytes(partition: number): number {
    return this.#partitions.get(partition)?.bytes ?? 0;
  }

  /** Hands the rows over to a checkpoint. Call between windows. */
  take(partition: number): TakenRows {
    const unsaved = this.#partitions.get(partition);
    if (unsaved === undefined) return { keys: [], generation: 0 };
    const keys = [...unsaved.rows.keys()];
    unsaved.rows = new Map();
    unsaved.bytes = 0;
    unsaved.notes = 0;
    return { keys, generation: unsaved.generation++ };
  }

  /** The checkpoint is stored: its notes go; `left` are rows that the next one must take again. */
  saved(partition: number, store: Store, { generation }: TakenRows, left: readonly string[]): void {
    const unsaved = this.#partitions.get(partition);
    if (unsaved === undefined) return;
    const bucket = buckets.unsaved(partition);
    const changes: Change[] = [];
    for (const [name] of store.range(bucket, { lt: noteName(generation + 1, 0) }))
      changes.push([bucket + name, undefined]);
    for (const key of left) add(unsaved, key, store.get(key)?.byteLength ?? 0);
    if (left.length > 0) changes.push([bucket + noteName(unsaved.generation, unsaved.notes++), encode(left)]);
    if (changes.length > 0) store.commit(changes);
  }

  changes(bucket: string, name: string, value: Uint8Array | undefined): void {
    if (!isCheckpointed(bucket)) return;
    const unsaved = this.#partitions.get(partitionOfBucket(bucket));
    unsaved?.fresh.set(bucket + name, value?.byteLength ?? 0);
  }

  /** Notes what was not noted since the last checkpoint was taken. */
  *notes(): Generator<Change> {
    for (const [partition, unsaved] of this.#partitions) {
      const keys = [...unsaved.fresh.keys()].filter((key) => !unsaved.rows.has(key));
      if (keys.length > 0)
        yield [buckets.unsaved(partition) + noteName(unsaved.generation, unsaved.notes++), encode(keys)];
    }
  }

  committed(): void {
    for (const unsaved of this.#partitions.values()) {
      for (const [key, bytes] of unsaved.fresh) add(unsaved, key, bytes);
      unsaved.fresh.clear();
    }
  }
}

/** Notes rows that the next checkpoint must write, whatever else it does. Call before the partition is opened. */
export function noteUnsaved(store: Store, partition: number, keys: readonly string[]): void {
  if (keys.length > 0) store.commit([[buckets.unsaved(partition) + noteName(0, 0), encode(keys)]]);
}

function add(unsaved: Unsaved, key: string, bytes: number): void {
  unsaved.bytes += bytes - (unsaved.rows.get(key) ?? 0);
  unsaved.rows.set(key, bytes);
}

function noteName(generation: number, note: number): string {
  return `${String(generation).padStart(12, '0')}|${String(note).padStart(8, '0')}`;
}

function generationOf(name: string): number {
  return Number(name.slice(0, name.indexOf('|')));
}
