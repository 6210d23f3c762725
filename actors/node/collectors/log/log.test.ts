import { appendFile, copyFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createActorHarness } from '../../../../tests/harness/actor-harness.ts';
import type { Listing } from '../collector.ts';
import { logCollector } from './log.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'banyan-log-'));
  path = join(folder, 'app.log');
});
afterEach(() => rm(folder, { recursive: true }));

const context = {
  id: 't',
  itemMaxBytes: 1_000,
  itemsMax: 1_000,
  signal: new AbortController().signal,
  content: createActorHarness([]).content,
};

/** One target's collections, one after the other; `lines` is what each of them yields. */
function tail(options: { itemBytes?: number; collectionItems?: number; metadata?: object } = {}) {
  const { itemBytes = 40, collectionItems = 100, metadata = {} } = options;
  const log = logCollector({ itemBytes, collectionItems });
  const target = { type: 'log', location: path, priority: 5, metadata: { ...metadata } };
  let cursor: string | undefined;
  const list = async (): Promise<string[]> => {
    const listing = (await log.list(target, {
      ...context,
      ...(cursor === undefined ? {} : { cursor }),
    })) as Listing;
    ({ cursor } = listing);
    return listing.items.map(({ name }) => name);
  };
  const read = async (name: string) => (await log.read(target, name, context)).content;
  const items = async () => Promise.all((await list()).map(read));
  return { list, read, items, text: async () => (await items()).join('') };
}

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, n) => `line ${from + n}\n`).join('');

describe('a log', () => {
  test('yields its whole lines, then what it has grown by', async () => {
    await writeFile(path, 'one\ntwo\nthr');
    const { text } = tail();
    expect(await text()).toBe('one\ntwo\n');
    expect(await text()).toBe('');
    await appendFile(path, 'ee\nfour\n');
    expect(await text()).toBe('three\nfour\n');
  });

  test('is cut into items of bounded size at the ends of lines; a longer line is one item', async () => {
    const long = `${'x'.repeat(90)}\n`;
    await writeFile(path, `${lines(0, 10)}${long}${lines(10, 12)}`);
    const items = await tail().items();
    expect(items.join('')).toBe(`${lines(0, 10)}${long}${lines(10, 12)}`);
    expect(items).toContain(long);
    for (const item of items) expect(item === long || item.length <= 40).toBe(true);
    for (const item of items) expect(item.endsWith('\n')).toBe(true);
  });

  test('with a line longer than an item may be is cut there, between characters', async () => {
    await writeFile(path, `${'ü'.repeat(1_200)}\nend\n`);
    const items = await tail({ itemBytes: 33 }).items();
    expect(items.join('')).toBe(`${'ü'.repeat(1_200)}\nend\n`);
    for (const item of items) expect(Buffer.byteLength(item) <= 1_000).toBe(true);
  });

  test('is collected over several collections when it is large', async () => {
    await writeFile(path, lines(0, 50));
    const { text } = tail({ collectionItems: 2 });
    let whole = '';
    for (let part = await text(); part !== ''; part = await text()) whole += part;
    expect(whole).toBe(lines(0, 50));
  });

  test('may begin at its end', async () => {
    await writeFile(path, 'old\nbegun');
    const { text } = tail({ metadata: { from: 'end' } });
    expect(await text()).toBe('');
    await appendFile(path, ' and ended\nnew\n');
    expect(await text()).toBe('begun and ended\nnew\n');
  });

  test('says what an item is and where it stood', async () => {
    await writeFile(path, 'a\nb\n');
    const { list } = tail();
    const [name = ''] = await list();
    const target = { type: 'log', location: path, priority: 5, metadata: {} };
    const item = await logCollector({ itemBytes: 40, collectionItems: 1 }).read(target, name, context);
    expect(item).toMatchObject({ contentType: 'log', bytes: 4, metadata: { lines: 2 } });
    expect(item.source).toBe(`file://${path}#bytes=0-4`);
  });

  test('that does not exist cannot be listed', async () => {
    await expect(tail().list()).rejects.toThrow('ENOENT');
  });
});

describe('rotation', () => {
  test('by renaming: the rest of the old file, the files between, and the new one', async () => {
    await writeFile(path, 'a1\na2\n');
    const { text } = tail();
    expect(await text()).toBe('a1\na2\n');
    await appendFile(path, 'a3\nunfinished');
    await rename(path, `${path}.1`);
    await writeFile(path, 'b1\n');
    await rename(`${path}.1`, `${path}.2`);
    await rename(path, `${path}.1`);
    await writeFile(path, 'c1\n');
    expect(await text()).toBe('a3\nunfinishedb1\nc1\n');
    await appendFile(path, 'c2\n');
    expect(await text()).toBe('c2\n');
  });

  test('by copying and truncating, also when the log has outgrown its old size since', async () => {
    await writeFile(path, lines(0, 4));
    const { text } = tail();
    await text();
    await appendFile(path, 'rest\n');
    await copyFile(path, `${path}.1`);
    await truncate(path);
    await appendFile(path, lines(100, 110));
    expect(await text()).toBe(`rest\n${lines(100, 110)}`);
  });

  test('without a trace of the old file begins the new one', async () => {
    await writeFile(path, lines(0, 4));
    const { text } = tail();
    await text();
    await truncate(path);
    expect(await text()).toBe('');
    await appendFile(path, 'fresh\n');
    expect(await text()).toBe('fresh\n');
  });

  test('between listing and reading changes nothing', async () => {
    await writeFile(path, 'one\ntwo\n');
    const { list, read } = tail();
    const [name = ''] = await list();
    await rename(path, `${path}.1`);
    await writeFile(path, 'ONE\nTWO\n');
    expect(await read(name)).toBe('one\ntwo\n');
    await rm(`${path}.1`);
    await expect(read(name)).rejects.toMatchObject({ reason: 'gone' });
  });

  test('at any moment loses nothing and takes nothing twice', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('write' as const), text: fc.stringMatching(/^[a-z]{0,12}$/) }),
      fc.record({ do: fc.constant('rotate' as const) }),
      fc.record({ do: fc.constant('collect' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        await rm(folder, { recursive: true });
        folder = await mkdtemp(join(tmpdir(), 'banyan-log-'));
        path = join(folder, 'app.log');
        await writeFile(path, '');
        const { text } = tail({ itemBytes: 8 });
        await text();
        let written = '';
        let collected = '';
        let rotations = 0;
        for (const [at, one] of steps.entries()) {
          if (one.do === 'write') {
            const line = `${one.text} ${at}\n`;
            written += line;
            await appendFile(path, line);
          } else if (one.do === 'collect') collected += await text();
          else {
            await rename(path, `${path}.${100 - ++rotations}`);
            await writeFile(path, '');
          }
        }
        collected += await text();
        expect(collected).toBe(written);
      }),
      { numRuns: 60 },
    );
  });
});
