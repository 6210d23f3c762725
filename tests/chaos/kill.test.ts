import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wilsonUpper } from './campaign.ts';
import { describeFailure, KILL_MODES, killRun } from './kill-run.ts';
import { type DocumentSource, writeDocuments } from './source.ts';

/** `BANYAN_SEED=N` repeats a run; without it each has another seed, which is printed when it fails. */
const given = process.env['BANYAN_SEED'];
const SEED = given === undefined ? Date.now() % 1_000_000 : Number(given);
const RUNS_PER_MODE = 2;
const FILES = 45;
const RUN_MS = 180_000;

describe('SIGKILL at a random moment of up --once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-source-'));
  let source: DocumentSource;
  let cleanMs: number;

  beforeAll(async () => {
    source = writeDocuments(folder, 'test', FILES);
    const clean = await killRun({ seed: SEED, source });
    expect(clean.problems, describeFailure(clean)).toEqual([]);
    cleanMs = clean.durationMs;
  }, RUN_MS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const runs = KILL_MODES.flatMap((mode) =>
    Array.from({ length: RUNS_PER_MODE }, (_, run) => ({ mode, seed: SEED + run })),
  );
  // Most of a run is waiting, for the broker and for quiet: they do it together.
  test.concurrent.for(runs)(
    'of $mode loses nothing and does nothing twice (BANYAN_SEED=$seed)',
    { timeout: RUN_MS },
    async ({ mode, seed }) => {
      const result = await killRun({ seed, source, kill: { mode, cleanMs } });
      expect(result.problems, describeFailure(result)).toEqual([]);
    },
  );
});

describe('the plausible rate of failures', () => {
  test('is 3.7 % after 100 runs without one, and grows with every failure', () => {
    expect(wilsonUpper(0, 100)).toBeCloseTo(0.03699, 4);
    expect(wilsonUpper(1, 100)).toBeCloseTo(0.05446, 4);
    expect(wilsonUpper(0, 0)).toBe(1);
    expect(wilsonUpper(5, 5)).toBe(1);
  });
});
