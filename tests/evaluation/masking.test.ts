/** A small seeded sample of `npm run campaign -- masking`: the masker must not become worse than it was measured. */
import { describe, expect, test } from 'vitest';
import { labelledDocument } from './masking-documents.ts';
import { readSample } from './masking-sample.ts';
import { precisionOf, recallOf, score, type Scores } from './masking-score.ts';

const DOCUMENTS = 120;
const floorsOf = (scores: Scores) =>
  Object.fromEntries(
    [...scores].map(([kind, one]) => [kind, { recall: recallOf(one), precision: precisionOf(one) }]),
  );

test(
  'generated documents: of the usual forms of every kind nearly all are masked, and little else',
  { timeout: 120_000 },
  () => {
    const documents = Array.from({ length: DOCUMENTS }, (_, seed) => labelledDocument(seed, 'usual'));
    const kinds = floorsOf(score(documents));
    expect(Object.keys(kinds)).toHaveLength(13);
    for (const [kind, { recall, precision }] of Object.entries(kinds)) {
      expect([kind, recall >= 0.97]).toEqual([kind, true]);
      expect([kind, precision >= (kind === 'address' ? 0.5 : 0.85)]).toEqual([kind, true]);
    }
  },
);

describe('real passages, labelled by hand', () => {
  test.each(['development', 'held-out'])(
    'of the %s half nine of ten pieces are masked, and hardly anything else',
    (half) => {
      const { all, email } = floorsOf(
        score(readSample().filter(({ heldOut }) => heldOut === (half === 'held-out'))),
      );
      expect(all?.recall).toBeGreaterThan(0.9);
      expect(all?.precision).toBeGreaterThan(0.97);
      expect(email).toEqual({ recall: 1, precision: 1 });
    },
  );

  test('every label is a piece of its passage, and at least 100 are there', () => {
    const sample = readSample();
    expect(sample.length).toBe(150);
    expect(sample.flatMap(({ spans }) => spans).length).toBeGreaterThanOrEqual(100);
    for (const { text, spans } of sample)
      for (const { start, end } of spans) expect(text.slice(start, end).trim()).toHaveLength(end - start);
  });
});
