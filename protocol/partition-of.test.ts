import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { partitionOf } from './partition-of.ts';

// Where a nats-server 2.15.1 stored these, with {{partition(64,1,2)}}.
test.each([
  ['counter', 'a', 38],
  ['counter', 'b', 19],
  ['coordinator', 'main', 20],
  ['a-b', 'X_1:2-3', 61],
  ['intake', 'main', 56],
  ['z', '9'.repeat(128), 45],
])('%s/%s is where the server puts it', (kind, key, partition) => {
  expect(partitionOf(kind, key, 64)).toBe(partition);
});

test('a partition is always below the count', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 1024 }), (kind, key, partitions) => {
      const partition = partitionOf(kind, key, partitions);
      expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
    }),
  );
});
