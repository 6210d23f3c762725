import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identify } from './broker/process-identity.ts';
import { readRunFile, removeRunFile, type RunFile, writeRunFile } from './run-file.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'banyan-run-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const mine = (): RunFile => ({
  pid: process.pid,
  startTime: identify(process.pid)?.startTime ?? '',
  node: 'n1',
  namespace: 'banyan',
  nats: 'nats://127.0.0.1:4222',
  http: null,
  token: 'secret',
  startedAt: '2026-01-01T00:00:00.000Z',
  version: '0.1.0',
  app: null,
  turnVersion: 'abc',
});

describe('run.json', () => {
  test('is read back while its process runs, and is readable by its owner only', () => {
    writeRunFile(directory, mine());
    expect(readRunFile(directory)).toEqual(mine());
    expect(statSync(join(directory, 'run.json')).mode & 0o777).toBe(0o600);
  });

  test('of a process that is gone says nothing, even when its pid was taken by another', () => {
    writeRunFile(directory, { ...mine(), startTime: 'earlier' });
    expect(readRunFile(directory)).toBeUndefined();
  });

  test.each(['', '{', '[]', '{"pid": -1}'])('that is damaged says nothing: %j', (text) => {
    writeFileSync(join(directory, 'run.json'), text);
    expect(readRunFile(directory)).toBeUndefined();
  });

  test('is removed by its own process only', () => {
    writeRunFile(directory, { ...mine(), startTime: 'earlier' });
    removeRunFile(directory);
    expect(statSync(join(directory, 'run.json')).isFile()).toBe(true);
    writeRunFile(directory, mine());
    removeRunFile(directory);
    expect(readRunFile(directory)).toBeUndefined();
    expect(() => statSync(join(directory, 'run.json'))).toThrow(/ENOENT/);
  });
});
