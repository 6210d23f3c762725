import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { excerptOf } from './excerpt.ts';
import { findEvidence } from './evidence.ts';
import { identityOf, normaliseContent } from './identity.ts';

describe('identity', () => {
  test('text is the same whatever its case, white space and Unicode form', () => {
    const id = identityOf('text', 'Café ﬁne\n\n  STRASSE');
    expect(identityOf('text', '  cafe\u0301 fine straße ')).toBe(id);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
  });

  test('code, data and JSON keep case and white space', () => {
    for (const type of ['code', 'data', 'json']) {
      expect(identityOf(type, 'if A:\n  b')).not.toBe(identityOf(type, 'if a:\n  b'));
      expect(identityOf(type, 'if a:\n  b')).not.toBe(identityOf(type, 'if a:\n    b'));
    }
  });

  test('the content type is part of it', () => {
    expect(identityOf('text', 'x')).not.toBe(identityOf('log', 'x'));
  });

  test('two items that differ anywhere are two artifacts, however long they are', () => {
    const long = 'word '.repeat(50_000);
    expect(identityOf('text', `${long}a`)).not.toBe(identityOf('text', `${long}b`));
  });

  test('normalising twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const once = normaliseContent('text', text);
        expect(normaliseContent('text', once)).toBe(once);
      }),
    );
  });
});

describe('excerpt', () => {
  test('short content is the excerpt, complete', () => {
    expect(excerptOf(' as it is \n', 2_000)).toEqual({ excerpt: ' as it is \n', complete: true });
  });

  test('long content is cut at a word', () => {
    expect(excerptOf('alpha beta gamma', 12)).toEqual({ excerpt: 'alpha beta', complete: false });
    expect(excerptOf('alpha beta gamma', 10)).toEqual({ excerpt: 'alpha beta', complete: false });
  });

  test('an excerpt is a prefix within the limit that splits no character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.integer({ min: 2, max: 40 }),
        (text, max) => {
          const { excerpt, complete } = excerptOf(text, max);
          expect(text.startsWith(excerpt)).toBe(true);
          expect(excerpt.length).toBeLessThanOrEqual(max);
          expect(complete).toBe(text.length <= max);
          expect(excerpt.isWellFormed()).toBe(true);
        },
      ),
    );
  });
});

describe('evidence', () => {
  const content = 'The parser has a Buffer-Overflow.\n  It was   fixed in 2.1.';
  const claim = (terms: string[], quotes: string[]) =>
    findEvidence({ artifact: identityOf('text', content), terms, quotes }, 'text', content);

  test('terms occur as whole words, whatever their case; quotes occur but for white space', () => {
    expect(claim(['buffer overflow', 'PARSER'], ['It was fixed in 2.1.'])).toEqual({
      hashMatches: true,
      missingTerms: [],
      missingQuotes: [],
    });
  });

  test('what does not occur is named', () => {
    expect(claim(['heap', 'overflow'], ['it was fixed'])).toMatchObject({
      missingTerms: ['heap'],
      missingQuotes: ['it was fixed'],
    });
  });

  test('a content that is not the one the scenario was made from does not match', () => {
    expect(
      findEvidence({ artifact: '0'.repeat(64), terms: [], quotes: [] }, 'text', content).hashMatches,
    ).toBe(false);
  });
});
