/** One bug, planted in this thread only: simulates seed after seed until one breaks a rule. */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { plant, type Bug } from './planted-bug.ts';

/** What the thread is to do. Without a bug it shows that the seeds are clean. */
export interface Search {
  readonly bug: Bug | undefined;
  readonly run: Bug['run'];
  readonly seeds: readonly number[];
}

/** Said when the bug is in place: what goes wrong before proves nothing. */
export type Planted = 'planted';

/** Said after each seed; the thread ends with the first that has a violation. */
export interface Searched {
  readonly seed: number;
  readonly violations: readonly string[];
}

const { bug, run, seeds } = workerData as Search;
let isPlanted = bug === undefined;
if (bug !== undefined) {
  const planted = fileURLToPath(new URL(`../../../${bug.file}`, import.meta.url));
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.startsWith('file:') || fileURLToPath(url) !== planted) return loaded;
      const source = plant(Buffer.from(loaded.source as Uint8Array).toString(), bug);
      isPlanted = true;
      return { ...loaded, source };
    },
  });
}

// Only now, so that the bug is in whatever they import.
const { simulate } = await import('../simulate.ts');
const { simulateTruncation } = await import('../truncation.ts');
if (!isPlanted) throw new Error(`Nothing of the simulation imports ${bug?.file}.`);
parentPort?.postMessage('planted' satisfies Planted);

const once = run === 'truncation' ? simulateTruncation : simulate;

for (const seed of seeds) {
  const { violations } = await once(seed);
  parentPort?.postMessage({ seed, violations } satisfies Searched);
  if (bug !== undefined && violations.length > 0) break;
}
