/** The store in memory: for simulation, replay and tests. Passes the same conformance suite as LMDB. */
import type { Change, Store } from './store.ts';
import { inBucket } from './bucket-range.ts';
import { SortedMap } from './sorted-map.ts';
import type { KeyRange } from './table.ts';

export class MemoryStore implements Store {
  readonly #entries = new SortedMap<Uint8Array>();

  get(key: string): Uint8Array | undefined {
    return this.#entries.get(key);
  }

  *range(bucket: string, range: KeyRange): Generator<readonly [string, Uint8Array]> {
    for (const [key, value] of this.#entries.range(inBucket(bucket, range)))
      yield [key.slice(bucket.length), value];
  }

  commit(changes: Iterable<Change>): void {
    // Taken in first: if the iterable throws, nothing has changed.
    for (const [key, value] of [...changes]) {
      if (value === undefined) this.#entries.delete(key);
      else this.#entries.set(key, new Uint8Array(value));
    }
  }

  async close(): Promise<void> {}
}
