/**
 * What turns have changed since the last window, over what the store holds. Reads see both. A turn that
 * throws is undone; a window hands everything to the store at once.
 *
 * User code never runs inside a store transaction: a turn that hangs can be killed with its thread, and
 * no lock is left behind.
 */
import { compareKeys } from './keys.ts';
import { SortedMap } from './sorted-map.ts';
import type { Change, Store } from './store.ts';
import type { KeyRange } from './table.ts';

type Written = { readonly value: Uint8Array | undefined };

export class Overlay {
  readonly #store: Store;
  readonly #buckets = new Map<string, SortedMap<Written>>();
  #undo: [bucket: string, name: string, before: Written | undefined][] = [];
  #changed = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** How many keys differ from the store. */
  get size(): number {
    return this.#changed;
  }

  /** How many writes {@link rollback} would undo. */
  get writesSinceMark(): number {
    return this.#undo.length;
  }

  get(bucket: string, name: string): Uint8Array | undefined {
    const written = this.#buckets.get(bucket)?.get(name);
    return written === undefined ? this.#store.get(bucket + name) : written.value;
  }

  put(bucket: string, name: string, value: Uint8Array): void {
    this.#write(bucket, name, { value });
  }

  delete(bucket: string, name: string): void {
    this.#write(bucket, name, { value: undefined });
  }

  /** Rows in order; writes made while walking are seen if they lie ahead. */
  *range(bucket: string, range: KeyRange): Generator<readonly [string, Uint8Array]> {
    const written = this.#buckets.get(bucket);
    if (written === undefined || written.size === 0) {
      yield* this.#store.range(bucket, range);
      return;
    }
    yield* this.#merge(bucket, written, range);
  }

  *#merge(
    bucket: string,
    written: SortedMap<Written>,
    range: KeyRange,
  ): Generator<readonly [string, Uint8Array]> {
    const { limit = Number.POSITIVE_INFINITY, ...unlimited } = range;
    const direction = range.reverse === true ? -1 : 1;
    const ours = written.range(unlimited);
    const theirs = this.#store.range(bucket, unlimited)[Symbol.iterator]();
    let mine = ours.next();
    let stored = theirs.next();
    for (let left = limit; left > 0;) {
      if (mine.done === true && stored.done === true) return;
      const order =
        mine.done === true
          ? 1
          : stored.done === true
            ? -1
            : direction * compareKeys(mine.value[0], stored.value[0]);
      if (order > 0) {
        yield stored.value as readonly [string, Uint8Array];
        left--;
        stored = theirs.next();
        continue;
      }
      const [name, { value }] = mine.value as [string, Written];
      if (order === 0) stored = theirs.next();
      if (value !== undefined) {
        yield [name, value];
        left--;
      }
      mine = ours.next();
    }
  }

  /** Begins a turn: what is written from here on can be undone. */
  mark(): void {
    this.#undo = [];
  }

  /** Undoes everything since {@link mark}. */
  rollback(): void {
    for (let i = this.#undo.length - 1; i >= 0; i--) {
      const [bucket, name, before] = this.#undo[i] as [string, string, Written | undefined];
      if (before === undefined) {
        this.#buckets.get(bucket)?.delete(name);
        this.#changed--;
      } else {
        this.#buckets.get(bucket)?.set(name, before);
      }
    }
    this.#undo = [];
  }

  /** Commits everything to the store, atomically, and starts afresh. If the store throws, nothing is lost. */
  flush(): void {
    if (this.#changed > 0) this.#store.commit(this.#changes());
    this.drop();
  }

  /** Forgets everything that was not committed. */
  drop(): void {
    this.#buckets.clear();
    this.#undo = [];
    this.#changed = 0;
  }

  *#changes(): Generator<Change> {
    for (const [bucket, written] of this.#buckets) {
      for (const [name, { value }] of written.entries()) yield [bucket + name, value];
    }
  }

  #write(bucket: string, name: string, value: Written): void {
    let written = this.#buckets.get(bucket);
    if (written === undefined) this.#buckets.set(bucket, (written = new SortedMap()));
    const before = written.get(name);
    this.#undo.push([bucket, name, before]);
    if (before === undefined) this.#changed++;
    written.set(name, value);
  }
}
