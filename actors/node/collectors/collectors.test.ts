import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CollectorLimits, collectorRegistry } from './collector.ts';
import { directoryCollector } from './directory.ts';
import { domainOfFile, packageOf } from './file-domain.ts';
import { fileCollector } from './file.ts';
import { contentTypeOf } from './read-file.ts';

let root: string;
const limits: CollectorLimits = { itemMaxBytes: 1_000, signal: new AbortController().signal };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'banyan-collect-'));
});
afterEach(() => rm(root, { recursive: true }));

async function write(path: string, content: string | Uint8Array = path): Promise<string> {
  const full = join(root, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, content);
  return full;
}

const target = (location: string, metadata: Record<string, unknown> = {}) => ({
  type: 'directory',
  location,
  priority: 5,
  metadata,
});
const names = async (location = root, metadata = {}) =>
  (await directoryCollector.list(target(location, metadata), limits)).map(({ name }) =>
    name.slice(root.length + 1),
  );

describe('directory', () => {
  test('lists every regular file below it, sorted, without .git', async () => {
    for (const path of ['b.txt', 'a/deep/x.md', '.hidden', '.git/HEAD', 'a/.git/config']) await write(path);
    expect(await names()).toEqual(['.hidden', 'a/deep/x.md', 'b.txt']);
  });

  test('include, exclude and hidden narrow it', async () => {
    for (const path of ['a.md', 'b.ts', 'drafts/c.md', '.d.md']) await write(path);
    expect(await names(root, { include: '**/*.md' })).toEqual(['.d.md', 'a.md', 'drafts/c.md']);
    expect(await names(root, { include: ['**/*.md'], exclude: ['drafts/**'], hidden: false })).toEqual([
      'a.md',
    ]);
  });

  test('the location may have globs', async () => {
    for (const path of ['one/a.md', 'one/b.ts', 'two/c.md']) await write(path);
    expect(await names(join(root, '*/*.md'))).toEqual(['one/a.md', 'two/c.md']);
  });

  test('symbolic links are not followed, least of all out of the directory', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'banyan-outside-'));
    await writeFile(join(outside, 'secret.txt'), 'secret');
    await write('inside.txt');
    await symlink(outside, join(root, 'folder'));
    await symlink(join(outside, 'secret.txt'), join(root, 'file.txt'));
    await symlink(root, join(root, 'loop'));
    expect(await names()).toEqual(['inside.txt']);
    const read = directoryCollector.read(target(root), join(root, 'folder/secret.txt'), limits);
    await expect(read).rejects.toMatchObject({ reason: 'outside_root', transient: false });
    await expect(directoryCollector.read(target(root), join(root, 'file.txt'), limits)).rejects.toMatchObject(
      {
        reason: 'outside_root',
      },
    );
    await rm(outside, { recursive: true });
  });

  test('patterns cannot climb out of the directory', async () => {
    await write('in/a.txt');
    await write('out.txt');
    expect(await names(join(root, 'in'), { include: ['../*.txt', '*.txt'] })).toEqual(['in/a.txt']);
  });

  test('a directory that does not exist cannot be listed', async () => {
    await expect(names(join(root, 'missing'))).rejects.toThrow('ENOENT');
    await expect(names(await write('file.txt'))).rejects.toMatchObject({ code: 'task.failed' });
  });

  test('reads text with its type, source, domain, size and time', async () => {
    const path = await write('src/main.ts', 'export {};\n');
    const item = await directoryCollector.read(target(root), path, limits);
    expect(item).toMatchObject({ content: 'export {};\n', contentType: 'code', domain: 'src', bytes: 11 });
    expect(item.source).toBe(`file://${path}`);
    const [listed] = await directoryCollector.list(target(root), limits);
    expect(item.modifiedMs).toBe(listed?.modifiedMs);
  });

  test('what is gone, too large, binary or no file is unreadable, with the reason', async () => {
    const reason = async (path: string) =>
      directoryCollector.read(target(root), path, limits).catch((error: { reason?: string }) => error.reason);
    expect(await reason(join(root, 'gone.txt'))).toBe('gone');
    expect(await reason(await write('large.txt', 'x'.repeat(1_001)))).toBe('too_large');
    expect(await reason(await write('image.png', Uint8Array.from([0x89, 0x50, 0x00])))).toBe('not_text');
    expect(await reason(await write('latin1.txt', Uint8Array.from([0xe9, 0x20])))).toBe('not_text');
    await mkdir(join(root, 'folder'));
    expect(await reason(join(root, 'folder'))).toBe('not_a_file');
  });
});

describe('file', () => {
  test('collects the one file that the location names', async () => {
    const path = await write('notes/a.log', 'entry');
    const file = { ...target(path), type: 'file' };
    expect(await fileCollector.list(file)).toMatchObject([{ name: path, bytes: 5 }]);
    expect(await fileCollector.read(file, path, limits)).toMatchObject({
      contentType: 'log',
      domain: 'notes',
    });
    await expect(fileCollector.list({ ...file, location: root })).rejects.toMatchObject({
      code: 'task.failed',
    });
  });
});

describe('domain of a file', () => {
  test('is the innermost package below node_modules', () => {
    expect(packageOf('/x/node_modules/zod/lib/a.js')).toBe('zod');
    expect(packageOf('/x/node_modules/@scope/name/a.js')).toBe('@scope/name');
    expect(packageOf('/x/node_modules/a/node_modules/b/c.js')).toBe('b');
    expect(packageOf('/x/node_modules/.package-lock.json')).toBeUndefined();
    expect(domainOfFile('/x/node_modules/zod', '/x/node_modules/zod/index.js')).toBe('zod');
  });

  test('else the first folder under the root, else the name of the root', () => {
    expect(domainOfFile('/data', '/data/finance/q1/a.txt')).toBe('finance');
    expect(domainOfFile('/data', '/data/a.txt')).toBe('data');
    expect(domainOfFile('/', '/a.txt')).toBe('root');
  });
});

test('content types follow the extension', () => {
  const types = ['a.TS', 'a.csv', 'a.json', 'a.htm', 'a.log', 'README', 'a.md'].map(contentTypeOf);
  expect(types).toEqual(['code', 'data', 'json', 'html', 'log', 'text', 'text']);
});

test('two collectors cannot serve one type', () => {
  expect(() => collectorRegistry([fileCollector, fileCollector])).toThrow("'file'");
});
