/** Decisions drawn from a seed. Each purpose has its own sequence, so that one more of this changes nothing of that. */
import { randomSequence } from '../../runtime/randomness.ts';

export class Draw {
  readonly next: () => number;

  constructor(seed: number, purpose: string) {
    this.next = randomSequence(`${purpose} ${seed}`);
  }

  chance(rate: number): boolean {
    return this.next() < rate;
  }

  /** A whole number of `low` to `high`. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  pick<T>(among: readonly T[]): T {
    return among[Math.floor(this.next() * among.length)] as T;
  }

  /** Some of them, in their order; each with the given chance. */
  some<T>(among: readonly T[], rate: number): T[] {
    return among.filter(() => this.chance(rate));
  }
}
