/**
 * Texts as directions: a term weighs √occurrences · log2(documents / documents with it), and the vector has
 * length 1, so that the product of two is their cosine.
 */
import { documentsWith, type Frequencies } from './frequencies.ts';

/** Terms of one document; the heaviest say what it is about. */
const TERMS_PER_DOCUMENT = 64;
/** A pattern has three members at least, so a term of fewer documents makes none, */
const DOCUMENTS_NEEDED = 3;
/** and what fewer of them have is too rare to be what one in ten is about. */
const SHARE_NEEDED = 0.02;

export type Weighted = [gram: number, weight: number];

/** Weights of length 1 together, by the axis that a {@link Space} gave each gram. */
export interface SparseVector {
  readonly axes: Int32Array;
  readonly weights: Float64Array;
}

/** The grams that some vector of a run has, by axis. */
export class Space {
  readonly grams: number[] = [];
  readonly #axes = new Map<number, number>();

  axisOf(gram: number): number {
    const known = this.#axes.get(gram);
    if (known !== undefined) return known;
    this.#axes.set(gram, this.grams.length);
    return this.grams.push(gram) - 1;
  }

  vector(entries: readonly Weighted[]): SparseVector {
    let squares = 0;
    for (const [, weight] of entries) squares += weight * weight;
    const length = Math.sqrt(squares);
    return {
      axes: Int32Array.from(entries, ([gram]) => this.axisOf(gram)),
      weights: Float64Array.from(entries, ([, weight]) => (length > 0 ? weight / length : 0)),
    };
  }
}

/** What a document is about; nothing when none of its terms occurs elsewhere. */
export function weigh(counts: ReadonlyMap<number, number>, frequencies: Frequencies): Weighted[] {
  const weighted: Weighted[] = [];
  const needed = Math.max(DOCUMENTS_NEEDED, frequencies.documents * SHARE_NEEDED);
  for (const [gram, count] of counts) {
    const documents = documentsWith(frequencies, gram);
    if (documents < needed) continue;
    const rarity = linearLog2(Math.max(1, (frequencies.documents + 1) / documents));
    if (rarity > 0) weighted.push([gram, Math.sqrt(count) * rarity]);
  }
  return heaviest(weighted, TERMS_PER_DOCUMENT);
}

/** The heaviest entries first; equal ones in the order of their hashes, which is the same in every run. */
export function heaviest(entries: Weighted[], count: number): Weighted[] {
  return entries.sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, count);
}

/**
 * The logarithm to base 2 of a number from 1 on, with straight lines between the powers of two (at most 0.09 too
 * low). It takes plain arithmetic only, so every engine gives the same bits; `Math.log2` promises no such thing.
 */
export function linearLog2(value: number): number {
  let exponent = 0;
  let rest = value;
  while (rest >= 2) {
    rest /= 2;
    exponent++;
  }
  return exponent + rest - 1;
}
