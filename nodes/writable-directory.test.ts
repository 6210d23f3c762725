import { mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeWritableDirectory } from './writable-directory.ts';

let directory = '';
beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'banyan-writable-')));
  writeFileSync(join(directory, 'file'), '');
  symlinkSync(directory, join(directory, 'link'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('a directory that a setting names', () => {
  test('is made with its parents and its mode, and is resolved', () => {
    const made = makeWritableDirectory(join(directory, 'link', 'a', 'b'), 'data', 0o700);
    expect(made).toBe(join(directory, 'a', 'b'));
    expect(statSync(made).mode & 0o777).toBe(0o700);
    expect(makeWritableDirectory(made, 'data')).toBe(made);
  });

  test.each([
    ['file', 'it is not a directory'],
    ['file/below', 'a part of its path is not a directory'],
  ])('%s is refused: %s', (path, why) => {
    const wrong = join(directory, path);
    expect(() => makeWritableDirectory(wrong, 'out')).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        path: 'out',
        message: `The directory ${wrong} cannot be written to: ${why}`,
        hint: expect.stringContaining('--out'),
      }),
    );
  });
});
