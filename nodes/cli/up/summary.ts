/** The result of `up`: the totals since the data directory began, and where the dataset is. */
import { join, resolve } from 'node:path';
import type { BanyanClient } from '../../client/connect.ts';
import { exportAll, type Exported } from '../dataset-source.ts';
import type { UpDocument } from '../documents.ts';
import { counted } from '../counted.ts';

/** Exports what is new and sums up. */
export async function exportAndSummarise(client: BanyanClient, out: string): Promise<UpDocument> {
  const folder = resolve(out);
  return summaryOf(await exportAll(client, folder), folder);
}

export function summaryOf({ versions, report, reportFiles }: Exported, folder: string): UpDocument {
  const newest = versions.at(-1);
  const { collected, accepted, duplicates, corroborated, rejected, scenarios, examples } = report.totals;
  return {
    collected,
    accepted,
    duplicates,
    corroborated,
    rejected,
    scenarios,
    examples,
    dataset:
      newest === undefined
        ? null
        : {
            name: newest.name,
            version: newest.version,
            examples: newest.examples,
            manifestSha256: newest.manifestSha256,
            path: join(folder, newest.name),
          },
    report: reportFiles.markdown,
    reportHtml: reportFiles.html,
  };
}

export function formatSummary(summary: UpDocument): string {
  const {
    collected,
    accepted,
    duplicates,
    corroborated,
    rejected,
    scenarios,
    examples,
    dataset,
    reportHtml,
  } = summary;
  const rest = collected - accepted - duplicates - corroborated - rejected;
  const lines = [
    [
      'collected',
      `${collected}: ${accepted} accepted, ${duplicates} duplicates, ${corroborated} corroborated, ${rejected} rejected`,
    ],
    ...(rest > 0 ? [['', `${rest} are new versions of known ones, or undecided`]] : []),
    ['scenarios', String(scenarios)],
    ['examples', String(examples)],
    [
      'dataset',
      dataset === null ? 'none published yet' : `${dataset.path} (${counted(dataset.examples, 'example')})`,
    ],
    ...(reportHtml === null ? [] : [['report', reportHtml]]),
  ];
  return lines.map(([name = '', text = '']) => `${name.padEnd(10)} ${text}`).join('\n');
}
