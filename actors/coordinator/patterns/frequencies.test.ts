import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countDocuments, documentsWith, forgetFrequencies, noFrequencies } from './frequencies.ts';
import { linearLog2 } from './vectors.ts';

const HOUR = 60 * 60_000;
const hash = fc.integer({ min: 1, max: 2 ** 30 - 1 });

describe('document frequencies', () => {
  test('are never too low, and exact while there is room', () => {
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(hash, { maxLength: 20 }), { maxLength: 20 }), (documents) => {
        const counted = countDocuments(noFrequencies(0), documents);
        expect(counted.documents).toBe(documents.length);
        for (const term of documents.flat()) {
          const real = documents.filter((terms) => terms.includes(term)).length;
          expect(documentsWith(counted, term)).toBeGreaterThanOrEqual(real);
        }
      }),
      { numRuns: 30 },
    );
    const three = countDocuments(noFrequencies(0), [[7], [7, 8], [7]]);
    expect([7, 8, 9].map((term) => documentsWith(three, term))).toEqual([3, 1, 0]);
  });

  test('take the same room, whatever was counted', () => {
    const many = Array.from({ length: 200 }, (_, i) =>
      Array.from({ length: 300 }, (_1, j) => i * 7_919 + j * 104_729),
    );
    const counted = countDocuments(noFrequencies(0), many);
    expect(counted.counts).toHaveLength(noFrequencies(0).counts.length);
    // A term that never came is taken for one of a few documents in a hundred at most.
    const never = Array.from({ length: 500 }, (_, i) => documentsWith(counted, 2 ** 29 + i * 31));
    expect(never.reduce((sum, count) => sum + count, 0) / 500).toBeLessThan(0.03 * 200);
  });

  test('are halved every twelve hours', () => {
    const eight = countDocuments(
      noFrequencies(0),
      Array.from({ length: 8 }, () => [5]),
    );
    expect(forgetFrequencies(eight, 12 * HOUR - 1)).toBe(eight);
    const later = forgetFrequencies(eight, 25 * HOUR);
    expect([later.documents, documentsWith(later, 5)]).toEqual([2, 2]);
  });
});

describe('the logarithm of plain arithmetic', () => {
  test('is exact at powers of two, and at most 0.09 too low elsewhere', () => {
    expect([1, 2, 8, 1_024].map(linearLog2)).toEqual([0, 1, 3, 10]);
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e9, noNaN: true }), (value) => {
        const error = Math.log2(value) - linearLog2(value);
        expect(error).toBeGreaterThan(-1e-9);
        expect(error).toBeLessThan(0.0861);
      }),
    );
  });
});
