import { existsSync, mkdtempSync, realpathSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { FAULT_NAMES, kindOf } from './faults/fault-kinds.ts';
import { describeRun } from './faults/describe-run.ts';
import { faultRun } from './faults/fault-run.ts';
import { planOf } from './faults/plan.ts';
import { processesOf } from './faults/sweep-up.ts';

/** `BANYAN_SEED=N` repeats a run; without it each has another seed, which is printed when it fails. */
const given = process.env['BANYAN_SEED'];
const SEED = given === undefined ? Date.now() % 1_000_000 : Number(given);
const RUN_MS = 300_000;
/** What needs nothing of the machine but processes; the campaign does all of it. */
const SAMPLE = ['take-over', 'kill-broker'] as const;

describe('real faults, done to a real broker and real nodes', () => {
  test.concurrent.for(SAMPLE.map((name) => ({ name, seed: SEED })))(
    '$name: nothing is lost, nothing happens twice (BANYAN_SEED=$seed)',
    { timeout: RUN_MS },
    async ({ name, seed }) => {
      const run = await faultRun(seed, { only: name, faults: 2 });
      expect(run.problems, describeRun(run, name)).toEqual([]);
      expect(run.struck).toEqual({ [name]: 2 });
      expect(run.counts['acknowledged']).toBeGreaterThan(0);
    },
  );
});

describe('the plan of a run', () => {
  test('is the same for the same seed, and every fault is drawn sooner or later', () => {
    expect(planOf(SEED)).toEqual(planOf(SEED));
    const drawn = Array.from({ length: 200 }, (_, seed) => planOf(seed)).flatMap(({ node, broker }) => [
      ...node.map(({ name }) => ({ name, target: 'node' })),
      ...broker.map(({ name }) => ({ name, target: 'broker' })),
    ]);
    expect(new Set(drawn.map(({ name }) => name))).toEqual(new Set(FAULT_NAMES));
    expect(drawn.filter(({ name, target }) => kindOf(name).target !== target)).toEqual([]);
  });
});

test('whoever is killed in the middle of a run leaves no process and no file', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'banyan-swept-')));
  const program = fileURLToPath(new URL('./faults/killed-run.fixture.ts', import.meta.url));
  const run = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(run.stdout, 'data');
  expect(processesOf(folder)).toHaveLength(1);
  run.kill('SIGKILL');
  await vi.waitFor(() => expect(existsSync(folder)).toBe(false), { timeout: 30_000, interval: 50 });
  expect(processesOf(folder)).toEqual([]);
});
