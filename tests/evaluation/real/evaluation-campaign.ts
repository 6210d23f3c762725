/** `npm run campaign -- evaluation`: the pipeline on what lies on a Debian machine; see docs/evaluation.md. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Campaign, CampaignOptions, CampaignResult } from '../../chaos/campaign.ts';
import { shuffled } from '../patterns/corpora.ts';
import { collect, type Collected } from './collect.ts';
import { CORPORA, openCorpus } from './corpora.ts';
import { type Document, documentsOf, linksOf, nearOf } from './links.ts';

const PATTERNS_SHOWN = 6;
const TERMS_SHOWN = 5;
const LINKS_SHOWN = 30;
const EXAMPLES_SHOWN = 10;
const THRESHOLD = 0.9;

export const evaluationCampaign: Campaign = {
  name: 'evaluation',
  about: 'the pipeline on documents, histories and logs of this machine and on a site: what comes out',
  modes: [...CORPORA, 'near-duplicates'],
  defaultRuns: 1,
  run,
};

async function run({ seed, mode, progress }: CampaignOptions): Promise<CampaignResult> {
  const failures: { seed: number; what: string }[] = [];
  for (const name of CORPORA.filter((one) => mode === undefined || one === mode))
    failures.push(...(await evaluate(name, seed, progress)).map((what) => ({ seed, what })));
  if (mode === undefined || mode === 'near-duplicates') await compareLinks(seed, progress);
  return { runs: 1, failures, counts: {} };
}

/** Collects a corpus twice; what comes new the second time has failed. */
async function evaluate(name: string, seed: number, progress: (line: string) => void): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-evaluation-'));
  const source = join(folder, 'source');
  mkdirSync(source);
  const corpus = await openCorpus(name, source, String(seed));
  try {
    const first = await collect(corpus, folder);
    say(name, first, progress);
    const { report, seconds, findings } = await collect(corpus, folder);
    const { accepted } = report.totals;
    progress(
      `again: ${accepted - first.report.totals.accepted} new, ${seconds.toFixed(0)} s, ${findings} findings`,
    );
    for (const { input, source: from } of shuffled(first.examples, `examples ${seed}`).slice(
      0,
      EXAMPLES_SHOWN,
    ))
      progress(`example of ${from}: ${JSON.stringify(input.slice(0, 400))}`);
    return findings + first.findings === 0 ? [] : [`${name}: dataset verify has findings`];
  } finally {
    await corpus.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function say(name: string, { report, seconds, findings }: Collected, progress: (line: string) => void): void {
  const { totals, flow, refused, patterns, domainCount, dataset, waiting } = report;
  progress(`\n## ${name}`);
  progress(
    JSON.stringify({ ...totals, domains: domainCount, masked: dataset.masked, reviews: waiting.reviews }),
  );
  progress(`seconds ${seconds.toFixed(0)}, findings of verify ${findings}`);
  for (const stage of flow)
    progress(
      `${stage.name}: ${stage.count} (${stage.losses.map((loss) => `${loss.name} ${loss.count}`).join(', ')})`,
    );
  for (const { at, reason, count } of refused) progress(`refused at ${at}: ${reason}: ${count}`);
  for (const { terms, members, confidence } of (patterns?.patterns ?? []).slice(0, PATTERNS_SHOWN)) {
    const heaviest = terms.slice(0, TERMS_SHOWN).map(({ term }) => term);
    progress(`pattern of ${members} (${confidence.toFixed(2)}): ${heaviest.join(', ')}`);
  }
}

/** How many of all near duplicates are linked, and a sample of links to be read. */
async function compareLinks(seed: number, progress: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-evaluation-'));
  try {
    for (const name of ['packages', 'debian']) {
      const { sources } = await openCorpus(name, folder, String(seed));
      const [source = ''] = sources;
      const documents = documentsOf(name === 'packages' ? source : join(source, '**/*.txt'));
      sayLinks(name, documents, seed, progress);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sayLinks(
  name: string,
  documents: readonly Document[],
  seed: number,
  progress: (line: string) => void,
): void {
  const links = linksOf(documents);
  const all = nearOf(documents, THRESHOLD);
  const linked = new Set(links.map(({ from }) => from.id));
  const found = [...all].filter((id) => linked.has(id)).length;
  progress(
    `\n${name}: ${documents.length} documents, ${links.length} links; of ${all.size} near duplicates ${found} are linked`,
  );
  for (const { from, to, similarity } of shuffled(links, `links ${seed}`).slice(0, LINKS_SHOWN))
    progress(`link ${similarity}: ${from.path} -> ${to.path}`);
}
