import { describe, expect, test } from 'vitest';
import { type Randomness, randomSequence, seededRandomness, systemRandomness } from './randomness.ts';

describe.each<[string, Randomness]>([
  ['systemRandomness', systemRandomness],
  ['seededRandomness', seededRandomness('seed')],
])('%s', (_name, randomness) => {
  test('numbers lie in [0, 1) and fill it evenly', () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 20_000; i++) {
      const number = randomness.next();
      expect(number >= 0 && number < 1).toBe(true);
      const bin = Math.floor(number * 10);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    // 2,000 each are expected, with a standard deviation of 42.
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(8 * 42);
  });

  test('tokens have 22 characters that a subject takes, and do not repeat', () => {
    const tokens = Array.from({ length: 1_000 }, () => randomness.nonce());
    for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(new Set(tokens).size).toBe(tokens.length);
  });
});

describe('seeded randomness', () => {
  const first = (seed: string): number[] => {
    const next = randomSequence(seed);
    return [next(), next(), next()];
  };

  test('the same seed gives the same numbers, on every machine and in every release', () => {
    expect(first('order/1|12.0')).toEqual(first('order/1|12.0'));
    expect(first('order/1|12.0')).toEqual(PINNED);
  });

  test('seeds that hardly differ have nothing in common', () => {
    const seeds = Array.from({ length: 500 }, (_, i) => `order/${i}`);
    expect(new Set(seeds.flatMap(first)).size).toBe(1_500);
    const mean =
      seeds.map((seed) => first(seed)[0] ?? 0).reduce((sum, number) => sum + number, 0) / seeds.length;
    // The mean of 500 has a standard deviation of 0.013.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.1);
  });
});

/** A turn's random numbers are part of what a replay must repeat: changing these changes every replay. */
const PINNED = [0.0555399633012712, 0.8096297758165747, 0.8512067336123437];
