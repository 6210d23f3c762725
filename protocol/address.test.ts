import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  escapeKey,
  formatAddress,
  isAddress,
  isKey,
  isKind,
  parseAddress,
  unescapeKey,
  workerAddress,
} from './address.ts';
import { BanyanError } from './errors.ts';

const kinds = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/);
const keys = fc.stringMatching(/^[A-Za-z0-9_:-]{1,128}$/);

describe('addresses', () => {
  test('format and parse are inverse for every kind and key', () => {
    fc.assert(
      fc.property(kinds, keys, (kind, key) => {
        expect(parseAddress(formatAddress(kind, key))).toEqual({ kind, key });
      }),
    );
  });

  test.each([
    '',
    '/',
    'a/',
    '/a',
    'a',
    'A/b',
    'a/b/c',
    'a/b.c',
    'a/*',
    'a/>',
    'a/b\n',
    'a/ä',
    '1a/b',
    'a/\0',
  ])('refuses %j', (text) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'address.invalid' }));
  });

  test('refuses kinds and keys that are too long', () => {
    expect(isKind('a'.repeat(32))).toBe(true);
    expect(isKind('a'.repeat(33))).toBe(false);
    expect(isKey('a'.repeat(128))).toBe(true);
    expect(isKey('a'.repeat(129))).toBe(false);
    expect(() => formatAddress('counter', 'a'.repeat(129))).toThrow(BanyanError);
  });

  test('a message about hostile text stays short and printable', () => {
    const thrown = (() => {
      try {
        parseAddress('\0'.repeat(10_000));
      } catch (error) {
        return error as BanyanError;
      }
      return undefined;
    })();
    expect(thrown?.message.length).toBeLessThan(500);
    expect(thrown?.message).not.toContain('\0');
  });
});

describe('escaping names into keys', () => {
  test('every name gives a key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 150 }), (name) => {
        expect(isKey(escapeKey(name))).toBe(true);
      }),
    );
  });

  test('names that fit are read back exactly', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (name) => {
        const key = escapeKey(name);
        fc.pre(!/_h[0-9a-f]{16}$/.test(key));
        expect(unescapeKey(key)).toBe(name);
      }),
    );
  });

  test('letters, digits, colon and dash stay readable', () => {
    expect(escapeKey('gpu-1:a')).toBe('gpu-1:a');
    expect(escapeKey('my host.local')).toBe('my_20host_2elocal');
    expect(escapeKey('a_b')).toBe('a_5fb');
    expect(escapeKey('é')).toBe('_c3_a9');
    expect(escapeKey('')).toBe('_');
    expect(unescapeKey('_')).toBe('');
  });

  test('long names keep a prefix, differ by hash and cannot be read back', () => {
    const [one, two] = [escapeKey(`${'/x'.repeat(200)}1`), escapeKey(`${'/x'.repeat(200)}2`)];
    expect(one).toMatch(/^_2fx_2fx.*_h[0-9a-f]{16}$/);
    expect(one).not.toBe(two);
    expect(() => unescapeKey(one)).toThrow(expect.objectContaining({ code: 'address.invalid' }));
  });

  test.each(['a_b', '_zz', 'a_', 'a b', ''])('%j is not an escaped name', (key) => {
    expect(() => unescapeKey(key)).toThrow(expect.objectContaining({ code: 'address.invalid' }));
  });
});

describe('the address of a worker', () => {
  test('names the node and the worker, escaped', () => {
    expect(workerAddress('n1', 'embedder')).toBe('worker/n1:embedder');
    expect(workerAddress('host.example', 'my_worker')).toBe('worker/host_2eexample:my_5fworker');
  });

  test('is an address however long they are, and differs when they do', () => {
    const node = 'n_'.repeat(60);
    const addresses = ['_'.repeat(64), '_'.repeat(63)].map((id) => workerAddress(node, id));
    expect(addresses.map(isAddress)).toEqual([true, true]);
    expect(addresses[0]).not.toBe(addresses[1]);
  });
});
