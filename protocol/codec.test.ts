import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, decodeBody, encode } from './codec.ts';
import { BanyanError, type ErrorCode } from './errors.ts';

const code = (expected: ErrorCode) => expect.objectContaining({ code: expected });

/** The code of the refusal, or `decoded`. */
function outcome(bytes: Uint8Array, contentType: string | undefined): string {
  try {
    return typeof decodeBody(bytes, contentType).type === 'string' ? 'decoded' : 'no type';
  } catch (error) {
    return error instanceof BanyanError ? error.code : String(error);
  }
}

/** Values that survive: no -0, no lone surrogates, no undefined; BigInt within 64 bits. */
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, Number.NaN, Number.POSITIVE_INFINITY),
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.double().filter((n) => !Object.is(n, -0)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2500-01-01') }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(
      fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__'),
      tie('value'),
      { noNullPrototype: true, maxKeys: 20 },
    ),
  ),
})).value;

describe('encode and decode', () => {
  test('are inverse for every value that a message may hold', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(encode(value))).toEqual(value);
      }),
    );
  });

  test('results share no memory, however many are made', () => {
    const first = encode({ n: 0 });
    const copy = Uint8Array.from(first);
    const buffers = new Set([first.buffer]);
    for (let n = 1; n < 2_000; n++) buffers.add(encode({ n, text: 'x'.repeat(n % 100) }).buffer);
    expect(first).toEqual(copy);
    expect(buffers.size).toBe(2_000);
    expect(first.buffer.byteLength).toBe(first.length);
  });

  test('undefined is left out of objects and null in arrays', () => {
    expect(decode(encode({ a: undefined, b: [undefined, 1], c: { d: undefined } }))).toEqual({
      b: [null, 1],
      c: {},
    });
    expect(encode({ a: undefined, b: 1 })).toEqual(encode({ b: 1 }));
  });

  test('a decoded value does not change with the bytes it came from', () => {
    const bytes = encode({ data: Uint8Array.of(1, 2, 3), text: 'abc' });
    const value = decode(bytes);
    bytes.fill(0);
    expect(value).toEqual({ data: Uint8Array.of(1, 2, 3), text: 'abc' });
  });

  test('keys with a meaning in JavaScript are only data', () => {
    const value = { toJSON: 1, constructor: 2, hasOwnProperty: 3, toString: 4 };
    expect(decode(encode(value))).toEqual(value);
  });

  test('maps are as small as other encoders make them', () => {
    expect([...encode({ a: 1 })]).toEqual([0x81, 0xa1, 0x61, 0x01]);
  });

  test('what cannot be encoded is refused, and the next value is not harmed', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    for (const bad of [cycle, Symbol('x'), { n: 2n ** 70n }]) {
      expect(() => encode(bad)).toThrow(code('message.not_encodable'));
      expect(decode(encode({ fine: true }))).toEqual({ fine: true });
    }
  });
});

describe('bodies from anywhere', () => {
  const json = (text: string) => decodeBody(Buffer.from(text), 'application/json');

  test('msgpack and JSON give the same message', () => {
    const message = { type: 'add', n: 1, list: ['ä', null, true], nested: { deep: 1.5 } };
    expect(decodeBody(encode(message), undefined)).toEqual(message);
    expect(decodeBody(encode(message), 'application/msgpack')).toEqual(message);
    expect(json(JSON.stringify(message))).toEqual(message);
    expect(decodeBody(Buffer.from(JSON.stringify(message)), 'Application/JSON; charset=utf-8')).toEqual(
      message,
    );
  });

  test('whole numbers that other languages send in 64 bits are numbers when they fit', () => {
    const message = { type: 'add', small: 5n, negative: -5n, large: 2n ** 60n };
    expect(decodeBody(encode(message), undefined)).toEqual({
      type: 'add',
      small: 5,
      negative: -5,
      large: 2n ** 60n,
    });
  });

  test('other content types are refused', () => {
    expect(() => decodeBody(encode({ type: 'a' }), 'text/plain')).toThrow(code('message.content_type'));
  });

  test.each([[[1, 2]], ['text'], [5], [null], [new Date(0)]])('%j is not a map', (value) => {
    expect(() => decodeBody(encode(value), undefined)).toThrow(code('message.malformed'));
  });

  test.each([{}, { type: 1 }, { type: '' }, { type: 'x'.repeat(129) }, { type: null }])(
    '%j has no type',
    (value) => {
      expect(() => decodeBody(encode(value), undefined)).toThrow(code('message.no_type'));
      expect(() => json(JSON.stringify(value))).toThrow(code('message.no_type'));
    },
  );

  test('types of the runtime are refused', () => {
    expect(() => decodeBody(encode({ type: 'xstate.done' }), undefined)).toThrow(
      code('message.reserved_type'),
    );
    expect(() => json('{"type":"xstate.after.1"}')).toThrow(code('message.reserved_type'));
  });

  test('any bytes give a message or a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(undefined, 'application/json'), (bytes, contentType) => {
        expect(outcome(bytes, contentType)).toMatch(/^message\.|^decoded$/);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('JSON bodies', () => {
  const body = (text: string | Uint8Array) => () => decodeBody(Buffer.from(text), 'application/json');

  test('nesting is limited before anything is parsed', () => {
    const nest = (depth: number) => `{"type":"a","x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(body(nest(63))).not.toThrow();
    expect(body(nest(64))).toThrow(code('message.too_deep'));
    expect(body(nest(10_000))).toThrow(code('message.too_deep'));
    expect(body('{"type":"a","x":"[[[[\\"{{{' + '['.repeat(1_000) + '"}')).not.toThrow();
  });

  test('elements are limited', () => {
    expect(body(`{"type":"a","x":[${'1,'.repeat(100_000)}1]}`)).toThrow(code('message.too_many_items'));
  });

  test('size is limited', () => {
    expect(body(`{"type":"a","x":"${'x'.repeat(256 * 1024)}"}`)).toThrow(code('message.too_large'));
  });

  test('__proto__ is refused at any depth and however it is written', () => {
    expect(body('{"type":"a","__proto__":{}}')).toThrow(code('message.forbidden_key'));
    expect(body('{"type":"a","x":[{"\\u005f_proto__":1}]}')).toThrow(code('message.forbidden_key'));
  });

  test('text that is not UTF-8 is refused, as bytes and by escape', () => {
    expect(body(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d))).toThrow(code('message.invalid_utf8'));
    expect(body('{"type":"a","x":"\\ud800"}')).toThrow(code('message.invalid_utf8'));
    expect(body('{"type":"a","\\udc00":1}')).toThrow(code('message.invalid_utf8'));
  });

  test.each(['', '{', '{"type":"a"', '{"type":"a"}}', '[', 'nul', '"', '{"type":"a"} x'])(
    '%j is malformed',
    (text) => {
      expect(body(text)).toThrow(code('message.malformed'));
    },
  );
});
