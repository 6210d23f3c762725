/**
 * What turns have changed since the last window, over what the store holds. Reads see both. A turn that
 * throws is undone; a window hands everything to the store at once.
 *
 * User code never runs inside a store transaction: a turn that hangs can be killed with its thread, and
 * no lock is left behind.
 */
import { compareKeys, isCheckpointed } from './keys.ts';
import { SortedMap } from './sorted-map.ts';
import type { Change, Store } from './store.ts';
import type { KeyRange } from './table.ts';

type Written = { readonly value: Uint8Array | undefined };

/** Hears what a window changes, and adds rows of its own to the same commit. */
export interface FlushObserver {
  changes(bucket: string, name: string, value: Uint8Array | undefined): void;
  /** Called once every change was told. */
  notes(): Iterable<Change>;
  committed(): void;
}

export class Overlay {
  readonly #store: Store;
  readonly #observer: FlushObserver | undefined;
  readonly #buckets = new Map<string, SortedMap<Written>>();
  #undo: [bucket: string, name: string, before: Written | undefined][] = [];
  #undoneBytes = 0;
  /** Writes since {@link mark} that follow from others. */
  #derived = 0;
  #changed = 0;
  #bytes = 0;
  /** Grows with every change, so that a walk notices. */
  #writes = 0;

  constructor(store: Store, observer?: FlushObserver) {
    this.#store = store;
    this.#observer = observer;
  }

  /** How many keys differ from the store. */
  get size(): number {
    return this.#changed;
  }

  /** How many bytes were written since the last window; what was written twice counts twice. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many writes of the turn a checkpoint will have to take. */
  get writesSinceMark(): number {
    return this.#undo.length - this.#derived;
  }

  /** How many bytes were written since {@link mark}. */
  get bytesSinceMark(): number {
    return this.#bytes - this.#undoneBytes;
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

  /**
   * Rows in order; writes made while walking are seen if they lie ahead, whether or not the window had
   * written before: a turn must see the same in a replay, whose windows begin elsewhere. Of writes since the
   * last window, those under exactly this bucket are seen, not those under a longer one that begins with it.
   */
  *range(bucket: string, range: KeyRange): Generator<readonly [string, Uint8Array]> {
    const { limit = Number.POSITIVE_INFINITY, ...bounds } = range;
    const direction = range.reverse === true ? -1 : 1;
    const theirs = this.#store.range(bucket, bounds)[Symbol.iterator]();
    let ours: Iterator<[string, Written], undefined> | undefined;
    let mine: [string, Written] | undefined;
    let writes = -1;
    let last: string | undefined;
    try {
      let stored = theirs.next();
      for (let left = limit; left > 0;) {
        if (writes !== this.#writes) {
          writes = this.#writes;
          ours = this.#buckets.get(bucket)?.range(behind(bounds, last));
          mine = ours?.next().value;
        }
        let row: readonly [string, Uint8Array | undefined];
        if (
          mine !== undefined &&
          (stored.done === true || direction * compareKeys(mine[0], stored.value[0]) <= 0)
        ) {
          row = [mine[0], mine[1].value];
          if (stored.done !== true && stored.value[0] === mine[0]) stored = theirs.next();
          mine = ours?.next().value;
        } else {
          if (stored.done === true) return;
          row = stored.value;
          stored = theirs.next();
        }
        last = row[0];
        if (row[1] === undefined) continue;
        left--;
        yield row as readonly [string, Uint8Array];
      }
    } finally {
      // A walk of the store that nobody ends keeps its pages in use.
      theirs.return?.();
    }
  }

  /** Begins a turn: what is written from here on can be undone. */
  mark(): void {
    this.#undo = [];
    this.#derived = 0;
    this.#undoneBytes = this.#bytes;
  }

  /** Undoes everything since {@link mark}. */
  rollback(): void {
    this.#writes++;
    this.#bytes = this.#undoneBytes;
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
    this.#derived = 0;
  }

  /** Commits everything to the store, atomically, and starts afresh. If the store throws, nothing is lost. */
  flush(): void {
    if (this.#changed > 0) {
      this.#store.commit(this.#changes());
      this.#observer?.committed();
    }
    this.drop();
  }

  /** Forgets everything that was not committed. */
  drop(): void {
    this.#writes++;
    this.#buckets.clear();
    this.#undo = [];
    this.#derived = 0;
    this.#changed = 0;
    this.#bytes = 0;
    this.#undoneBytes = 0;
  }

  *#changes(): Generator<Change> {
    for (const [bucket, written] of this.#buckets) {
      for (const [name, { value }] of written.entries()) {
        this.#observer?.changes(bucket, name, value);
        yield [bucket + name, value];
      }
    }
    if (this.#observer !== undefined) yield* this.#observer.notes();
  }

  #write(bucket: string, name: string, value: Written): void {
    let written = this.#buckets.get(bucket);
    if (written === undefined) this.#buckets.set(bucket, (written = new SortedMap()));
    const before = written.get(name);
    this.#undo.push([bucket, name, before]);
    if (!isCheckpointed(bucket)) this.#derived++;
    this.#writes++;
    if (before === undefined) this.#changed++;
    this.#bytes += value.value?.byteLength ?? 0;
    written.set(name, value);
  }
}

/** What is left of a range after a walk has come to `last`. */
function behind(bounds: KeyRange, last: string | undefined): KeyRange {
  if (last === undefined) return bounds;
  return bounds.reverse === true ? { ...bounds, lt: last } : { ...bounds, gt: last };
}
