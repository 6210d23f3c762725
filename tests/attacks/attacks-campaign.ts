/** `npm run campaign -- attacks`: what attacks on reputation achieve, as a Markdown table on standard output. */
import type { Campaign, CampaignOptions, CampaignResult } from '../chaos/campaign.ts';
import { ATTACKS } from './attacks.ts';
import { findBrokenClaims } from './claims.ts';
import { type AttackRun, runAttack } from './measure.ts';
import { attackTable } from './table.ts';

export const attacksCampaign: Campaign = {
  name: 'attacks',
  about:
    'attacks on reputation against a seeded population: scores, harm, time to detection, false accusations',
  modes: ATTACKS.map(({ name }) => name.replaceAll(' ', '-')),
  defaultRuns: 100,
  run,
};

async function run({ runs, seed: first, mode, progress }: CampaignOptions): Promise<CampaignResult> {
  const chosen = ATTACKS.filter(({ name }) => mode === undefined || name.replaceAll(' ', '-') === mode);
  const failures: { seed: number; what: string }[] = [];
  const results = chosen.map((attack) => {
    const done: AttackRun[] = [];
    for (let seed = first; seed < first + runs; seed++) {
      const result = runAttack(attack, seed);
      for (const what of findBrokenClaims(attack, result))
        failures.push({ seed, what: `${attack.name}: ${what}` });
      done.push(result);
    }
    progress(`${attack.name}: ${runs} runs`);
    return { attack, runs: done };
  });
  for (const { seed, what } of failures) progress(`seed ${seed}: ${what}`);
  console.log(`${attackTable(results)}\n`);
  return { runs: runs * chosen.length, failures, counts: { attacks: chosen.length, seeds: runs } };
}
