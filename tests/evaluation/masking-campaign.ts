/** `npm run campaign -- masking`: recall and precision of the masker on generated and on real text. */
import type { Campaign, CampaignOptions, CampaignResult } from '../chaos/campaign.ts';
import { labelledDocument } from './masking-documents.ts';
import { readSample } from './masking-sample.ts';
import { formatScores, type Mistake, precisionOf, recallOf, score, type Scores } from './masking-score.ts';

export const maskingCampaign: Campaign = {
  name: 'masking',
  about: 'recall and precision of masking personal data, by kind; a run is a generated document',
  modes: ['generated', 'sample'],
  defaultRuns: 2_000,
  run,
};

/** Mistakes that are printed, of each table. */
const SHOWN = 25;

async function run({ runs, seed, mode, progress }: CampaignOptions): Promise<CampaignResult> {
  const counts: Record<string, number> = {};
  const table = (title: string, scores: Scores, mistakes: readonly Mistake[]): void => {
    progress(`${title}\n\n${formatScores(scores)}\n`);
    for (const { what, kind, text } of mistakes.slice(0, SHOWN)) progress(`  ${what} ${kind}: ${text}`);
    const all = scores.get('all');
    if (all === undefined) return;
    counts[`${title}: recall %`] = Math.round(recallOf(all) * 1_000) / 10;
    counts[`${title}: precision %`] = Math.round(precisionOf(all) * 1_000) / 10;
  };
  const evaluate = (title: string, texts: Parameters<typeof score>[0]): void => {
    const mistakes: Mistake[] = [];
    const scores = score(texts, (mistake) => mistakes.push(mistake));
    table(title, scores, mistakes);
  };
  if (mode !== 'sample') {
    for (const [title, forms] of [
      ['generated, usual forms', 'usual'],
      ['generated, unforeseen forms', 'unforeseen'],
    ] as const) {
      evaluate(
        title,
        Array.from({ length: runs }, (_, at) => labelledDocument(seed + at, forms)),
      );
    }
  }
  if (mode !== 'generated') {
    const sample = readSample();
    evaluate(
      'real passages, development half',
      sample.filter(({ heldOut }) => !heldOut),
    );
    evaluate(
      'real passages, held-out half',
      sample.filter(({ heldOut }) => heldOut),
    );
  }
  return { runs, failures: [], counts };
}
