/** What went into the dataset: its versions, what the examples are like, and the hashes to check it by. */
import { type Block, paragraph, type Plot, plots, type Section, tableOf } from '../document.ts';
import { bars } from '../plots/bars.ts';
import { histogram } from '../plots/histogram.ts';
import type { ExampleSample, Report } from '../report-data.ts';
import { counted, formatCount, formatFraction, formatTime } from '../wording.ts';

const BARS = 12;
const DOMAINS = 5;

export function published({ dataset, totals }: Report): Section {
  const section = { id: 'dataset', title: 'What went into the dataset', short: 'Dataset' };
  const { versions, versionCount, masked } = dataset;
  if (versions.length === 0) return { ...section, blocks: [paragraph('No version has been published yet.')] };
  const newestFirst = versions.toReversed();
  return {
    ...section,
    blocks: [
      paragraph(
        masked === 0
          ? 'No personal data was found.'
          : `${counted(masked, 'piece')} of personal data ${masked === 1 ? 'was' : 'were'} masked.`,
      ),
      ...sampled(dataset.sample, totals.examples),
      ...tableOf({
        caption:
          versions.length < versionCount
            ? `Versions, the latest ${versions.length} of ${formatCount(versionCount)}`
            : 'Versions, the latest first',
        columns: [
          { title: 'version' },
          { title: 'examples', kind: 'number' },
          { title: 'domains', kind: 'number' },
          { title: 'most from', kind: 'long' },
          { title: 'published', kind: 'time' },
          { title: 'because' },
        ],
        rows: newestFirst.map((version) => [
          [{ code: version.name }],
          formatCount(version.examples),
          formatCount(version.domainCount),
          version.domains
            .slice(0, DOMAINS)
            .map(({ domain, examples }) => `${domain} (${formatCount(examples)})`)
            .join(', ') + (version.domainCount > DOMAINS ? ', …' : ''),
          formatTime(version.publishedAt),
          version.reason,
        ]),
      }),
      ...tableOf(
        {
          caption: 'Hashes of the manifests (SHA-256)',
          columns: [{ title: 'version' }, { title: 'manifest', kind: 'long' }],
          rows: newestFirst.map(({ name, manifestSha256 }) => [[{ code: name }], [{ code: manifestSha256 }]]),
        },
        { folded: versions.length > 3 },
      ),
      paragraph([
        { code: 'banyan dataset verify' },
        ' checks every file of the export against these, without a running system.',
      ]),
    ],
  };
}

function sampled(sample: ExampleSample, all: number): Block[] {
  const { examples, domains, contentTypes, quality, meanQuality } = sample;
  if (examples === 0 || meanQuality === null) return [];
  const of = examples < all ? `, of the latest ${formatCount(examples)}` : '';
  const list = (items: readonly { readonly name: string; readonly count: number }[]): string =>
    `A bar for each: ${items
      .slice(0, 5)
      .map(({ name, count }) => `${name.slice(0, 60)} ${formatCount(count)}`)
      .join(', ')}${items.length > 5 ? ', and fewer' : ''}.`;
  const head = { what: 'domain', measure: 'examples' };
  const byType = {
    id: 'example-types',
    title: `Examples by content type${of}`,
    description: list(contentTypes),
  };
  const byDomain = { id: 'example-domains', title: `Examples by domain${of}`, description: list(domains) };
  const byQuality = {
    id: 'quality',
    title: `Quality of the examples${of}`,
    description: `How many examples have which quality, from 0 to 1; the mean is ${formatFraction(meanQuality)}.`,
  };
  const shown: Plot[] = [
    histogram(byQuality, quality, { measure: 'quality', what: 'examples' }),
    bars(byType, contentTypes.slice(0, BARS), { ...head, what: 'content type' }),
    bars(byDomain, domains.slice(0, BARS), head),
  ];
  return [plots(...shown), paragraph(`Their mean quality is ${formatFraction(meanQuality)}.`)];
}
