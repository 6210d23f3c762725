/** What went into the dataset: the latest versions, and what the latest examples are like. */
import type { ExampleRow } from '../curator/example.ts';
import type { PublishedVersion } from '../dataset/manifest.ts';
import type { ExampleSample, Report } from './report-data.ts';
import { number, type Row, type TolerantAsk } from './tolerant-ask.ts';

const VERSIONS = 20;
/** Examples per page: about 10 KB each, well below the limit of a reply. */
const PAGE = 20;
/** Examples looked at, the latest version first. */
const SAMPLE = 400;
const DOMAINS = 15;
const QUALITY_STEPS = 10;

const curator = 'curator/main';

export async function gatherDataset(ask: TolerantAsk, stats: Row): Promise<Report['dataset']> {
  const versionCount = number(stats['versions']);
  const none: { readonly versions: readonly PublishedVersion[] } = { versions: [] };
  const after = Math.max(0, versionCount - VERSIONS);
  const { versions } = await ask(curator, 'versions', { limit: VERSIONS, after }, none);
  return {
    latest: versions.at(-1)?.name ?? null,
    lastManifestSha256: versions.at(-1)?.manifestSha256 ?? null,
    masked: number(stats['masked']),
    versionCount: Math.max(versionCount, versions.length),
    versions,
    sample: sampleOf(await latestExamples(ask, versions)),
  };
}

async function latestExamples(
  ask: TolerantAsk,
  versions: readonly PublishedVersion[],
): Promise<readonly ExampleRow[]> {
  const found: ExampleRow[] = [];
  for (const { version } of versions.toReversed()) {
    for (let after: string | null = ''; after !== null && found.length < SAMPLE;) {
      const input = { version, limit: PAGE, ...(after === '' ? {} : { after }) };
      const page: ExamplesPage = await ask<ExamplesPage>(curator, 'examples', input, {
        examples: [],
        next: null,
      });
      found.push(...page.examples);
      after = page.next;
    }
  }
  return found.slice(0, SAMPLE);
}

interface ExamplesPage {
  readonly examples: readonly ExampleRow[];
  readonly next: string | null;
}

/** Counts by domain and content type, most first, and the distribution of quality. */
export function sampleOf(
  examples: readonly Pick<ExampleRow, 'domain' | 'contentType' | 'quality'>[],
): ExampleSample {
  const quality = Array.from({ length: QUALITY_STEPS }, () => 0);
  for (const example of examples) {
    const step = Math.min(QUALITY_STEPS - 1, Math.max(0, Math.floor(example.quality * QUALITY_STEPS)));
    quality[step] = (quality[step] ?? 0) + 1;
  }
  const sum = examples.reduce((total, example) => total + example.quality, 0);
  return {
    examples: examples.length,
    contentTypes: countBy(examples.map(({ contentType }) => contentType)),
    domains: countBy(examples.map(({ domain }) => domain)).slice(0, DOMAINS),
    quality,
    meanQuality: examples.length === 0 ? null : sum / examples.length,
  };
}

function countBy(names: readonly string[]): { name: string; count: number }[] {
  return [...Map.groupBy(names, (name) => name)]
    .map(([name, members]) => ({ name, count: members.length }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}
