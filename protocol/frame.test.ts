import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../config/limits.ts';
import { type Address, formatAddress } from './address.ts';
import { encode } from './codec.ts';
import type { ErrorCode } from './errors.ts';
import {
  compareNumbers,
  decodeFrame,
  type EffectNumber,
  encodeFrame,
  encodeRecord,
  type FrameRecord,
} from './frame.ts';

const code = (expected: ErrorCode) => expect.objectContaining({ code: expected });
const tell = (message: FrameRecord['message'], to: Address = 'counter/a'): FrameRecord => ({
  kind: 'tell',
  to,
  message,
});
const repeated = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

const numbers: fc.Arbitrary<EffectNumber> = fc.tuple(fc.nat(2 ** 31), fc.nat(255), fc.nat(9));
const texts = fc.string({ unit: 'grapheme-composite', minLength: 1, maxLength: 8 });
/** JSON without the one key that is refused. */
const jsonValues = fc
  .jsonValue({ maxDepth: 3 })
  .filter((value) => !JSON.stringify(value).includes('__proto__'));
const records: fc.Arbitrary<FrameRecord> = fc
  .record(
    {
      kind: fc.constantFrom('tell', 'timer', 'task', 'control', 'down'),
      to: fc.stringMatching(/^[A-Za-z0-9_:-]{1,20}$/).map((key) => formatAddress('counter', key)),
      message: fc.record({ type: texts, value: jsonValues }),
      from: fc.record({ partition: fc.nat(63), number: numbers }),
      sender: texts,
      id: texts,
      correlationId: texts,
      traceparent: texts,
      replyTo: fc.record({ to: texts, id: texts }),
    },
    { requiredKeys: ['kind', 'to', 'message'], noNullPrototype: true },
  )
  .map((record) => structuredClone(record) as FrameRecord);

describe('frames', () => {
  test('give back the records they were made of, in order', () => {
    fc.assert(
      fc.property(fc.array(records, { minLength: 1, maxLength: 20 }), (many) => {
        const decoded = decodeFrame(encodeFrame(many.map(encodeRecord)));
        // Compared as encoded: the codec drops -0, which is not the frame's business.
        expect(decoded.map((record) => [...encodeRecord(record)])).toEqual(
          many.map((r) => [...encodeRecord(r)]),
        );
        const withoutMessage = (record: FrameRecord) => ({ ...record, message: undefined });
        expect(decoded.map(withoutMessage)).toEqual(many.map(withoutMessage));
      }),
    );
  });

  test('joined records are what encoding the whole frame gives', () => {
    for (const count of [1, 15, 16, 256]) {
      const record = encodeRecord(tell({ type: 'add', n: 300 }));
      const whole = encode([1, repeated(count, [0, 'counter/a', { type: 'add', n: 300 }])]);
      expect(encodeFrame(repeated(count, record))).toEqual(whole);
    }
  });

  test('a message of the greatest size fits a frame', () => {
    const body = { type: 'add', data: new Uint8Array(LIMITS.messageBodyBytes - 100) };
    const frame = encodeFrame([encodeRecord(tell(body))]);
    expect(decodeFrame(frame)).toHaveLength(1);
  });

  test('too many or no records, and too many bytes, are refused', () => {
    const record = encodeRecord(tell({ type: 'add' }));
    const large = encodeRecord(tell({ type: 'add', data: new Uint8Array(200_000) }));
    expect(() => encodeFrame([])).toThrow(code('frame.too_large'));
    expect(() => encodeFrame(repeated(257, record))).toThrow(code('frame.too_large'));
    expect(() => encodeFrame([large, large])).toThrow(code('frame.too_large'));
  });
});

describe("a record is refused while it is still the sender's fault", () => {
  const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)]);
  const forbidden: unknown = JSON.parse('{"__proto__": 1}');

  test.each<[string, FrameRecord, ErrorCode]>([
    ['a bad address', tell({ type: 'a' }, 'a/b.c'), 'address.invalid'],
    ['no type', tell({ type: '' }), 'message.no_type'],
    ['a type of the runtime', tell({ type: 'xstate.after.1' }), 'message.reserved_type'],
    ['deep nesting', tell({ type: 'a', x: nest(64) }), 'message.too_deep'],
    ['a large message', tell({ type: 'a', x: 'x'.repeat(300_000) }), 'message.too_large'],
    ['half a surrogate pair', tell({ type: 'a', x: '\ud800' }), 'message.invalid_utf8'],
    ['the key __proto__', tell({ type: 'a', x: forbidden }), 'message.forbidden_key'],
  ])('%s', (_, record, expected) => {
    expect(() => encodeRecord(record)).toThrow(code(expected));
  });

  test('a timer may carry a type of the runtime', () => {
    const timer: FrameRecord = {
      kind: 'timer',
      to: 'counter/a',
      message: { type: 'xstate.after.1' },
      id: 't',
    };
    expect(decodeFrame(encodeFrame([encodeRecord(timer)]))).toEqual([timer]);
  });
});

describe('reading', () => {
  const message = { type: 'a' };
  test.each<[string, unknown]>([
    ['a map', { 0: 1 }],
    ['no records', [1, []]],
    ['version 0', [0, [[0, 'a/b', message]]]],
    ['a record that is no array', [1, [5]]],
    ['an unknown kind', [1, [[9, 'a/b', message]]]],
    ['a bad address', [1, [[0, 'a.b', message]]]],
    ['a message without type', [1, [[0, 'a/b', {}]]]],
    ['a broken number', [1, [[0, 'a/b', message, [1, 2, 3]]]]],
    ['a negative number', [1, [[0, 'a/b', message, [1, 2, 3, -1]]]]],
    ['a sender that is no text', [1, [[0, 'a/b', message, null, 5]]]],
    ['too many fields', [1, [[0, 'a/b', message, null, null, null, null, null, null, 1]]]],
  ])('refuses %s', (_, value) => {
    expect(() => decodeFrame(encode(value))).toThrow(code('frame.malformed'));
  });

  test('a newer version is refused with its own code', () => {
    expect(() => decodeFrame(encode([2, []]))).toThrow(code('frame.version'));
  });

  test('any bytes give records or a coded error', () => {
    const bombs = [Uint8Array.from(repeated(10_000, 0x91)), Uint8Array.of(0xdd, 255, 255, 255, 255)];
    for (const bomb of bombs) expect(() => decodeFrame(bomb)).toThrow(code('frame.malformed'));
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(() => decodeFrame(bytes)).toThrow(expect.objectContaining({ name: 'BanyanError' }));
      }),
    );
  });
});

test('effect numbers are ordered by entry, then index, then effect', () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      const asTexts = [a, b].map((number) => number.map((part) => String(part).padStart(10, '0')).join('.'));
      const expected = asTexts[0] === asTexts[1] ? 0 : (asTexts[0] ?? '') < (asTexts[1] ?? '') ? -1 : 1;
      expect(Math.sign(compareNumbers(a, b))).toBe(expected);
    }),
  );
});
