/** `npm run campaign -- otp`: random schedules through Erlang's supervisor and ours, which must do the same. */
import type { Campaign, CampaignOptions, CampaignResult } from '../chaos/campaign.ts';
import { checkSeed } from './check-schedule.ts';
import { Erlang } from './erlang.ts';

const PROGRESS_EVERY = 500;

export const otpCampaign: Campaign = {
  name: 'otp',
  about: 'random schedules through Erlang’s own supervisor and ours: the same order, answers and end',
  modes: ['schedules'],
  defaultRuns: 10_000,
  run,
};

async function run({ runs, seed: first, progress }: CampaignOptions): Promise<CampaignResult> {
  const failures: { seed: number; what: string }[] = [];
  let steps = 0;
  let apart = 0;
  const erlang = await Erlang.start();
  try {
    for (let seed = first; seed < first + runs; seed++) {
      const { oracle, failure } = await checkSeed(erlang, seed);
      steps += oracle.steps.length;
      if (oracle.apart) apart += 1;
      if (failure !== undefined) {
        progress(failure);
        failures.push({ seed, what: failure });
      }
      const done = seed - first + 1;
      if (done % PROGRESS_EVERY === 0 || done === runs) {
        progress(`${done}/${runs} schedules, ${failures.length} differ`);
      }
    }
  } finally {
    await erlang.stop();
  }
  return { runs, failures, counts: { steps, comparedByChild: apart } };
}
