/**
 * Looks over msgpack from anywhere before anything is built from it: one pass, no recursion, no allocation
 * but for long texts. What passes decodes without surprises: complete, bounded, plain types, string keys,
 * valid UTF-8. Format: https://github.com/msgpack/msgpack/blob/master/spec.md
 */
import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../config/limits.ts';
import { BanyanError } from './errors.ts';

/** What a scan allows. */
export interface ScanLimits {
  readonly bytes: number;
  /** Levels of maps and arrays; the outermost is the first. */
  readonly depth: number;
  /** Array elements and map entries, over all levels. */
  readonly items: number;
}

/** The limits of one message body. */
export const BODY_LIMITS: ScanLimits = {
  bytes: LIMITS.messageBodyBytes,
  depth: LIMITS.messageDepth,
  items: LIMITS.messageItems,
};

/** Texts below this are checked here; longer ones by the native check, whose call costs more. */
const INLINE_TEXT_BYTES = 48;
const PROTO_BYTES = Buffer.from('__proto__');
const TIMESTAMP_TYPE = 0xff;

/** For each open container: values left, and whether they alternate between keys and values. */
let left = new Int32Array(128);
let isMap = new Uint8Array(128);

/**
 * Throws `message.too_large`, `message.too_deep`, `message.too_many_items`, `message.malformed`,
 * `message.forbidden_key`, `message.invalid_utf8` or `message.unsupported_extension` unless the bytes are
 * exactly one plain msgpack value within the limits.
 */
export function scan(bytes: Uint8Array, limits: ScanLimits = BODY_LIMITS): void {
  const end = bytes.length;
  if (end > limits.bytes) {
    throw new BanyanError('message.too_large', {
      message: `${end} bytes are more than the ${limits.bytes} allowed.`,
    });
  }
  if (limits.depth >= left.length) {
    left = new Int32Array(limits.depth + 1);
    isMap = new Uint8Array(limits.depth + 1);
  }
  let depth = 0;
  let items = 0;
  let at = 0;
  // The outermost value counts as the only element of an invisible array.
  left[0] = 1;
  isMap[0] = 0;

  for (;;) {
    const remaining = left[depth] as number;
    if (remaining === 0) {
      if (depth-- === 0) break;
      continue;
    }
    left[depth] = remaining - 1;
    if (at >= end) throw malformed('it ends too early', at);
    const start = at;
    const token = bytes[at++] as number;
    let textBytes = -1;
    let skipBytes = 0;
    let elements = -1;
    let map = 0;

    if (token < 0x80 || token >= 0xe0) {
      // A small integer: nothing follows.
    } else if (token < 0x90) {
      elements = token & 0x0f;
      map = 1;
    } else if (token < 0xa0) {
      elements = token & 0x0f;
    } else if (token < 0xc0) {
      textBytes = token & 0x1f;
    } else {
      switch (token) {
        case 0xc0: // nil
        case 0xc2: // false
        case 0xc3: // true
          break;
        case 0xc4: // bin 8
          skipBytes = read(bytes, at, 1);
          at += 1;
          break;
        case 0xc5: // bin 16
          skipBytes = read(bytes, at, 2);
          at += 2;
          break;
        case 0xc6: // bin 32
          skipBytes = read(bytes, at, 4);
          at += 4;
          break;
        case 0xcc: // 8 bits
        case 0xd0:
          skipBytes = 1;
          break;
        case 0xcd: // 16 bits
        case 0xd1:
          skipBytes = 2;
          break;
        case 0xca: // 32 bits
        case 0xce:
        case 0xd2:
          skipBytes = 4;
          break;
        case 0xcb: // 64 bits
        case 0xcf:
        case 0xd3:
          skipBytes = 8;
          break;
        case 0xd9: // str 8
          textBytes = read(bytes, at, 1);
          at += 1;
          break;
        case 0xda: // str 16
          textBytes = read(bytes, at, 2);
          at += 2;
          break;
        case 0xdb: // str 32
          textBytes = read(bytes, at, 4);
          at += 4;
          break;
        case 0xdc: // array 16
          elements = read(bytes, at, 2);
          at += 2;
          break;
        case 0xdd: // array 32
          elements = read(bytes, at, 4);
          at += 4;
          break;
        case 0xde: // map 16
          elements = read(bytes, at, 2);
          at += 2;
          map = 1;
          break;
        case 0xdf: // map 32
          elements = read(bytes, at, 4);
          at += 4;
          map = 1;
          break;
        default:
          at = timestampEnd(bytes, token, at);
      }
    }

    if (isMap[depth] === 1 && (remaining & 1) === 0 && textBytes < 0)
      throw malformed('a key is not a text', start);

    if (textBytes >= 0) {
      if (textBytes > end - at) throw malformed('a text is longer than what is left', start);
      if (
        isMap[depth] === 1 &&
        (remaining & 1) === 0 &&
        textBytes === PROTO_BYTES.length &&
        isProto(bytes, at)
      ) {
        throw new BanyanError('message.forbidden_key', {
          message: `The key __proto__ at byte ${start} is refused.`,
        });
      }
      checkText(bytes, at, at + textBytes);
      at += textBytes;
    } else if (elements >= 0) {
      if (elements > (end - at) / (1 + map)) throw malformed('a count is greater than what is left', start);
      items += elements;
      if (items > limits.items) {
        throw new BanyanError('message.too_many_items', { message: `More than ${limits.items} elements.` });
      }
      if (++depth > limits.depth) {
        throw new BanyanError('message.too_deep', {
          message: `Deeper than ${limits.depth} levels at byte ${start}.`,
        });
      }
      // No overflow: the count is below the size of the body.
      left[depth] = elements << map;
      isMap[depth] = map;
    } else if (skipBytes > 0) {
      if (skipBytes > end - at) throw malformed('a value is longer than what is left', start);
      at += skipBytes;
    }
  }
  if (at !== end) throw malformed(`${end - at} bytes follow the value`, at);
}

/** An unsigned big-endian number of 1, 2 or 4 bytes. */
function read(bytes: Uint8Array, at: number, width: 1 | 2 | 4): number {
  if (at + width > bytes.length) throw malformed('it ends too early', at);
  if (width === 1) return bytes[at] as number;
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return width === 2 ? high : high * 0x10000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
}

/** Where the timestamp that begins at `at - 1` ends; refuses every other extension and the unused 0xc1. */
function timestampEnd(bytes: Uint8Array, token: number, at: number): number {
  let dataBytes: number;
  let typeAt = at;
  if (token >= 0xd4 && token <= 0xd8) {
    dataBytes = 1 << (token - 0xd4);
  } else if (token >= 0xc7 && token <= 0xc9) {
    const width = token === 0xc7 ? 1 : token === 0xc8 ? 2 : 4;
    dataBytes = read(bytes, at, width);
    typeAt += width;
  } else {
    throw malformed('0xc1 is no value', at - 1);
  }
  if (dataBytes >= bytes.length - typeAt) throw malformed('an extension is longer than what is left', at - 1);
  if (bytes[typeAt] !== TIMESTAMP_TYPE || (dataBytes !== 4 && dataBytes !== 8 && dataBytes !== 12)) {
    throw new BanyanError('message.unsupported_extension', {
      message: `The extension of type ${((bytes[typeAt] as number) << 24) >> 24} at byte ${at - 1} is no timestamp.`,
    });
  }
  return typeAt + 1 + dataBytes;
}

function checkText(bytes: Uint8Array, from: number, to: number): void {
  if (to - from < INLINE_TEXT_BYTES) {
    let at = from;
    while (at < to && (bytes[at] as number) < 0x80) at++;
    if (at === to) return;
  }
  if (!isUtf8(bytes.subarray(from, to))) {
    throw new BanyanError('message.invalid_utf8', {
      message: `The text at byte ${from} is not valid UTF-8.`,
    });
  }
}

function isProto(bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < PROTO_BYTES.length; at++) if (bytes[from + at] !== PROTO_BYTES[at]) return false;
  return true;
}

function malformed(what: string, at: number): BanyanError {
  return new BanyanError('message.malformed', {
    message: `Not one complete msgpack value: ${what} (byte ${at}).`,
  });
}
