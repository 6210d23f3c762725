/** Signatures estimate what sets of word runs have in common, and bands find what is alike. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomSequence } from '../../runtime/randomness.ts';
import { bandsOf, estimatedSimilarity, signatureOf, similarityOf } from './minhash.ts';

/** A text of `words` words, and another in which every word is replaced with a probability. */
function pair(seed: string, words: number, replaced: number): readonly [string, string] {
  const random = randomSequence(seed);
  const word = (): string => `w${Math.floor(random() * 50_000).toString(36)}`;
  const one = Array.from({ length: words }, word);
  return [one.join(' '), one.map((each) => (random() < replaced ? word() : each)).join(' ')];
}

const share = (one: string, other: string): boolean => {
  const bands = new Set(bandsOf(signatureOf(one)).map(({ name }) => name));
  return bandsOf(signatureOf(other)).some(({ name }) => bands.has(name));
};

describe('a signature', () => {
  test('estimates the similarity within four standard errors, whatever the length of the texts', () => {
    for (const words of [20, 100, 1_000]) {
      for (const replaced of [0, 0.01, 0.05, 0.2, 0.5]) {
        const errors = Array.from({ length: 20 }, (_, n) => {
          const [one, other] = pair(`${words} ${replaced} ${n}`, words, replaced);
          return estimatedSimilarity(signatureOf(one), signatureOf(other)) - similarityOf(one, other);
        });
        for (const error of errors) expect(Math.abs(error)).toBeLessThan(0.2);
        const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
        expect(Math.abs(mean)).toBeLessThan(0.05);
      }
    }
  });

  test('is the same for texts that differ in case, white space and punctuation only', () => {
    const text = 'The quick brown fox jumps over the lazy dog, twice a day.';
    expect(signatureOf(`  ${text.toUpperCase().replaceAll(' ', '\n\t')}!!`)).toBe(signatureOf(text));
  });

  test('is empty without words, and such a text is like nothing, itself included', () => {
    expect(signatureOf(' …!? ')).toBe('');
    expect(estimatedSimilarity('', '')).toBe(0);
    expect(similarityOf('', 'a')).toBe(0);
    expect(bandsOf('')).toEqual([]);
  });

  test('of any text compares with itself as 1, with any other symmetrically and within 0 … 1', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (one, other) => {
        const [a, b] = [signatureOf(one), signatureOf(other)];
        if (a !== '') expect(estimatedSimilarity(a, a)).toBe(1);
        const similarity = estimatedSimilarity(a, b);
        expect(similarity).toBe(estimatedSimilarity(b, a));
        expect(similarity).toBeGreaterThanOrEqual(0);
        expect(similarity).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('bands', () => {
  test('bring nearly all pairs together that are alike, and hardly any that are not', () => {
    const found = (replaced: number, alike: (similarity: number) => boolean): number => {
      const pairs = Array.from({ length: 300 }, (_, n) => pair(`bands ${replaced} ${n}`, 200, replaced));
      const among = pairs.filter(([one, other]) => alike(similarityOf(one, other)));
      expect(among.length).toBeGreaterThan(50);
      return among.filter(([one, other]) => share(one, other)).length / among.length;
    };
    expect(found(0.01, (similarity) => similarity >= 0.9)).toBeGreaterThan(0.95);
    expect(found(0.7, (similarity) => similarity < 0.2)).toBeLessThan(0.02);
  });
});
