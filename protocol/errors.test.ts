import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BanyanError, ERRORS, type ErrorCode, toBanyanError } from './errors.ts';

const codes = Object.keys(ERRORS) as ErrorCode[];
const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');

describe('the catalogue', () => {
  test('is what docs/errors.md says', () => {
    const documented = page
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll(/\s+/g, ' ')));
    const expected = codes.map((code) => {
      const { message, recoverable, hint } = ERRORS[code];
      const escaped = hint.replaceAll('|', '\\|').replaceAll('<', '&lt;');
      return ['', `\`${code}\``, message, recoverable ? 'yes' : 'no', escaped, ''];
    });
    expect(documented).toEqual(expected);
  });

  test.each(codes)('%s says in one sentence what is wrong and in another what to do', (code) => {
    expect(ERRORS[code].message).toMatch(/^[A-Z].*\.$/);
    expect(ERRORS[code].hint).toMatch(/^[A-Z<].*\.$/);
    expect(code).toMatch(/^[a-z]+(?:\.[a-z0-9_]+)?$/);
  });
});

describe('an error', () => {
  test('takes from the catalogue what it is not told', () => {
    const error = new BanyanError('log.full');
    expect(error).toMatchObject({
      ...ERRORS['log.full'],
      code: 'log.full',
      path: undefined,
      retryAfterMs: undefined,
    });
    expect(new BanyanError('log.full', { message: 'Full.', hint: 'Wait.' })).toMatchObject({
      message: 'Full.',
      hint: 'Wait.',
    });
  });

  test.each(codes)('%s crosses the wire unchanged', (code) => {
    const error = new BanyanError(code, { path: 'a.0.b', retryAfterMs: 5, message: 'Precisely.' });
    const wire: unknown = JSON.parse(JSON.stringify(error.toWire()));
    expect(BanyanError.fromWire(wire).toWire()).toEqual(error.toWire());
  });

  test('has no empty fields and no cause on the wire', () => {
    const wire = new BanyanError('internal', { cause: new Error('secret') }).toWire();
    expect(Object.keys(wire).toSorted()).toEqual(['code', 'hint', 'message', 'recoverable']);
  });

  test.each([undefined, null, 5, 'text', {}, { code: 5 }, { code: 'toString' }, []])(
    '%j is not one of ours',
    (wire) => {
      expect(BanyanError.fromWire(wire).code).toBe('internal');
    },
  );

  test('a code of a newer release is kept in the message', () => {
    const error = BanyanError.fromWire({ code: 'new.code', message: 'Something new.', recoverable: true });
    expect(error).toMatchObject({ code: 'internal', message: 'new.code: Something new.' });
  });
});

describe('anything thrown', () => {
  test('passes when it is ours and becomes internal otherwise', () => {
    const ours = new BanyanError('usage');
    expect(toBanyanError(ours)).toBe(ours);
    const thrown = new TypeError('x is not a function');
    expect(toBanyanError(thrown)).toMatchObject({ code: 'internal', message: thrown.message, cause: thrown });
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    for (const odd of ['text', undefined, null, 5, Symbol('x'), cycle, 5n]) {
      expect(toBanyanError(odd).code).toBe('internal');
    }
  });
});
