import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTerm, wordsOf } from '../../text/index.ts';
import { gramOf, gramReader, spell } from './grams.ts';

const gramsOf = (text: string): Map<string, number> => {
  const grams = gramReader()(text);
  const spelled = spell(grams, () => true);
  return new Map([...grams.counts].map(([gram, count]) => [spelled.get(gram) ?? '?', count]));
};

describe('grams', () => {
  test('are the words, and two or three of them in a row', () => {
    expect(gramsOf('Garbage collection pauses. Garbage collection!')).toEqual(
      new Map([
        ['garbage', 2],
        ['collection', 2],
        ['garbage collection', 2],
        ['pauses', 1],
        ['collection pauses', 1],
        ['garbage collection pauses', 1],
        ['pauses garbage', 1],
        ['collection pauses garbage', 1],
        ['pauses garbage collection', 1],
      ]),
    );
  });

  test('never hold or span a stop word', () => {
    expect([...gramsOf('cache of the server').keys()]).toEqual(['cache', 'server']);
  });

  test('of ASCII and of other text are the terms that every part of the pipeline sees', () => {
    const letters = fc.constantFrom(..."a Z k 9 _ - ' . \n é ’ 中".split(' '), ' ');
    const text = fc.array(fc.oneof(letters, fc.constantFrom('cache', 'Error', 'the')), { maxLength: 60 });
    fc.assert(
      fc.property(text, (parts) => {
        const words = [...gramsOf(parts.join('')).keys()].filter((gram) => !gram.includes(' '));
        expect(words).toEqual([...new Set(wordsOf(parts.join('')).filter(isTerm))]);
      }),
      { numRuns: 300 },
    );
  });

  test('have the same number when they are read and when they are spelled', () => {
    const grams = gramReader()('Connection pool timeout, Verbindungsabbruch größer');
    for (const [gram, spelled] of spell(grams, () => true)) expect(gramOf(spelled)).toBe(gram);
  });
});
