/** `npm run campaign -- simulation`: as many seeds as one has time for, in two workers. */
import { Worker } from 'node:worker_threads';
import { type Campaign, type CampaignOptions, type CampaignResult, wilsonUpper } from '../chaos/campaign.ts';
import type { Simulated } from './campaign-worker.ts';
import { Coverage } from './coverage.ts';

const WORKERS = 2;
const PROGRESS_EVERY = 500;

export const simulationCampaign: Campaign = {
  name: 'simulation',
  about: 'the core on simulated ports under seeded faults: nothing lost, twice, stale or stuck',
  modes: ['swarm'],
  defaultRuns: 5_000,
  run,
};

async function run({ runs, seed: first, progress }: CampaignOptions): Promise<CampaignResult> {
  const failures: { seed: number; what: string }[] = [];
  const coverage = new Coverage();
  const startedMs = performance.now();
  let virtualMs = 0;
  let events = 0;
  let entries = 0;
  let done = 0;
  let next = first;
  await Promise.all(
    Array.from({ length: Math.min(WORKERS, runs) }, async () => {
      const worker = new Worker(new URL('./campaign-worker.ts', import.meta.url));
      try {
        while (next < first + runs) {
          const result = await simulated(worker, next++);
          done++;
          virtualMs += result.stats.virtualMs;
          events += result.stats.events;
          entries += result.stats.entries;
          coverage.add(result.coverage);
          if (result.violations.length > 0) {
            const what = result.failure ?? result.violations.join('\n');
            progress(what);
            failures.push({ seed: result.seed, what });
          }
          if (done % PROGRESS_EVERY === 0 || done === runs) progress(rate());
        }
      } finally {
        await worker.terminate();
      }
    }),
  );
  for (const [what, count] of coverage.counts) progress(`${String(count).padStart(9)} ${what}`);
  const gaps = coverage.gaps();
  progress(gaps.length === 0 ? 'coverage: no gap' : `coverage: never happened: ${gaps.join('; ')}`);
  return {
    runs: done,
    failures,
    counts: { events, entries, virtualHours: Math.round(virtualMs / 3_600_000), coverageGaps: gaps.length },
  };

  function rate(): string {
    const minutes = (performance.now() - startedMs) / 60_000;
    const perHour = virtualMs / 60_000 / minutes;
    const bound = (100 * wilsonUpper(failures.length, done)).toFixed(3);
    return `${done}/${runs} seeds, ${failures.length} failed (at most ${bound} % fail, 95 %), ${Math.round(done / minutes)} a minute, ${perHour.toFixed(0)} simulated hours an hour`;
  }
}

function simulated(worker: Worker, seed: number): Promise<Simulated> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (result: Simulated) => {
      worker.off('error', reject);
      resolve(result);
    });
    worker.postMessage(seed);
  });
}
