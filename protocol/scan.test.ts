import { unpack } from 'msgpackr';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encode } from './codec.ts';
import { BanyanError, type ErrorCode } from './errors.ts';
import { BODY_LIMITS, scan } from './scan.ts';

const refusal = (bytes: Uint8Array | readonly number[], limits = BODY_LIMITS): ErrorCode | undefined => {
  try {
    scan(Uint8Array.from(bytes), limits);
    return undefined;
  } catch (error) {
    if (error instanceof BanyanError) return error.code;
    throw error;
  }
};
/** JSON without the one key that is refused. */
const jsonValues = fc
  .jsonValue({ maxDepth: 8 })
  .filter((value) => !JSON.stringify(value).includes('__proto__'));
const repeated = (count: number, byte: number) => Array.from({ length: count }, () => byte);
const nested = (depth: number) => [...repeated(depth, 0x91), 0xc0];
const text = (value: string) => [0xa0 | value.length, ...Buffer.from(value)];

describe('structure', () => {
  test('accepts whatever the codec encodes', () => {
    fc.assert(
      fc.property(jsonValues, (value) => {
        expect(refusal(encode(value))).toBeUndefined();
      }),
    );
  });

  test('random bytes are accepted or refused with a code, and what is accepted decodes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      // Mostly valid: an encoded value with one byte replaced, removed or added.
      fc
        .tuple(fc.jsonValue(), fc.nat(), fc.nat(255), fc.constantFrom('replace', 'cut', 'add'))
        .map(([value, place, byte, change]) => {
          const encoded = [...encode(value)];
          if (change === 'replace') encoded[place % encoded.length] = byte;
          else if (change === 'cut') encoded.length = place % encoded.length;
          else encoded.push(byte);
          return Uint8Array.from(encoded);
        }),
    );
    fc.assert(
      fc.property(bytes, (candidate) => {
        // Refusals without a code would be thrown by `refusal` itself.
        const decodes = () => refusal(candidate) !== undefined || unpack(candidate) !== undefined;
        expect(decodes()).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test('a value that was cut anywhere, or has anything after it, is refused', () => {
    fc.assert(
      fc.property(jsonValues, fc.nat(), fc.nat(255), (value, place, extra) => {
        const whole = encode(value);
        expect(refusal(whole.subarray(0, place % whole.length))).toBe('message.malformed');
        expect(refusal([...whole, extra])).toBe('message.malformed');
      }),
    );
  });

  test.each([
    ['nothing', []],
    ['a truncated text', [0xa5, 0x61]],
    ['a truncated number', [0xcb, 0, 0]],
    ['a truncated length', [0xdd, 0xff]],
    ['the unused byte 0xc1', [0xc1]],
    ['bytes after the value', [0xc0, 0xc0]],
    ['a key that is a number', [0x81, 0x01, 0xc0]],
    ['a key that is a map', [0x81, 0x80, 0xc0]],
    ['a map without its last value', [0x81, 0xa1, 0x61]],
    ['an array of 2^32 - 1 elements', [0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0]],
    ['a map of 2^32 - 1 entries', [0xdf, 0xff, 0xff, 0xff, 0xff, 0xc0]],
    ['a text of 2^32 - 1 bytes', [0xdb, 0xff, 0xff, 0xff, 0xff, 0x61]],
    ['2^32 - 1 bytes', [0xc6, 0xff, 0xff, 0xff, 0xff, 0x61]],
    ['an extension of 2^32 - 1 bytes', [0xc9, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])('refuses %s', (_, bytes) => {
    expect(refusal(bytes)).toBe('message.malformed');
  });
});

describe('limits', () => {
  test('nesting is allowed up to the limit, and a bomb of 10,000 levels is refused like one more', () => {
    expect(refusal(nested(64))).toBeUndefined();
    expect(refusal(nested(65))).toBe('message.too_deep');
    expect(refusal(nested(10_000))).toBe('message.too_deep');
    expect(refusal(nested(10_000), { ...BODY_LIMITS, depth: 10_000 })).toBeUndefined();
  });

  test('elements are counted over all levels before any is read', () => {
    const limits = { ...BODY_LIMITS, items: 5 };
    expect(refusal(encode([1, [2, 3], 4]), limits)).toBeUndefined();
    expect(refusal(encode([1, [2, 3], { a: 4, b: 5 }]), limits)).toBe('message.too_many_items');
    expect(refusal(encode(repeated(100_001, 1)))).toBe('message.too_many_items');
  });

  test('size is checked first', () => {
    expect(refusal(new Uint8Array(BODY_LIMITS.bytes + 1))).toBe('message.too_large');
  });
});

describe('content', () => {
  test.each([
    ['a lone continuation byte', [0xa1, 0x80]],
    ['an overlong form', [0xa2, 0xc0, 0x80]],
    ['half a surrogate pair', [0xa3, 0xed, 0xa0, 0x80]],
    ['a sequence cut by the end of the text', [0x92, 0xa1, 0xc3, 0xa1, 0xa9]],
    ['an invalid key', [0x81, 0xa1, 0xff, 0xc0]],
    ['an invalid byte in a long text', [0xd9, 100, ...repeated(99, 0x61), 0xff]],
  ])('refuses text that is not UTF-8: %s', (_, bytes) => {
    expect(refusal(bytes)).toBe('message.invalid_utf8');
  });

  test('__proto__ is refused as a key at any depth, and allowed as a value', () => {
    expect(refusal([0x81, ...text('__proto__'), 0xc0])).toBe('message.forbidden_key');
    expect(refusal([0x81, 0xd9, 9, ...Buffer.from('__proto__'), 0xc0])).toBe('message.forbidden_key');
    expect(refusal([0x91, 0x81, ...text('a'), 0x81, ...text('__proto__'), 0xc0])).toBe(
      'message.forbidden_key',
    );
    expect(refusal([0x81, ...text('a'), ...text('__proto__')])).toBeUndefined();
    expect(refusal([0x82, ...text('constructor'), 1, ...text('prototype'), 2])).toBeUndefined();
  });

  test('of all extensions only timestamps pass', () => {
    for (const date of [new Date(0), new Date(1_700_000_000_123), new Date(-1)]) {
      expect(refusal(encode({ date }))).toBeUndefined();
    }
    expect(refusal([0xd4, 0x00, 0x00])).toBe('message.unsupported_extension'); // msgpackr's undefined
    expect(refusal([0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01])).toBe('message.unsupported_extension'); // its records
    expect(refusal([0xc7, 0x02, 0x78, 0xa1, 0x61])).toBe('message.unsupported_extension'); // its regular expressions
    expect(refusal([0xd4, 0xff, 0xff])).toBe('message.unsupported_extension'); // an invalid date
  });
});
