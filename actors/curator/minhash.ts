/**
 * MinHash (A. Broder, On the resemblance and containment of documents, 1997): two texts agree in about as large a
 * share of their signatures as of their word shingles. Bands of the signature are the keys under which texts that
 * are alike meet (locality-sensitive hashing).
 */
import { randomSequence } from '../../runtime/randomness.ts';
import { wordsOf } from '../text/index.ts';

const SHINGLE_WORDS = 3;
const BANDS = 10;
const ROWS = 6;

/** Odd multipliers and offsets of the hash functions; fixed, because signatures are kept. */
const FUNCTIONS = hashFunctions(BANDS * ROWS);

/** Runs of three normalised words; a shorter text is one shingle. */
export function shinglesOf(text: string): ReadonlySet<string> {
  const words = wordsOf(text);
  const shingles = new Set<string>();
  for (let at = 0; at === 0 || at + SHINGLE_WORDS <= words.length; at++) {
    shingles.add(words.slice(at, at + SHINGLE_WORDS).join(' '));
  }
  return shingles;
}

/**
 * Ten keys: texts with a similarity of 0.9 share one with a probability of 0.9995, with 0.5 of 0.15 (1 − (1 − s⁶)¹⁰).
 */
export function bandsOf(shingles: ReadonlySet<string>): readonly string[] {
  const lowest = new Uint32Array(FUNCTIONS.length).fill(0xffffffff);
  for (const shingle of shingles) {
    const hash = fnv1a(shingle);
    for (const [at, { factor, offset }] of FUNCTIONS.entries()) {
      const value = mix((Math.imul(hash, factor) + offset) >>> 0);
      if (value < (lowest[at] ?? 0)) lowest[at] = value;
    }
  }
  return Array.from({ length: BANDS }, (_, band) => {
    const rows = lowest.subarray(band * ROWS, (band + 1) * ROWS);
    return `${band}-${fnv1a([...rows].join(' ')).toString(36)}`;
  });
}

/** Shared shingles / all shingles, 0..1 (Jaccard). */
export function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const shingle of a) if (b.has(shingle)) shared++;
  return shared / (a.size + b.size - shared);
}

function hashFunctions(count: number): readonly { factor: number; offset: number }[] {
  const next = randomSequence('minhash');
  const word = (): number => Math.floor(next() * 2 ** 32);
  return Array.from({ length: count }, () => ({ factor: word() | 1, offset: word() }));
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** Spreads a hash over all bits, so that the lowest of many is not decided by a few of them. */
function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
