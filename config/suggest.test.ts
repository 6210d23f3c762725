import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, suggest } from './suggest.ts';

test('suggests the nearest name, and nothing when none is near', () => {
  expect(suggest('shard', ['shards', 'partitions'])).toBe('shards');
  expect(suggest('mailbox.maxbytes', ['mailbox.maxBytes', 'broker.port'])).toBe('mailbox.maxBytes');
  expect(suggest('zzzzzz', ['shards', 'partitions'])).toBeUndefined();
});

test('distance is a metric', () => {
  const words = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(words, words, words, (a, b, c) => {
      expect(editDistance(a, a)).toBe(0);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
    }),
  );
});
