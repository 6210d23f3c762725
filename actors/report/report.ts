/** The report of a run: `report.md` for people, `report.json` for programs. */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from './gather.ts';
import { renderReport } from './render.ts';

export { gatherReport, type Report } from './gather.ts';
export { renderReport } from './render.ts';

/** Writes both files into `folder`, each whole or not at all; an older report is replaced. Returns their paths. */
export async function writeReport(
  report: Report,
  folder: string,
): Promise<{ markdown: string; json: string }> {
  await mkdir(folder, { recursive: true });
  const markdown = join(folder, 'report.md');
  const json = join(folder, 'report.json');
  await replace(markdown, renderReport(report));
  await replace(json, `${JSON.stringify(report, null, 2)}\n`);
  return { markdown, json };
}

async function replace(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
