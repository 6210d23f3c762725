import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encode } from '../protocol/codec.ts';
import { decodeRow, encodeRow, MAX_TABLE_VERSION } from './stored-row.ts';

const value = fc.anything({
  key: fc.stringMatching(/^[a-z]{1,8}$/),
  values: [fc.string(), fc.integer(), fc.boolean(), fc.constant(null)],
});
const version = fc.integer({ min: 1, max: MAX_TABLE_VERSION });

test('a row comes back with the version that it was written with', () => {
  fc.assert(
    fc.property(value, version, (row, written) => {
      expect(decodeRow(encodeRow(row, written))).toEqual({ row, version: written });
    }),
  );
});

test('a row of version 1 is its plain msgpack: what was stored before there were versions is one', () => {
  fc.assert(
    fc.property(value, (row) => {
      expect(encodeRow(row, 1)).toEqual(encode(row));
      expect(decodeRow(encode(row))).toEqual({ row, version: 1 });
    }),
  );
});
