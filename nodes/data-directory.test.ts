import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DataDirectory, holderOf, openDataDirectory } from './data-directory.ts';

let parent = '';
const opened: DataDirectory[] = [];
const children: ChildProcess[] = [];
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'banyan-data-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(opened.splice(0).map((directory) => directory.release()));
  rmSync(parent, { recursive: true });
});

async function open(): Promise<DataDirectory> {
  const directory = await openDataDirectory(join(parent, 'data'));
  opened.push(directory);
  return directory;
}

/** Another process that owns the directory. */
async function openElsewhere(): Promise<ChildProcess> {
  const script = `
    const { openDataDirectory } = await import(${JSON.stringify(new URL('./data-directory.ts', import.meta.url).href)});
    await openDataDirectory(${JSON.stringify(join(parent, 'data'))});
    console.log('owned');
    setInterval(() => {}, 60_000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

describe('a data directory', () => {
  test('is made when it is missing, closed to other users', async () => {
    const { path } = await open();
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(path, 'format'), 'utf8')).toBe('1\n');
  });

  test('has one owner at a time', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'data.locked' });
    expect(holderOf(first.path)).toEqual({ pid: process.pid });
    await first.release();
    expect(holderOf(first.path)).toBeUndefined();
    await open();
  });

  test('is taken by one of many who try at once', async () => {
    const attempts = await Promise.allSettled([open(), open(), open(), open()]);
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('of another process is refused, naming it', async () => {
    const child = await openElsewhere();
    await expect(open()).rejects.toThrow(`Process ${child.pid} owns`);
  });

  test('of a process that was killed is free', async () => {
    const child = await openElsewhere();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(holderOf((await open()).path)).toEqual({ pid: process.pid });
  });

  test('is free although its lock file names a pid that another process has now', async () => {
    const first = await open();
    await first.release();
    writeFileSync(join(first.path, 'lock'), JSON.stringify({ pid: process.pid, startTime: 'earlier' }));
    expect(holderOf((await open()).path)).toEqual({ pid: process.pid });
  });

  test('written by a newer release is refused and stays untouched', async () => {
    const first = await open();
    const { path } = first;
    await first.release();
    writeFileSync(join(path, 'format'), '2\n');
    await expect(open()).rejects.toMatchObject({ code: 'data.format' });
    expect(readFileSync(join(path, 'format'), 'utf8')).toBe('2\n');
    writeFileSync(join(path, 'format'), '1\n');
    await open();
  });

  test('that is a file is refused as a setting', async () => {
    writeFileSync(join(parent, 'data'), '');
    await expect(open()).rejects.toMatchObject({ code: 'config.invalid', path: 'data' });
  });
});
