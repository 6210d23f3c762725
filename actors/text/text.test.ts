import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { characteristicsOf } from './characteristics.ts';
import { cutAtWord, firstWords, normaliseText, wordsOf } from './normalise.ts';
import { sentencesOf } from './sentences.ts';
import { quotesOf, summarise } from './summary.ts';
import { keyTerms } from './terms.ts';

const TEXT =
  'The cache failed at noon. Latency rose to 900 ms for every customer.\nOperators restarted the cache.\n\nA new cache comes in March.';

describe('normalising', () => {
  test('texts that differ in case, white space and compatibility forms are the same', () => {
    expect(normaliseText('  Ｆｕｌｌ  width\n\tTEXT ')).toBe('full width text');
  });

  test('normalising twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(normaliseText(normaliseText(text))).toBe(normaliseText(text));
      }),
      {
        numRuns: 200,
      },
    );
  });

  test('the first words leave punctuation out', () => {
    expect(firstWords('Hello, WORLD! It’s fine.', 3)).toBe('hello world it’s');
  });
});

describe('cutting at a word', () => {
  test('a short text stays as it is', () => expect(cutAtWord('short', 10)).toBe('short'));
  test('no word is cut in two', () => expect(cutAtWord('hello wide world', 13)).toBe('hello wide'));
  test('a word that ends at the limit stays', () =>
    expect(cutAtWord('hello wide world', 10)).toBe('hello wide'));

  test('the result is a prefix, never longer than the limit and well formed', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.integer({ min: 2, max: 40 }),
        (text, max) => {
          const cut = cutAtWord(text, max);
          expect(text.startsWith(cut)).toBe(true);
          expect(cut.length).toBeLessThanOrEqual(max);
          expect(cut.isWellFormed()).toBe(text.isWellFormed());
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('summaries', () => {
  test('consist of sentences that occur verbatim, in their order', () => {
    const quotes = quotesOf(summarise(TEXT, 'text'));
    expect(quotes.length).toBeGreaterThan(1);
    const positions = quotes.map((quote) => TEXT.indexOf(quote));
    expect(positions.every((position) => position >= 0)).toBe(true);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });

  test('take lines of code and logs', () => {
    const log = 'INFO started\nERROR disk failure on disk sda\nINFO stopped';
    expect(quotesOf(summarise(log, 'log'))).toContain('ERROR disk failure on disk sda');
  });

  test('of any text can be split into quotes that occur in it', () => {
    fc.assert(
      fc.property(
        fc.lorem({ mode: 'sentences', maxCount: 12 }),
        fc.constantFrom('text', 'code'),
        (text, type) => {
          for (const quote of quotesOf(summarise(text, type))) expect(text).toContain(quote);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a sentence never spans a blank line', () => {
    expect(sentencesOf('One line\n\nanother line', 'text')).toEqual(['One line', 'another line']);
  });
});

describe('terms and characteristics', () => {
  test('the most frequent words that are not common to all texts come first', () => {
    expect(keyTerms(TEXT, 3)[0]).toBe('cache');
    expect(keyTerms(TEXT, 20)).not.toContain('the');
  });

  test('every term is a word of the text', () => {
    const words = wordsOf(TEXT);
    expect(keyTerms(TEXT, 20).every((term) => words.includes(term))).toBe(true);
  });

  test('one word alone shows no characteristic, two do', () => {
    expect(characteristicsOf('the password')).toEqual([]);
    expect(characteristicsOf('the password was leaked by malware')).toEqual(['security']);
  });
});
