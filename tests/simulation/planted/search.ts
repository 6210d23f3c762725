/** Looks for a planted bug: the first seed that shows it, and how. */
import { Worker } from 'node:worker_threads';
import { ruleOf } from '../report.ts';
import type { Bug } from './planted-bug.ts';
import type { Planted, Search, Searched } from './planted-worker.ts';

/** How a bug was caught. */
export interface Catch {
  readonly seed: number;
  readonly rule: string;
  /** The first violation in full. */
  readonly violation: string;
}

export interface Found {
  /** Undefined when no seed has shown anything. */
  readonly caught: Catch | undefined;
  /** Seeds that were run. */
  readonly seeds: number;
  readonly durationMs: number;
}

/** A seed takes a second, on a busy machine ten; one that takes so long does not end any more. */
const HANG_MS = 600_000;

export async function search(bug: Bug, seeds: readonly number[]): Promise<Found> {
  const startedMs = performance.now();
  let searched = 0;
  let caught: Catch | undefined;
  await eachSeed({ bug, run: bug.run, seeds }, ({ seed, violations }) => {
    searched++;
    const [first] = violations;
    if (first !== undefined) caught ??= { seed, rule: ruleOf(first), violation: first };
  });
  return { caught, seeds: searched, durationMs: performance.now() - startedMs };
}

/** What the seeds show without any bug: nothing, or the catches prove nothing. */
export async function control(run: Bug['run'], seeds: readonly number[]): Promise<string[]> {
  const wrong: string[] = [];
  await eachSeed({ bug: undefined, run, seeds }, ({ seed, violations }) => {
    const [first] = violations;
    if (first !== undefined) wrong.push(`seed ${seed} breaks a rule without any bug: ${first}`);
  });
  return wrong;
}

/**
 * Resolves when the thread has ended. A crash and a hang are said of the seed that ended in one; throws what keeps
 * the bug from being planted.
 */
function eachSeed(given: Search, each: (searched: Searched) => void): Promise<void> {
  const worker = new Worker(new URL('./planted-worker.ts', import.meta.url), { workerData: given });
  let next = 0;
  let isPlanted = false;
  const say = (violation: string): void =>
    each({ seed: given.seeds[next] as number, violations: [violation] });
  return new Promise((resolve, reject) => {
    const watch = setTimeout(() => {
      say(`hang: no end within ${HANG_MS / 1_000} s`);
      void worker.terminate();
    }, HANG_MS);
    worker.on('message', (message: Searched | Planted) => {
      watch.refresh();
      if (message === 'planted') return void (isPlanted = true);
      next++;
      each(message);
    });
    worker.on('error', (error: Error) => {
      if (isPlanted) say(`crash: ${error.message}`);
      else reject(error);
    });
    worker.on('exit', () => {
      clearTimeout(watch);
      resolve();
    });
  });
}
