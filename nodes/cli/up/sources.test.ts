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
  const types = ['file', 'directory', 'http', 'log', 'subject', 'mine'];

  test('are files, directories and globs, by absolute path', () => {
    const sources = ['a.txt', 'notes', 'notes/*.md', `file://${directory}/a.txt`];
    expect(namedSources(sources, directory, types)).toEqual([
      { type: 'file', location: join(directory, 'a.txt'), metadata: {} },
      { type: 'directory', location: join(directory, 'notes'), metadata: {} },
      { type: 'directory', location: join(directory, 'notes/*.md'), metadata: {} },
      { type: 'file', location: join(directory, 'a.txt'), metadata: {} },
    ]);
  });

  test('are web pages, and whatever the node has a collector for, by its type', () => {
    const sources = ['https://example.org/feed', 'log:app.log', 'subject:orders.>', 'mine:any thing'];
    expect(namedSources(sources, directory, types)).toEqual([
      { type: 'http', location: 'https://example.org/feed', metadata: {} },
      { type: 'log', location: join(directory, 'app.log'), metadata: {} },
      { type: 'subject', location: 'orders.>', metadata: {} },
      { type: 'mine', location: 'any thing', metadata: {} },
    ]);
  });

  test.each([
    ['missing.txt', 'there is no such file or directory'],
    ['/dev/null', 'it is neither a file nor a directory'],
    ['https://', 'it is not a URL'],
    ['ftp://example.org/', "no collector for 'ftp'; name a path, an http URL, or TYPE:LOCATION"],
    ['log:', 'nothing stands behind its type'],
  ])('%s is refused as a setting: %s', (source, why) => {
    expect(() => namedSources([source], directory, types)).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        path: 'sources',
        message: expect.stringContaining(why) as string,
      }),
    );
  });

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
