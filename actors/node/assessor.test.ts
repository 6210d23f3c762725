import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Assessment, explain, lexicalAssessor } from './assessor.ts';

const assess = (content: string) =>
  lexicalAssessor({ content, contentType: 'text', domain: 'd', source: 's' }) as Assessment;

describe('lexical assessor', () => {
  test('names the terms that fired, the heaviest first', () => {
    const { fired, threat } = assess('An exploit for the overflow: overflow, overflow! Also a timeout.');
    expect(fired.threat.map(({ term, times }) => [term, times])).toEqual([
      ['overflow', 3],
      ['exploit', 1],
      ['timeout', 1],
    ]);
    expect(explain(fired.threat)).toBe('overflow×3, exploit, timeout');
    expect(threat).toBeGreaterThan(5);
  });

  test('finds words inside identifiers', () => {
    expect(assess('bufferOverflow sql_injection').fired.threat.map(({ term }) => term)).toEqual([
      'injection',
      'overflow',
    ]);
  });

  test('takes no part of a longer word for a term, whatever its alphabet', () => {
    expect(assess('crashes déleak rce2 attackä overflowing').fired.threat).toEqual([]);
  });

  test('plain text has neither threat nor opportunity, and is judged with less confidence', () => {
    const plain = assess('The weather was mild.');
    expect(plain).toMatchObject({ threat: 0, opportunity: 0, fired: { threat: [], opportunity: [] } });
    expect(plain.confidence).toBeLessThan(
      assess('The benchmark shows a speedup, and a crash. '.repeat(20)).confidence,
    );
  });

  test('measures stay within their ranges, and the same content is always judged alike', () => {
    const words = fc.constantFrom('exploit', 'malware', 'speedup', 'cache', 'tree', 'é', '漢字');
    fc.assert(
      fc.property(fc.array(words, { maxLength: 300 }), (chosen) => {
        const content = chosen.join(' ');
        const { threat, opportunity, confidence } = assess(content);
        for (const score of [threat, opportunity]) expect(score >= 0 && score <= 10).toBe(true);
        expect(confidence >= 0 && confidence <= 1).toBe(true);
        expect(assess(content)).toEqual(assess(content));
      }),
    );
  });
});
