/** The report of a run: `report.html` and `report.md` for people, `report.json` for programs. */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderHtml } from './render-html.ts';
import { renderMarkdown } from './render-markdown.ts';
import type { Report } from './report-data.ts';

export { gatherReport } from './gather-report.ts';
export type { Report } from './report-data.ts';

/** Paths of a report's files. */
export interface ReportFiles {
  readonly html: string;
  readonly markdown: string;
  readonly json: string;
}

/** Writes the files into `folder`, each whole or not at all; an older report is replaced. */
export async function writeReport(report: Report, folder: string): Promise<ReportFiles> {
  await mkdir(folder, { recursive: true });
  const files = {
    html: join(folder, 'report.html'),
    markdown: join(folder, 'report.md'),
    json: join(folder, 'report.json'),
  };
  await replace(files.html, renderHtml(report));
  await replace(files.markdown, renderMarkdown(report));
  await replace(files.json, `${JSON.stringify(report, null, 2)}\n`);
  return files;
}

async function replace(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
