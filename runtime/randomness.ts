/** Randomness as a port: real for identities and jitter, seeded for simulation; turns always get a seeded one. */
import { randomBytes } from 'node:crypto';

export interface Randomness {
  /** Uniform in [0, 1). */
  next(): number;
  /** A token of 22 characters that nobody else has. */
  nonce(): string;
}

export const systemRandomness: Randomness = {
  next: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  nonce: () => randomBytes(16).toString('base64url'),
};

/** The same seed gives the same sequence, on every machine. */
export function seededRandomness(seed: string): Randomness {
  const next = randomSequence(seed);
  const digit = (): string => Math.floor(next() * 36).toString(36);
  return { next, nonce: () => Array.from({ length: 22 }, digit).join('') };
}

/** Uniform numbers in [0, 1) from a text: FNV-1a over the text seeds a 32-bit Weyl sequence with a mixer. */
export function randomSequence(seed: string): () => number {
  let state = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) state = Math.imul(state ^ seed.charCodeAt(i), 0x01000193);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
