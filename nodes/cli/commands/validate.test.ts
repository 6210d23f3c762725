import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { findByArgument } from '../../broker/process-identity.ts';
import { BEHAVIOURS } from '../../validate/behaviours.ts';
import { command, type Finished } from '../cli-process.fixture.ts';
import { validateDocument, validateListDocument } from '../documents.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const VALIDATION_MS = 300_000;
/** Validations of this file put their folders here. */
const temporary = mkdtempSync(join(tmpdir(), 'banyan-test-'));
const env = { ...process.env, TMPDIR: temporary };

afterAll(() => rmSync(temporary, { recursive: true, force: true }));

function start(...args: string[]) {
  return spawn(process.execPath, [MAIN, 'validate', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function validate(...args: string[]): Promise<Finished> {
  const child = start(...args);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

/** Nodes and brokers whose files are in a folder of this test. */
const left = (): number =>
  readdirSync(temporary).flatMap((name) =>
    BEHAVIOURS.flatMap((behaviour) => {
      const data = join(temporary, name, behaviour.name, 'data');
      return [data, `--config=${join(data, 'broker', 'nats-server.conf')}`].flatMap(findByArgument);
    }),
  ).length;

test(
  'a quick validation passes, says what was sent, expected and observed, and leaves nothing behind',
  { timeout: VALIDATION_MS },
  async () => {
    const { code, stdout, stderr } = await validate('--quick', '--json', '--seed', '1');
    const document = validateDocument.parse(JSON.parse(stdout));
    const { behaviours } = document;
    const failed = behaviours.filter(({ status }) => status === 'failed');
    expect(failed).toEqual([]);
    expect(document).toMatchObject({ ok: true, quick: true, seed: 1, passed: BEHAVIOURS.length, failed: 0 });
    expect(code).toBe(0);
    expect(behaviours.map(({ name }) => name)).toEqual(BEHAVIOURS.map(({ name }) => name));
    for (const { name, reproduce } of behaviours)
      expect(reproduce).toBe(`banyan validate --only ${name} --seed 1 --quick`);
    expect(stderr).toContain('seed 1');
    expect(readdirSync(temporary)).toEqual([]);
  },
);

test('the behaviours are listed without running them', async () => {
  const { code, stdout } = await command(['validate', '--list', '--json']);
  expect(code).toBe(0);
  const { behaviours } = validateListDocument.parse(JSON.parse(stdout));
  expect(behaviours).toHaveLength(10);
});

test.each([
  ['a behaviour that there is not', ['--only', 'nope'], 'There is no behaviour \\"nope\\".'],
  ['settings, which it has of its own', ['--set', 'partitions=1'], '--set has no effect here'],
  ['a seed that is no number', ['--seed', 'x'], '--seed is'],
])('%s is wrong usage', async (_title, args, message) => {
  const { code, stderr } = await command(['validate', '--json', ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test('what is not done in time fails with what it waited for, and is kept when asked for', async () => {
  const { code, stdout } = await validate(
    '--quick',
    '--json',
    '--only',
    'quota',
    '--timeout',
    '1ms',
    '--keep',
  );
  expect(code).toBe(6);
  const [outcome] = validateDocument.parse(JSON.parse(stdout)).behaviours;
  expect(outcome).toMatchObject({ name: 'quota', status: 'failed', checks: [] });
  expect(outcome?.reason).toMatch(/^not done within .* \(while starting\)$/);
  expect(readdirSync(outcome?.kept ?? '')).toContain('data');
  expect(left()).toBe(0);
  rmSync(join(outcome?.kept ?? temporary, '..'), { recursive: true });
});

test('Ctrl-C ends it: nodes, brokers and the folder are gone, and it does not count as passed', async () => {
  const child = start('--quick', '--only', 'restarts');
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.startsWith('restarts: sending')) continue;
    child.kill('SIGINT');
    break;
  }
  child.stderr.resume();
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(1);
  expect(left()).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
});
