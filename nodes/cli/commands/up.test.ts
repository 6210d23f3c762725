import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { command, commandProcess, endWith, startUntil } from '../cli-process.fixture.ts';
import * as documents from '../documents.ts';

const app = fileURLToPath(new URL('../counter-app.fixture.ts', import.meta.url));
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'banyan-up-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Each starts a broker and a node, some of them twice, on a machine that others use too. */
const timeout = 120_000;
const up = (...args: string[]) => [
  'up',
  '--data',
  join(directory, 'data'),
  '--out',
  join(directory, 'out'),
  ...args,
];

function writeNotes(count: number): string {
  const folder = join(directory, 'notes');
  mkdirSync(folder);
  for (let at = 0; at < count; at++) {
    const words = Array.from({ length: 12 }, (_, word) => `topic${at * 12 + word}`).join(' ');
    writeFileSync(
      join(folder, `note-${at}.md`),
      `The service failed under load because of ${words}. It was repaired.\n`,
    );
  }
  return folder;
}

describe('up --once', { timeout }, () => {
  test('collects a directory into a dataset that verifies, and changes nothing the second time', async () => {
    const notes = writeNotes(12);
    const first = await commandProcess(up('--once', '--source', notes, '--json', '--quiet'));
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: '' });
    const summary = documents.upDocument.parse(JSON.parse(first.stdout));
    expect(summary).toMatchObject({ collected: 12, accepted: 12, duplicates: 0, rejected: 0, scenarios: 12 });
    expect(summary.dataset).toMatchObject({ name: 'v0001', path: join(directory, 'out', 'v0001') });
    for (const file of ['report.md', 'report.html'])
      expect(existsSync(join(directory, 'out', file))).toBe(true);

    const again = await commandProcess(up('--once', '--source', notes, '--json', '--quiet'));
    expect(documents.upDocument.parse(JSON.parse(again.stdout))).toEqual(summary);

    const verified = await command(['dataset', 'verify', '--out', join(directory, 'out'), '--json']);
    expect({ code: verified.code, ...JSON.parse(verified.stdout) }).toMatchObject({
      code: 0,
      ok: true,
      versions: 1,
    });
    writeFileSync(join(directory, 'out', 'v0001', 'manifest.json'), '{}');
    expect((await command(['dataset', 'verify', '--out', join(directory, 'out')])).code).toBe(6);
  });

  test('mixes a basal set in, and refuses one that cannot be read', async () => {
    const basal = join(directory, 'basal-set.jsonl');
    const lines = Array.from({ length: 9 }, (_, n) =>
      JSON.stringify({ instruction: `Count to ${n}.`, output: `Up to ${n}.` }),
    );
    writeFileSync(basal, ['no json', ...lines].join('\n'));
    const notes = ['--once', '--source', writeNotes(12)];
    const missing = await commandProcess(
      up(...notes, '--basal', join(directory, 'missing'), '--json', '--quiet'),
    );
    expect({ code: missing.code, ...JSON.parse(missing.stderr) }).toMatchObject({
      code: 2,
      error: { code: 'config.invalid', path: 'basal' },
    });
    const mixed = await commandProcess(up(...notes, '--basal', basal));
    expect(mixed.code).toBe(0);
    expect(mixed.stderr).toContain('a basal line is refused: is not valid JSON');
    const manifest = JSON.parse(readFileSync(join(directory, 'out/v0001/manifest.json'), 'utf8')) as object;
    expect(manifest).toMatchObject({ examples: 17, basal: { wanted: 5, taken: 5 } });
    expect((await command(['dataset', 'verify', '--out', join(directory, 'out')])).code).toBe(0);
  });

  test('with an application of your own ends when nothing moves', async () => {
    const { code, stdout } = await commandProcess(up('--once', '--app', app, '--json'));
    expect(code).toBe(0);
    expect(documents.appDocument.parse(JSON.parse(stdout))).toMatchObject({
      node: 'n1',
      actors: 0,
      idle: true,
    });
  });

  test.each([
    ['a source that is not there', ['--source', 'missing']],
    ['a source that nothing can collect', ['--source', 'gopher://example.org/']],
    ['an application that is not there', ['--app', 'missing.ts']],
    ['an application that is a folder', ['--app', '/']],
    ['a setting that is not valid', ['--shards', '0']],
    ['a data directory that is a file', ['--data', process.execPath]],
    ['a folder for datasets that is a file', ['--out', process.execPath]],
    ['an address that is not this machine’s', ['--http-host', '192.0.2.1']],
    ['credentials that are not there', ['--nats', 'nats://127.0.0.1:1', '--creds', 'missing']],
  ])('refuses %s as wrong configuration', async (_title, args) => {
    const { code, stdout, stderr } = await commandProcess(up('--once', '--json', '--quiet', ...args));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ ok: false });
  });
});

describe('Ctrl-C', { timeout }, () => {
  test('stops everything in order and is no failure', async () => {
    const running = await startUntil('the node runs', up('--app', app), directory);
    const second = await commandProcess(up('--app', app, '--json', '--quiet'));
    expect({ code: second.code, ...JSON.parse(second.stderr) }).toMatchObject({
      code: 1,
      error: { code: 'data.locked' },
    });
    expect(await endWith(running, 'SIGINT')).toBe(0);
    expect(existsSync(join(directory, 'data', 'run.json'))).toBe(false);
    const next = await startUntil('the node runs', up('--app', app), directory);
    expect(await endWith(next, 'SIGTERM')).toBe(0);
  });

  test('twice ends the process at once, although its broker answers nothing', async () => {
    const running = await startUntil('the node runs', up('--app', app), directory);
    const record = readFileSync(join(directory, 'data', 'broker', 'broker.json'), 'utf8');
    const broker = (JSON.parse(record) as { server: { pid: number } }).server.pid;
    process.kill(broker, 'SIGSTOP');
    // Sent until it has heard two: signals that are under way at the same time count as one.
    const again = setInterval(() => running.kill('SIGINT'), 20);
    try {
      expect(await endWith(running, 'SIGINT')).toBe(130);
    } finally {
      clearInterval(again);
      process.kill(broker, 'SIGKILL');
    }
  });
});
