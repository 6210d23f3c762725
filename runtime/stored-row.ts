/**
 * A table's row as the store holds it: its msgpack, and in front of it the version of the table that wrote it.
 * Version 1 is not written, so rows of a table that was never changed carry nothing.
 */
import { decode, encode } from '../protocol/codec.ts';

/** A row as it was written. */
export interface StoredRow {
  readonly row: unknown;
  /** Of the table, when it was written. */
  readonly version: number;
}

/** What a table's version may be at most: it has two bytes. */
export const MAX_TABLE_VERSION = 0xffff;
/** msgpack never uses this byte, so no row without a version begins with it. */
const VERSIONED = 0xc1;
const PREFIX_BYTES = 3;

export function encodeRow(row: unknown, version: number): Uint8Array {
  const bytes = encode(row);
  if (version === 1) return bytes;
  const versioned = new Uint8Array(PREFIX_BYTES + bytes.byteLength);
  versioned.set([VERSIONED, version >> 8, version & 0xff]);
  versioned.set(bytes, PREFIX_BYTES);
  return versioned;
}

export function decodeRow(bytes: Uint8Array): StoredRow {
  if (bytes[0] !== VERSIONED) return { row: decode(bytes), version: 1 };
  const [, high, low] = bytes as unknown as readonly [number, number, number];
  return { row: decode(bytes.subarray(PREFIX_BYTES)), version: (high << 8) | low };
}
