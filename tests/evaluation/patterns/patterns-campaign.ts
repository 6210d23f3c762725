/** `npm run campaign -- patterns`: how well patterns agree with labels, on made-up topics and on texts of the machine. */
import { defaultPipelineSettings } from '../../../actors/settings.ts';
import type { Campaign, CampaignOptions, CampaignResult } from '../../chaos/campaign.ts';
import { debianChangelogs, type Labelled, madeUpTopics, packageDocuments } from './corpora.ts';
import { type Arrival, judge, type Judged } from './judge.ts';
import { mean } from './measures.ts';

const CORPORA: Readonly<Record<string, (seed: string) => Labelled[]>> = {
  'made-up topics, 8': (seed) => madeUpTopics(seed, 8, 60),
  'made-up topics, 8, faint': (seed) => madeUpTopics(seed, 8, 60, 0.12),
  'made-up topics, 30': (seed) => madeUpTopics(seed, 30, 20),
  'package documents': (seed) => packageDocuments(seed, 10, 12),
  'Debian changelogs': (seed) => debianChangelogs(seed, 10, 40, { bare: false }),
  'Debian changelogs, bare': (seed) => debianChangelogs(seed, 10, 40, { bare: true }),
};

const STREAMS: readonly { arrival: Arrival; perRun: number }[] = [
  { arrival: 'mixed', perRun: 256 },
  { arrival: 'mixed', perRun: 32 },
  { arrival: 'mixed', perRun: 5 },
  { arrival: 'sorted', perRun: 32 },
];

/** Below this the patterns say no more about made-up topics than chance would; then a run has failed. */
const LEAST_INFORMATION = 0.3;

export const patternsCampaign: Campaign = {
  name: 'patterns',
  about: 'patterns of labelled texts: purity, mutual information, stability, beside batch k-means and chance',
  modes: Object.keys(CORPORA),
  defaultRuns: 5,
  run,
};

async function run({ runs, seed: first, mode, progress }: CampaignOptions): Promise<CampaignResult> {
  const settings = defaultPipelineSettings.coordinator.patterns;
  const failures: { seed: number; what: string }[] = [];
  const lines: string[] = [];
  for (const [corpus, textsOf] of Object.entries(CORPORA)) {
    if (mode !== undefined && mode !== corpus) continue;
    for (const { arrival, perRun } of STREAMS) {
      const judged: Judged[] = [];
      for (let seed = first; seed < first + runs; seed++) {
        const result = judge(textsOf(String(seed)), { arrival, perRun, seed: String(seed), settings });
        judged.push(result);
        if (corpus === 'made-up topics, 8' && result.mutualInformation < LEAST_INFORMATION) {
          failures.push({
            seed,
            what: `${corpus}, ${arrival}: mutual information ${result.mutualInformation}`,
          });
        }
      }
      lines.push(lineOf(corpus, `${arrival}, ${perRun} a run`, judged));
      progress(lines.at(-1) ?? '');
    }
  }
  console.log(['', ...HEAD, ...lines, ''].join('\n'));
  return { runs, failures, counts: { streams: lines.length } };
}

const HEAD = [
  '| texts | labels | arrival | purity (batch, chance) | mutual information (batch, chance) | stability | patterns (announced) | confidence | run, longest (ms) |',
  '|---|---|---|---|---|---|---|---|---|',
];

function lineOf(corpus: string, arrival: string, judged: readonly Judged[]): string {
  const of = (value: (one: Judged) => number, digits = 2): string => mean(judged.map(value)).toFixed(digits);
  const beside = (measure: 'purity' | 'mutualInformation'): string =>
    `${of((one) => one[measure])} (${of(({ batch }) => batch[measure])}, ${of(({ chance }) => chance[measure])})`;
  return `| ${[
    `${corpus} (${of(({ texts }) => texts, 0)})`,
    of(({ labels }) => labels, 0),
    arrival,
    beside('purity'),
    beside('mutualInformation'),
    of(({ stability }) => stability),
    `${of(({ patterns }) => patterns, 1)} (${of(({ found }) => found, 1)})`,
    of(({ confidence }) => confidence),
    `${of(({ runMs }) => runMs, 0)}, ${of(({ longestRunMs }) => longestRunMs, 0)}`,
  ].join(' | ')} |`;
}
