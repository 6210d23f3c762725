/**
 * The spool's file format: records one behind the other, each `length (4 bytes) | CRC-32 (4) | body`, numbers big
 * endian. A body is `kind (1) | sequence (6) | key bytes (2) | key (UTF-8) | value`. A process that was killed while
 * it wrote leaves a last record that is short or does not match its checksum; it and what follows do not count.
 */
import { crc32 } from 'node:zlib';

export interface SpoolRecord {
  /** What `put` keeps, `drop` gives up. */
  readonly kind: 'put' | 'drop';
  /** Rises with every put; the order in which things were kept. */
  readonly sequence: number;
  /** At most 65,535 bytes of UTF-8. */
  readonly key: string;
  /** Empty for `drop`. */
  readonly value: Uint8Array;
}

/** A record that was found, and where it begins and ends. */
export interface FoundRecord extends SpoolRecord {
  readonly from: number;
  readonly to: number;
}

const headerBytes = 8;
const bodyHeaderBytes = 9;
const kinds = { put: 1, drop: 2 } as const;

export function encodeRecord({ kind, sequence, key, value }: SpoolRecord): Buffer {
  const keyBytes = Buffer.from(key);
  const record = Buffer.alloc(headerBytes + bodyHeaderBytes + keyBytes.byteLength + value.byteLength);
  const body = record.subarray(headerBytes);
  body.writeUInt8(kinds[kind], 0);
  body.writeUIntBE(sequence, 1, 6);
  body.writeUInt16BE(keyBytes.byteLength, 7);
  body.set(keyBytes, bodyHeaderBytes);
  body.set(value, bodyHeaderBytes + keyBytes.byteLength);
  record.writeUInt32BE(body.byteLength, 0);
  record.writeUInt32BE(crc32(body), 4);
  return record;
}

/** Whole records from the beginning of `bytes`, up to the first that is incomplete or damaged. */
export function* decodeRecords(bytes: Buffer): Generator<FoundRecord> {
  let from = 0;
  while (from + headerBytes + bodyHeaderBytes <= bytes.byteLength) {
    const to = from + headerBytes + bytes.readUInt32BE(from);
    if (to > bytes.byteLength) return;
    const body = bytes.subarray(from + headerBytes, to);
    if (body.byteLength < bodyHeaderBytes || crc32(body) !== bytes.readUInt32BE(from + 4)) return;
    const valueAt = bodyHeaderBytes + body.readUInt16BE(7);
    yield {
      kind: body.readUInt8(0) === kinds.put ? 'put' : 'drop',
      sequence: body.readUIntBE(1, 6),
      key: body.toString('utf8', bodyHeaderBytes, valueAt),
      value: body.subarray(valueAt),
      from,
      to,
    };
    from = to;
  }
}
