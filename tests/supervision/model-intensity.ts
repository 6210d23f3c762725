/** The restarts that the model has counted: all of them, and a look back whenever somebody asks. */
export class CountedRestarts {
  readonly #max: number;
  readonly #windowMs: number;
  readonly #at: number[] = [];

  constructor(max: number, windowMs: number) {
    this.#max = max;
    this.#windowMs = windowMs;
  }

  /** Counts one; says whether that is one too many. */
  isTooMany(now: number): boolean {
    this.#at.push(now);
    return this.used(now) > this.#max;
  }

  /** How many there were within the window that ends `now`. */
  used(now: number): number {
    return this.#at.filter((at) => at >= now - this.#windowMs).length;
  }
}
