/** `npm run campaign -- supervision`: random trees against the model, and a million crashes through one supervisor. */
import type { Campaign, CampaignOptions, CampaignResult } from '../chaos/campaign.ts';
import { checkSeed } from './check-schedule.ts';
import { crashes } from './crashes.ts';

const PROGRESS_EVERY = 1_000;

export const supervisionCampaign: Campaign = {
  name: 'supervision',
  about: 'random trees against an independent model: the same order, times, answers, intensity',
  modes: ['trees', 'crashes'],
  defaultRuns: 20_000,
  run: (options) => (options.mode === 'crashes' ? crashes(options) : trees(options)),
};

async function trees({ runs, seed: first, progress }: CampaignOptions): Promise<CampaignResult> {
  const failures: { seed: number; what: string }[] = [];
  let steps = 0;
  let comparedByChild = 0;
  let events = 0;
  let treesCut = 0;
  for (let seed = first; seed < first + runs; seed++) {
    const { model, failure } = await checkSeed(seed);
    if (model.isCut) treesCut += 1;
    for (const step of model.steps) {
      steps += 1;
      events += step.events.length;
      if (step.apart) comparedByChild += 1;
    }
    if (failure !== undefined) {
      progress(failure);
      failures.push({ seed, what: failure });
    }
    const done = seed - first + 1;
    if (done % PROGRESS_EVERY === 0 || done === runs)
      progress(`${done}/${runs} trees, ${failures.length} differ`);
  }
  return { runs, failures, counts: { steps, events, stepsComparedByChild: comparedByChild, treesCut } };
}
