/** A corpus through the real command, and what its report says came of it. */
import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { join } from 'node:path';
import type { Report } from '../../../actors/report/report-data.ts';
import { startCommand } from '../../bench/command.ts';
import type { Corpus } from './corpora.ts';

export interface Collected {
  readonly report: Report;
  readonly seconds: number;
  /** What `dataset verify` found. */
  readonly findings: number;
  readonly examples: readonly { readonly input: string; readonly source: string }[];
}

const LIMIT = '20m';

/** `up --once` in `folder`, again on the same data if it is called again. Throws with what the command said. */
export async function collect(corpus: Corpus, folder: string): Promise<Collected> {
  const startMs = performance.now();
  const sources = corpus.sources.flatMap((source) => ['--source', source]);
  const args = ['up', '--once', ...sources, ...corpus.args, '--data', 'data', '--out', 'out', '--json'];
  const { code, said } = await startCommand([...args, '--timeout', LIMIT], folder).finished;
  if (code !== 0) throw new Error(`${corpus.name}: up --once ended with ${code}: ${said}`);
  const seconds = (performance.now() - startMs) / 1_000;
  const verify = await startCommand(['dataset', 'verify', '--out', 'out', '--json'], folder).finished;
  const { findings } = JSON.parse(verify.stdout) as { findings: unknown[] };
  const report = JSON.parse(readFileSync(join(folder, 'out/report.json'), 'utf8')) as Report;
  return { report, seconds, findings: findings.length, examples: examplesOf(folder) };
}

/** Of every exported version. */
function examplesOf(folder: string): Collected['examples'] {
  const files = globSync('out/v*/*.jsonl', { cwd: folder }).sort();
  return files.flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { input: string; provenance: { source: string } })
      .map(({ input, provenance }) => ({ input, source: provenance.source })),
  );
}
