/**
 * MinHash: how alike two texts are, from signatures of a fixed size, and which texts may be alike, from bands.
 *
 * A text is the set of its runs of three words. The share of equal places of two signatures estimates the
 * Jaccard similarity of the sets (Broder 1997), with a standard error of √(s(1−s)/128), 0.027 at s = 0.9. One hash
 * per run is enough: its upper bits choose a place, the least of the lower bits stays there (one permutation
 * hashing, Li, Owen and Zhang 2012), and empty places borrow from full ones so that short texts compare as well
 * (optimal densification, Shrivastava 2017).
 */
import { wordsOf } from './normalise.ts';

/** Words in a run. */
const RUN_WORDS = 3;
const PLACES = 128;
const PLACE_BITS = 7;
const VALUE_MASK = 0xffff;
const EMPTY = 0xffffffff;

/** Of pairs with similarity 0.9, 97 % share one of four bands of five places; with 0.5, 12 %; with 0.2, 0.1 %. */
const BANDS = 4;
const BAND_PLACES = 5;
/** Further places that order the texts of one band: the more alike, the closer together. */
const ORDER_PLACES = 4;

/** 128 values of 16 bits, in base64; empty for a text without words, which is like nothing. */
export type Signature = string;

export function signatureOf(text: string): Signature {
  const places = new Uint32Array(PLACES).fill(EMPTY);
  let any = false;
  for (const hash of runHashes(text)) {
    any = true;
    const place = hash >>> (32 - PLACE_BITS);
    const value = (hash << PLACE_BITS) >>> PLACE_BITS;
    if (value < (places[place] as number)) places[place] = value;
  }
  if (!any) return '';
  const bytes = Buffer.allocUnsafe(PLACES * 2);
  for (let place = 0; place < PLACES; place++)
    bytes.writeUInt16LE(valueAt(places, place) & VALUE_MASK, place * 2);
  return bytes.toString('base64');
}

/** The similarity that two signatures show, 0 … 1; 0 if one is empty. */
export function estimatedSimilarity(one: Signature, other: Signature): number {
  if (one === '' || other === '') return 0;
  const [a, b] = [Buffer.from(one, 'base64'), Buffer.from(other, 'base64')];
  let equal = 0;
  for (let at = 0; at < PLACES * 2; at += 2) if (a.readUInt16LE(at) === b.readUInt16LE(at)) equal++;
  return equal / PLACES;
}

/** The exact Jaccard similarity of two texts, 0 … 1. */
export function similarityOf(one: string, other: string): number {
  const a = new Set(runHashes(one));
  const b = new Set(runHashes(other));
  if (a.size === 0 || b.size === 0) return 0;
  let shared = 0;
  for (const hash of a) if (b.has(hash)) shared++;
  return shared / (a.size + b.size - shared);
}

/** Where a text stands among those that it may be like. */
export interface Band {
  /** Texts that share a band's name may be alike. */
  readonly name: string;
  /** The order among them: the longer the beginning that two have in common, the more alike they are (LSH forest). */
  readonly order: string;
}

export function bandsOf(signature: Signature): Band[] {
  if (signature === '') return [];
  const bytes = Buffer.from(signature, 'base64');
  const hex = (from: number, places: number): string => bytes.toString('hex', from * 2, (from + places) * 2);
  return Array.from({ length: BANDS }, (_, band) => {
    const first = band * BAND_PLACES;
    const order = BANDS * BAND_PLACES + band * ORDER_PLACES;
    return { name: `${band}${hex(first, BAND_PLACES)}`, order: hex(order, ORDER_PLACES) };
  });
}

/** A place's own value, or that of the first full place in an order of its own. */
function valueAt(places: Uint32Array, place: number): number {
  let at = place;
  for (let attempt = 1; places[at] === EMPTY; attempt++)
    at = mixed(Math.imul(place + 1, 0x9e3779b1) + attempt) >>> (32 - PLACE_BITS);
  return places[at] as number;
}

/** A 32-bit hash of each run of words; a text of fewer words is one run. */
function* runHashes(text: string): Generator<number> {
  const words = wordsOf(text).map(hashOf);
  const runs = words.length === 0 ? 0 : Math.max(1, words.length - RUN_WORDS + 1);
  for (let at = 0; at < runs; at++) {
    let hash = 0;
    for (let word = at; word < at + RUN_WORDS; word++)
      hash = Math.imul(hash ^ (words[word] ?? 0), 0x85ebca6b) + word - at;
    yield mixed(hash);
  }
}

/** FNV-1a over UTF-16 units. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash;
}

/** Every bit depends on every bit: the finaliser of MurmurHash3. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
