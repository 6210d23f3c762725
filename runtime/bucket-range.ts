/** A range within a bucket as a range over whole keys, for implementations of the store. */
import type { KeyRange } from './table.ts';

/** The same range over whole keys. */
export function inBucket(bucket: string, range: KeyRange): KeyRange {
  const whole: { -readonly [K in keyof KeyRange]: KeyRange[K] } = { prefix: bucket + (range.prefix ?? '') };
  for (const bound of ['gte', 'gt', 'lte', 'lt'] as const) {
    const name = range[bound];
    if (name !== undefined) whole[bound] = bucket + name;
  }
  if (range.reverse !== undefined) whole.reverse = range.reverse;
  if (range.limit !== undefined) whole.limit = range.limit;
  return whole;
}
