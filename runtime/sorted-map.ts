/** A map whose keys can be walked in byte order. Keys are sorted when first walked, and kept sorted from then on. */
import { compareKeys } from './keys.ts';
import type { KeyRange } from './table.ts';

export class SortedMap<V> {
  readonly #values = new Map<string, V>();
  #sorted: string[] | undefined;
  /** Grows when a key comes or goes: places of keys may have changed. */
  #moves = 0;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  set(key: string, value: V): void {
    if (this.#sorted !== undefined && !this.#values.has(key)) {
      this.#sorted.splice(this.#position(key), 0, key);
      this.#moves++;
    }
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#values.delete(key) || this.#sorted === undefined) return;
    this.#sorted.splice(this.#position(key), 1);
    this.#moves++;
  }

  entries(): Iterable<[string, V]> {
    return this.#values.entries();
  }

  /** Walks a range in order; the map may change meanwhile, each step continues behind the last key. */
  *range(range: KeyRange): Generator<[string, V], undefined> {
    this.#sorted ??= [...this.#values.keys()].sort(compareKeys);
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    const step = range.reverse === true ? -1 : 1;
    let at = range.reverse === true ? this.#upper(range) - 1 : this.#lower(range);
    while (left-- > 0) {
      const key = this.#sorted[at];
      if (key === undefined || !inRange(key, range)) return undefined;
      const moves = this.#moves;
      yield [key, this.#values.get(key) as V];
      if (moves === this.#moves) at += step;
      else at = this.#position(key) + (step === -1 ? -1 : this.#values.has(key) ? 1 : 0);
    }
    return undefined;
  }

  #position(key: string): number {
    const keys = this.#sorted as string[];
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(keys[middle] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where the keys end that begin with a prefix: no character is greater than all that may follow it. */
  #behind(prefix: string): number {
    const keys = this.#sorted as string[];
    let low = this.#position(prefix);
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as string).startsWith(prefix)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #lower({ gte, gt, prefix }: KeyRange): number {
    let at = 0;
    for (const bound of [gte, gt, prefix]) if (bound !== undefined) at = Math.max(at, this.#position(bound));
    const keys = this.#sorted as string[];
    return gt !== undefined && keys[at] === gt ? at + 1 : at;
  }

  #upper({ lte, lt, prefix }: KeyRange): number {
    const keys = this.#sorted as string[];
    let at = keys.length;
    if (lt !== undefined) at = Math.min(at, this.#position(lt));
    if (lte !== undefined) {
      const position = this.#position(lte);
      at = Math.min(at, keys[position] === lte ? position + 1 : position);
    }
    if (prefix !== undefined) at = Math.min(at, this.#behind(prefix));
    return at;
  }
}

/** Whether a key lies within the bounds, in byte order. */
export function inRange(key: string, { gte, gt, lte, lt, prefix }: KeyRange): boolean {
  return (
    (prefix === undefined || key.startsWith(prefix)) &&
    (gte === undefined || compareKeys(key, gte) >= 0) &&
    (gt === undefined || compareKeys(key, gt) > 0) &&
    (lte === undefined || compareKeys(key, lte) <= 0) &&
    (lt === undefined || compareKeys(key, lt) < 0)
  );
}
