/**
 * The features of a text: its words, and two or three of them in a row. A gram is a hash of 30 bits: a run meets
 * some 60,000 of them and shows a few, so only those are spelled. Two grams of one run share a hash about once;
 * they then count as one.
 */
import { isTerm, wordsOf } from '../../text/index.ts';

/** A text read for its grams. */
export interface Grams {
  readonly words: readonly string[];
  /** Of each word; 0 for those that are no terms. */
  readonly hashes: readonly number[];
  /** How often each gram occurs. */
  readonly counts: ReadonlyMap<number, number>;
}

const FNV_BASIS = 0x81_1c_9d_c5;
const FNV_PRIME = 0x01_00_01_93;
const BITS = 2 ** 30 - 1;

/** Reads texts; one reader for a run, because texts share most of their words. */
export function gramReader(): (text: string) => Grams {
  const known = new Map<string, number>();
  const hashOf = (word: string): number => {
    const before = known.get(word);
    if (before !== undefined) return before;
    const hash = isTerm(word) ? hashOfWord(word) : 0;
    known.set(word, hash);
    return hash;
  };
  return (text) => {
    const words = wordsOf(text);
    const hashes = words.map(hashOf);
    const counts = new Map<number, number>();
    for (let end = 0; end < hashes.length; end++) {
      eachGramAt(hashes, end, (gram) => void counts.set(gram, (counts.get(gram) ?? 0) + 1));
    }
    return { words, hashes, counts };
  };
}

/** How the wanted grams of a text are written. */
export function spell({ words, hashes }: Grams, wanted: (gram: number) => boolean): Map<number, string> {
  const spelled = new Map<number, string>();
  for (let end = 0; end < hashes.length; end++) {
    eachGramAt(hashes, end, (gram, length) => {
      if (wanted(gram)) spelled.set(gram, words.slice(end - length + 1, end + 1).join(' '));
    });
  }
  return spelled;
}

/** The hash of a gram that is spelled out, its words apart by one space. */
export function gramOf(spelled: string): number {
  const [first = '', ...others] = spelled.split(' ');
  return others.reduce((hash, word) => join(hash, hashOfWord(word)), hashOfWord(first));
}

/**
 * The grams that end at a word, shortest first. None spans a stop word: what stands on both sides of one is no
 * phrase.
 */
function eachGramAt(
  hashes: readonly number[],
  end: number,
  visit: (gram: number, length: number) => void,
): void {
  const [third = 0, second = 0, first = 0] = [hashes[end], hashes[end - 1], hashes[end - 2]];
  if (third === 0) return;
  visit(third, 1);
  if (second === 0) return;
  visit(join(second, third), 2);
  if (first !== 0) visit(join(join(first, second), third), 3);
}

function hashOfWord(word: string): number {
  let hash = FNV_BASIS;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), FNV_PRIME);
  return mixed(hash);
}

const join = (hash: number, next: number): number => mixed(Math.imul(hash, FNV_PRIME) + next + 1);

/** Spreads every bit over all; never 0, which means "no term". */
function mixed(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x21_f0_aa_ad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x73_5a_2d_97);
  return (bits ^ (bits >>> 15)) & BITS || 1;
}
