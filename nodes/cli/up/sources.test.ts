import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultSources, namedSources } from './sources.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'banyan-sources-'));
  mkdirSync(join(directory, 'notes'));
  mkdirSync(join(directory, 'node_modules'));
  writeFileSync(join(directory, 'a.txt'), 'a');
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('the sources of up', () => {
  test('are files, directories and globs, by absolute path', () => {
    expect(namedSources(['a.txt', 'notes', 'notes/*.md', `file://${directory}/a.txt`], directory)).toEqual([
      { type: 'file', location: join(directory, 'a.txt'), metadata: {} },
      { type: 'directory', location: join(directory, 'notes'), metadata: {} },
      { type: 'directory', location: join(directory, 'notes/*.md'), metadata: {} },
      { type: 'file', location: join(directory, 'a.txt'), metadata: {} },
    ]);
  });

  test.each(['https://example.org/feed', 'missing.txt', '/dev/null'])(
    '%s is refused as a setting',
    (source) => {
      expect(() => namedSources([source], directory)).toThrow(
        expect.objectContaining({ code: 'config.invalid', path: 'sources' }),
      );
    },
  );

  test('are the documentation of the installed packages when none is named', () => {
    expect(defaultSources(directory)).toEqual([
      {
        type: 'directory',
        location: join(directory, 'node_modules'),
        metadata: { include: ['**/{README,CHANGELOG,HISTORY,SECURITY}*'] },
      },
    ]);
  });
});
