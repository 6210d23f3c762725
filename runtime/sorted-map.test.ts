import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitrary, expectedRange } from '../tests/conformance/store.ts';
import { SortedMap } from './sorted-map.ts';
import type { KeyRange } from './table.ts';

const names = (map: SortedMap<string>, range: KeyRange = {}): string[] =>
  [...map.range(range)].map(([name]) => name);

function mapOf(...keys: string[]): SortedMap<string> {
  const map = new SortedMap<string>();
  for (const key of keys) map.set(key, key);
  return map;
}

describe('a sorted map', () => {
  test('holds what a plain map holds, and walks it in the order of UTF-8 bytes, whatever came between', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key: arbitrary.key, value: fc.string({ maxLength: 3 }) }),
      fc.record({ do: fc.constant('delete' as const), key: arbitrary.key }),
      fc.record({ do: fc.constant('range' as const), range: arbitrary.range }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const map = new SortedMap<string>();
        const model = new Map<string, string>();
        for (const one of steps) {
          if (one.do === 'set') {
            map.set(one.key, one.value);
            model.set(one.key, one.value);
          } else if (one.do === 'delete') {
            map.delete(one.key);
            model.delete(one.key);
          } else {
            expect([...map.range(one.range)]).toEqual(expectedRange(model, one.range));
          }
          expect(map.size).toBe(model.size);
        }
        for (const [key, value] of model) expect([map.has(key), map.get(key)]).toEqual([true, value]);
        expect(new Map(map.entries())).toEqual(model);
      }),
      { numRuns: 300 },
    );
  });

  test('a key that goes on with the greatest character belongs to its prefix, in both directions', () => {
    const map = mapOf('a', 'a\u{10FFFF}', 'a\u{10FFFF}b', 'b');
    expect(names(map, { prefix: 'a' })).toEqual(['a', 'a\u{10FFFF}', 'a\u{10FFFF}b']);
    expect(names(map, { prefix: 'a', reverse: true })).toEqual(['a\u{10FFFF}b', 'a\u{10FFFF}', 'a']);
  });

  test.each([
    [false, ['a', 'b', 'd', 'e']],
    [true, ['e', 'd', 'b', 'a']],
  ])('a walk (reverse: %s) goes on behind its last key when keys go and come', (reverse, expected) => {
    const map = mapOf('a', 'b', 'c', 'e');
    const seen: string[] = [];
    for (const [key] of map.range({ reverse })) {
      seen.push(key);
      if (key === 'b' && !reverse) {
        map.delete('a');
        map.delete('b');
        map.delete('c');
        map.set('aa', 'behind');
        map.set('d', 'ahead');
      }
      if (key === 'e' && reverse) {
        map.delete('e');
        map.delete('c');
        map.set('f', 'behind');
        map.set('d', 'ahead');
      }
    }
    expect(seen).toEqual(expected);
  });
});
