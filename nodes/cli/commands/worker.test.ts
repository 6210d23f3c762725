/** `banyan worker` against a node that runs as a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { z } from 'zod';
import { appFile, EVENTUALLY } from '../../../tests/harness/test-node.ts';
import { command, endWith, startUntil } from '../cli-process.fixture.ts';
import { plannedDocument, workerKillDocument, workerListDocument } from '../documents.ts';

const directory = mkdtempSync(join(tmpdir(), 'banyan-worker-'));
const data = join(directory, 'data');
let node: ChildProcess | undefined;

beforeAll(async () => {
  process.env['TEST_WORKERS'] = JSON.stringify({ workers: [{ id: 'embedder' }] });
  const up = ['up', '--app', appFile('workers'), '--data', data, '--shards', '1'];
  node = await startUntil('the node runs', up, directory);
});
afterAll(async () => {
  delete process.env['TEST_WORKERS'];
  if (node !== undefined) await endWith(node, 'SIGTERM');
  rmSync(directory, { recursive: true });
});

const run = (...args: string[]) => command([...args, '--data', data, '--timeout', '20s']);

async function json<S extends z.ZodType>(schema: S, ...args: string[]): Promise<z.infer<S>> {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return schema.parse(JSON.parse(stdout));
}

const list = async () => (await json(workerListDocument, 'worker', 'list')).workers;

test('workers are listed, killed, and listed again with another process', async () => {
  const path = 'n1/workers/app/heavy/embedder';
  const running = { id: 'embedder', path, status: 'running', uptimeMs: expect.any(Number) };
  const [before] = await list();
  expect(before).toEqual({ ...running, restarts: 0, pid: expect.any(Number) });
  expect((await run('worker', 'list')).stdout).toMatch(
    /^WORKER +STATUS +PID +RESTARTS +UP +PATH\nembedder +running +\d+ +0 +\d+s +n1\/workers\/app\/heavy\/embedder\n$/,
  );
  expect((await run('tree')).stdout).toMatch(/embedder running pid \d+/);
  const kill = ['worker', 'kill', 'embedder'];
  expect(await json(plannedDocument, ...kill, '--dry-run')).toEqual({
    dryRun: true,
    would: 'kill the worker embedder',
  });
  expect(await list()).toMatchObject([{ pid: before?.pid }]);
  expect(await json(workerKillDocument, ...kill)).toEqual({ id: 'embedder', pid: before?.pid });
  const after = await vi.waitFor(async () => {
    const now = await list();
    expect(now).toEqual([{ ...running, restarts: 1, pid: expect.any(Number) }]);
    return now;
  }, EVENTUALLY);
  expect(after[0]?.pid).not.toBe(before?.pid);
});

test.each([
  ['a worker that there is not', 3, 'worker.not_found', ['kill', 'nobody']],
  ['no worker', 2, 'usage', ['kill']],
])('%s exits with %i', async (_title, exit, errorCode, args) => {
  const { code, stderr } = await run('worker', ...args, '--json');
  expect({ code, error: JSON.parse(stderr) }).toMatchObject({
    code: exit,
    error: { error: { code: errorCode } },
  });
});
