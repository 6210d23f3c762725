/** `npm run campaign -- planted`: every planted bug must be found within so many seeds; prints which seed finds it, and how. */
import type { Campaign, CampaignOptions, CampaignResult } from '../../chaos/campaign.ts';
import type { PlantedBug } from './planted-bug.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { control, type Found, search } from './search.ts';

const AT_ONCE = 2;

export const plantedCampaign: Campaign = {
  name: 'planted',
  about: 'bugs put into the core, one at a time: the simulation finds each within so many seeds',
  modes: ['all bugs'],
  defaultRuns: 500,
  run,
};

async function run({ runs, seed: first, progress }: CampaignOptions): Promise<CampaignResult> {
  const seeds = Array.from({ length: runs }, (_, index) => first + index);
  const found = new Map<PlantedBug, Found>();
  const open = [...PLANTED_BUGS];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let bug = open.shift(); bug !== undefined; bug = open.shift()) {
        const one = await search(bug, seeds);
        found.set(bug, one);
        progress(`${found.size}/${PLANTED_BUGS.length} ${bug.name}: ${describe(one)}`);
      }
    }),
  );
  // In the order of the list, whoever was found first.
  const rows = PLANTED_BUGS.map((bug) => [bug, found.get(bug) as Found] as const);
  for (const line of tableOf(rows)) progress(line);
  const escaped = rows.filter(([, { caught }]) => caught === undefined);
  const wrong = (await Promise.all([clean(undefined), clean('truncation')])).flat();
  return {
    runs: rows.reduce((sum, [, one]) => sum + one.seeds, 0),
    failures: [
      ...escaped.map(([{ name }]) => ({ seed: first, what: `no seed has found '${name}'` })),
      ...wrong.map((what) => ({ seed: first, what })),
    ],
    counts: { bugs: rows.length, found: rows.length - escaped.length },
  };

  /** What finds a bug finds nothing without it. */
  function clean(kind: PlantedBug['run']): Promise<string[]> {
    const used = rows.flatMap(([bug, { caught }]) =>
      caught === undefined || bug.run !== kind ? [] : [caught.seed],
    );
    return control(kind, [...new Set(used)]);
  }
}

function tableOf(rows: readonly (readonly [PlantedBug, Found])[]): string[] {
  return [
    '| bug | in | breaks | seed | found by | seeds/s |',
    '|---|---|---|---|---|---|',
    ...rows.map(
      ([{ name, file, breaks }, { caught, seeds, durationMs }]) =>
        `| ${name} | \`${file}\` | ${breaks} | ${caught?.seed ?? 'none'} | ${caught?.rule ?? '-'} | ${((seeds * 1_000) / durationMs).toFixed(1)} |`,
    ),
  ];
}

function describe({ caught, seeds }: Found): string {
  return caught === undefined
    ? `not found in ${seeds} seeds`
    : `seed ${caught.seed}: ${caught.violation.slice(0, 200)}`;
}
