/** Items in the order of their sequences, found by sequence without looking at the others. */
export class SequenceList<T extends { readonly seq: number }> {
  readonly #items: T[] = [];

  get last(): T | undefined {
    return this.#items.at(-1);
  }

  /** The item's sequence must be greater than all there are. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** The first item behind a sequence. */
  after(seq: number): T | undefined {
    return this.#items[this.#placeOf(seq + 1)];
  }

  remove(seq: number): void {
    const place = this.#placeOf(seq);
    if (this.#items[place]?.seq === seq) this.#items.splice(place, 1);
  }

  /** Takes out what lies before a sequence. */
  takeBefore(seq: number): T[] {
    return this.#items.splice(0, this.#placeOf(seq));
  }

  /** How many items lie before a sequence. */
  #placeOf(seq: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle] as T).seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items[Symbol.iterator]();
  }
}
