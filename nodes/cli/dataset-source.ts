/** Dataset versions and reports of a running system, and their export into a folder. */
import { resolve } from 'node:path';
import { exportDataset, type ExportResult, type PublishedVersion } from '../../actors/dataset/index.ts';
import { gatherReport, type Report, type ReportFiles, writeReport } from '../../actors/report/report.ts';
import { formatAddress, parseAddress } from '../../protocol/address.ts';
import { BanyanError } from '../../protocol/errors.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import { ObjectContentStore } from '../../runtime/content-object-store.ts';
import type { BanyanClient } from '../client/connect.ts';

const PAGE = 200;

/** Every published version, the oldest first. A system that has published nothing has none. */
export async function publishedVersions(client: BanyanClient): Promise<PublishedVersion[]> {
  const found: PublishedVersion[] = [];
  for (;;) {
    const after = found.at(-1)?.version ?? 0;
    const page = await answerOrNothing(() =>
      client.ask<{ versions: PublishedVersion[] }>(formatAddress('curator', 'main'), 'versions', {
        limit: PAGE,
        after,
      }),
    );
    const versions = page?.value.versions ?? [];
    found.push(...versions);
    if (versions.length < PAGE) return found;
  }
}

/** The report of the system as it is now. */
export function currentReport(client: BanyanClient): Promise<Report> {
  const ask = async (address: string, query: string, input: object = {}): Promise<unknown> => {
    const { kind, key } = parseAddress(address);
    return (await client.ask(formatAddress(kind, key), query, input)).value;
  };
  return gatherReport(ask, { atMs: Date.now() });
}

export interface Exported extends ExportResult {
  readonly versions: readonly PublishedVersion[];
  readonly report: Report;
  /** Paths of the report's files. */
  readonly reportFiles: ReportFiles;
}

/** Writes versions that are not there yet, and the report, into `out`. See `exportDataset` for the errors. */
export async function exportAll(client: BanyanClient, out: string): Promise<Exported> {
  const folder = resolve(out);
  const versions = await publishedVersions(client);
  const content = new ObjectContentStore(client.connection, subjectsOf(client.namespace).streams.content);
  const result = await exportDataset(versions, content, folder);
  const report = await currentReport(client);
  return { ...result, versions, report, reportFiles: await writeReport(report, folder) };
}

async function answerOrNothing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof BanyanError && error.code === 'actor.not_found') return undefined;
    throw error;
  }
}
