/**
 * Addresses: `kind/key` names one actor. Both halves become subject tokens, file names and store keys, so
 * what is allowed is narrow, and names from outside (machines, paths, URLs) are escaped into it.
 */
import { createHash } from 'node:crypto';
import { LIMITS } from '../config/limits.ts';
import { BanyanError } from './errors.ts';

/** The address of one actor: `kind/key`. */
export type Address = `${string}/${string}`;

const KIND = /^[a-z][a-z0-9-]{0,31}$/;
const KEY = /^[A-Za-z0-9_:-]{1,128}$/;
const ADDRESS = /^[a-z][a-z0-9-]{0,31}\/[A-Za-z0-9_:-]{1,128}$/;

/** Whether the text is a kind: 1 to 32 of `a-z 0-9 -`, beginning with a letter. */
export const isKind = (text: string): boolean => KIND.test(text);
/** Whether the text is a key: 1 to 128 of `A-Z a-z 0-9 _ - :`. */
export const isKey = (text: string): boolean => KEY.test(text);
/** Whether the text is an address. */
export const isAddress = (text: string): text is Address => ADDRESS.test(text);

/** The kind of the processes that nodes supervise: no actor's. */
export const WORKER_KIND = 'worker';

/** Joins a kind and a key; throws `address.invalid`. */
export function formatAddress(kind: string, key: string): Address {
  if (!KIND.test(kind)) throw invalid(`${show(kind)} is not a kind.`);
  if (!KEY.test(key)) throw invalid(`${show(key)} is not a key.`);
  return `${kind}/${key}`;
}

/** Splits an address; throws `address.invalid`. */
export function parseAddress(text: string): { kind: string; key: string } {
  if (!ADDRESS.test(text)) throw invalid(`${show(text)} is not an address.`);
  const slash = text.indexOf('/');
  return { kind: text.slice(0, slash), key: text.slice(slash + 1) };
}

/** Hex digits of SHA-256 at the end of a key whose name did not fit. */
const HASH_DIGITS = 16;
/** Begins that hash; `h` is no hex digit, so it cannot be an escaped byte. */
const HASH_MARK = '_h';

/**
 * Turns any name into a key. Letters, digits, `:` and `-` stay; every other UTF-8 byte, `_` too, becomes `_`
 * and two hex digits; the empty name becomes `_`. {@link unescapeKey} reverses it, except for names whose
 * escaped form exceeds 128 characters: of those a prefix stays, followed by `_h` and 16 hex digits of the
 * name's SHA-256, so different names still get different keys but the name cannot be read back.
 */
export function escapeKey(name: string): string {
  if (name === '') return '_';
  const wellFormed = name.toWellFormed();
  const pieces: string[] = [];
  for (const character of wellFormed) {
    if (/^[A-Za-z0-9:-]$/.test(character)) pieces.push(character);
    else
      for (const byte of Buffer.from(character, 'utf8'))
        pieces.push(`_${byte.toString(16).padStart(2, '0')}`);
  }
  const escaped = pieces.join('');
  if (escaped.length <= LIMITS.keyChars) return escaped;
  const hash = createHash('sha256').update(wellFormed, 'utf8').digest('hex').slice(0, HASH_DIGITS);
  const prefixChars = LIMITS.keyChars - HASH_MARK.length - HASH_DIGITS;
  let prefix = '';
  for (const piece of pieces) {
    if (prefix.length + piece.length > prefixChars) break;
    prefix += piece;
  }
  return prefix + HASH_MARK + hash;
}

/** The name that {@link escapeKey} turned into this key; throws `address.invalid` when it was shortened. */
export function unescapeKey(key: string): string {
  if (key === '_') return '';
  if (!/^(?:[A-Za-z0-9:-]|_[0-9a-f]{2})+$/.test(key)) {
    throw invalid(`${show(key)} is not an escaped name, or one that was too long to be reversible.`);
  }
  const bytes: number[] = [];
  for (let at = 0; at < key.length; at++) {
    if (key[at] === '_') {
      bytes.push(Number.parseInt(key.slice(at + 1, at + 3), 16));
      at += 2;
    } else {
      bytes.push(key.charCodeAt(at));
    }
  }
  return Buffer.from(bytes).toString('utf8');
}

/**
 * The address under which the ends of a worker on a node are told: `worker/<node>:<id>`, both escaped. A key that
 * would be too long is shortened as {@link escapeKey} does.
 */
export function workerAddress(node: string, id: string): Address {
  const key = `${escapeKey(node)}:${escapeKey(id)}`;
  return formatAddress(WORKER_KIND, key.length <= LIMITS.keyChars ? key : escapeKey(key));
}

function invalid(message: string): BanyanError {
  return new BanyanError('address.invalid', { message });
}

/** Quotes hostile text for a message: printable, short. */
function show(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
