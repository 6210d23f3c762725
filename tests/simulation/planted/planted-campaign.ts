/**
 * `npm run campaign -- planted`: puts every bug of the list into the core, one at a time, and looks for the first
 * seed that shows it. Fails when the simulation does not find one, or finds something without any.
 */
import type { Campaign, CampaignOptions, CampaignResult } from '../../chaos/campaign.ts';
import { ESCAPING_BUGS } from './bugs/escaping.ts';
import type { Bug } from './planted-bug.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { control, type Found, search } from './search.ts';

const AT_ONCE = 2;

export const plantedCampaign: Campaign = {
  name: 'planted',
  about: 'bugs put into the core, one at a time: the simulation finds each within so many seeds',
  modes: ['found', 'escaping'],
  defaultRuns: 500,
  run,
};

async function run({ runs, seed: first, mode, progress }: CampaignOptions): Promise<CampaignResult> {
  const seeds = Array.from({ length: runs }, (_, index) => first + index);
  const expected = mode === 'escaping' ? [] : PLANTED_BUGS;
  const bugs: readonly Bug[] = [...expected, ...(mode === 'found' ? [] : ESCAPING_BUGS)];
  const found = await searchAll(bugs, seeds, progress);
  for (const line of tableOf(bugs, found)) progress(line);
  const escaped = bugs.filter((bug) => found.get(bug)?.caught === undefined);
  const wrong = (await Promise.all([clean(undefined), clean('truncation')])).flat();
  return {
    runs: [...found.values()].reduce((sum, one) => sum + one.seeds, 0),
    failures: [
      ...expected
        .filter((bug) => escaped.includes(bug))
        .map(({ name }) => ({ seed: first, what: `no seed has found '${name}'` })),
      ...wrong.map((what) => ({ seed: first, what })),
    ],
    counts: { bugs: bugs.length, found: bugs.length - escaped.length, escaped: escaped.length },
  };

  /** What finds a bug finds nothing without it. */
  function clean(kind: Bug['run']): Promise<string[]> {
    const used = bugs.filter((bug) => bug.run === kind).flatMap((bug) => found.get(bug)?.caught?.seed ?? []);
    return control(kind, [...new Set(used)]);
  }
}

async function searchAll(
  bugs: readonly Bug[],
  seeds: readonly number[],
  progress: (line: string) => void,
): Promise<ReadonlyMap<Bug, Found>> {
  const found = new Map<Bug, Found>();
  const open = [...bugs];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let bug = open.shift(); bug !== undefined; bug = open.shift()) {
        const one = await search(bug, seeds);
        found.set(bug, one);
        progress(`${found.size}/${bugs.length} ${bug.name}: ${describe(one)}`);
      }
    }),
  );
  return found;
}

/** In the order of the list, whichever was found first. */
function tableOf(bugs: readonly Bug[], found: ReadonlyMap<Bug, Found>): string[] {
  const rows = bugs.map((bug) => {
    const { caught, seeds, durationMs } = found.get(bug) as Found;
    const rate = ((seeds * 1_000) / durationMs).toFixed(1);
    return `| ${bug.name} | ${bug.breaks} | ${caught?.seed ?? `none of ${seeds}`} | ${caught?.rule ?? '-'} | ${rate} |`;
  });
  return ['| bug | what it breaks | seed | rule that shows it | seeds/s |', '|---|---|---|---|---|', ...rows];
}

function describe({ caught, seeds }: Found): string {
  return caught === undefined
    ? `not found in ${seeds} seeds`
    : `seed ${caught.seed}: ${caught.violation.slice(0, 200)}`;
}
