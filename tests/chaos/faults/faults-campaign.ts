/** `npm run campaign -- faults`: real faults, done to a real broker and real nodes. */
import { type Campaign, type CampaignOptions, type CampaignResult, wilsonUpper } from '../campaign.ts';
import { describeRun } from './describe-run.ts';
import { FAULT_NAMES, type FaultName, kindOf } from './fault-kinds.ts';
import { faultRun } from './fault-run.ts';
import { meet } from './requirements.ts';

/** Most of a run is waiting, for processes that start and for quiet. */
const AT_ONCE = 2;

export const faultsCampaign: Campaign = {
  name: 'faults',
  about:
    'kills, pauses, take-overs, full and failing disks, clock steps, damaged files: nothing lost or twice',
  modes: FAULT_NAMES,
  defaultRuns: 60,
  run,
};

async function run({ runs, seed: first, mode, progress }: CampaignOptions): Promise<CampaignResult> {
  const only = mode as FaultName | undefined;
  // A fault that cannot be done here is told before the first run, not skipped in the middle.
  meet(new Set((only === undefined ? FAULT_NAMES : [only]).flatMap((name) => kindOf(name).requires ?? [])));
  const failures: { seed: number; what: string }[] = [];
  const struck = new Map<string, number>();
  const counts = new Map<string, number>();
  const count = (into: Map<string, number>, what: string, by: number): void =>
    void into.set(what, (into.get(what) ?? 0) + by);
  let next = first;
  let done = 0;
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, runs) }, async () => {
      while (next < first + runs) {
        const seed = next++;
        const result = await faultRun(seed, only === undefined ? {} : { only });
        for (const [name, times] of Object.entries(result.struck)) count(struck, name, times);
        for (const [name, times] of Object.entries(result.counts)) count(counts, name, times);
        const names = [...result.plan.node, ...result.plan.broker].map(({ name }) => name).join(', ');
        const verdict = result.problems.length === 0 ? 'ok' : 'FAILED';
        const seconds = (result.durationMs / 1_000).toFixed(1);
        progress(`${++done}/${runs} seed ${seed}: ${verdict} (${names}; ${seconds} s)`);
        if (result.problems.length === 0) continue;
        const what = describeRun(result, only);
        progress(what);
        failures.push({ seed, what });
      }
    }),
  );
  const total = [...struck.values()].reduce((sum, times) => sum + times, 0);
  for (const name of FAULT_NAMES) progress(`${String(struck.get(name) ?? 0).padStart(6)} ${name}`);
  const bound = (100 * wilsonUpper(failures.length, runs)).toFixed(1);
  progress(
    `${String(total).padStart(6)} faults in ${runs} runs, ${failures.length} failed (at most ${bound} % of runs fail, 95 %)`,
  );
  return {
    runs,
    failures,
    counts: { faults: total, ...Object.fromEntries([...struck, ...counts]) },
  };
}
