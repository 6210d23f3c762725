/**
 * The features of a text: its words, and two or three of them in a row. A gram is a hash of 30 bits: a run meets
 * some 60,000 of them and shows a few, so only those are spelled. Two grams of one run share a hash about once;
 * they then count as one.
 */
import { isTerm, wordsOf } from '../../text/index.ts';

/** A text read for its grams. */
export interface Grams {
  /** Of each word, in order; 0 for those that are no terms. */
  readonly hashes: readonly number[];
  /** How often each gram occurs. */
  readonly counts: ReadonlyMap<number, number>;
  /** The word at an index of `hashes`, normalised. */
  word(index: number): string;
}

/** The words of a text as hashes, and how each is written. */
type Words = Pick<Grams, 'hashes' | 'word'>;

const FNV_BASIS = 0x81_1c_9d_c5;
const FNV_PRIME = 0x01_00_01_93;
const BITS = 2 ** 30 - 1;

/** Reads texts; one reader for a run, because texts share most of their words. */
export function gramReader(): (text: string) => Grams {
  const terms = new Map<number, boolean>();
  const asTerm = ({ hashes, word }: Words, index: number): number => {
    const hash = hashes[index] ?? 0;
    let known = terms.get(hash);
    if (known === undefined) {
      known = isTerm(word(index));
      terms.set(hash, known);
    }
    return known ? hash : 0;
  };
  return (text) => {
    const words = readWords(text);
    const hashes = words.hashes.map((_, index) => asTerm(words, index));
    const counts = new Map<number, number>();
    for (let end = 0; end < hashes.length; end++) {
      eachGramAt(hashes, end, (gram) => void counts.set(gram, (counts.get(gram) ?? 0) + 1));
    }
    return { hashes, counts, word: words.word };
  };
}

/**
 * What `wordsOf` gives. A run reads half a million characters, nearly all of them ASCII: there the words are found
 * and hashed in one pass that makes no strings, which takes a tenth of the time.
 */
function readWords(text: string): Words {
  if (ASCII.test(text)) return readAscii(text);
  const words = wordsOf(text);
  return { hashes: words.map(hashOfWord), word: (index) => words[index] ?? '' };
}

const ASCII = /^[\0-\x7f]*$/;

function readAscii(text: string): Words {
  const hashes: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (!isWordCode(text.charCodeAt(at))) continue;
    starts.push(at);
    let hash = FNV_BASIS;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (!isWordCode(code) && !(isJoint(code) && isWordCode(text.charCodeAt(at + 1)))) break;
      hash = Math.imul(hash ^ lowerCode(code), FNV_PRIME);
    }
    ends.push(at);
    hashes.push(mixed(hash));
  }
  return { hashes, word: (index) => text.slice(starts[index], ends[index]).toLowerCase() };
}

const isUpper = (code: number): boolean => code >= 65 && code <= 90;
const lowerCode = (code: number): number => (isUpper(code) ? code + 32 : code);
const isWordCode = (code: number): boolean =>
  (code >= 97 && code <= 122) || isUpper(code) || (code >= 48 && code <= 57);
/** `'`, `-` and `_` inside a word. */
const isJoint = (code: number): boolean => code === 39 || code === 45 || code === 95;

/** How the wanted grams of a text are written. */
export function spell({ hashes, word }: Grams, wanted: (gram: number) => boolean): Map<number, string> {
  const spelled = new Map<number, string>();
  for (let end = 0; end < hashes.length; end++) {
    eachGramAt(hashes, end, (gram, length) => {
      if (!wanted(gram)) return;
      const first = end - length + 1;
      spelled.set(gram, Array.from({ length }, (_, i) => word(first + i)).join(' '));
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
