/** `banyan dataset …`: the versions that the curator has published. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { verifyDataset } from '../../../actors/dataset/index.ts';
import { BanyanError } from '../../../protocol/errors.ts';
import { makeWritableDirectory } from '../../writable-directory.ts';
import type { Cli, Run } from '../cli.ts';
import { exportAll, publishedVersions } from '../dataset-source.ts';
import { datasetExportDocument, datasetListDocument, datasetVerifyDocument } from '../documents.ts';
import { EXIT } from '../exit-code.ts';
import { addConnectionOptions } from '../options.ts';
import { counted } from '../counted.ts';
import { formatTable } from '../table.ts';

export function addDatasetCommands(cli: Cli, program: Command): void {
  const dataset = cli.noun(program, 'dataset', 'versions of the dataset');
  const out = ['--out <dir>', 'folder of the export (default: out)'] as const;
  addConnectionOptions(cli.verb(dataset, 'list', 'list published versions', list));
  addConnectionOptions(
    cli.verb(dataset, 'export', 'write versions that are not there yet, and the report', write),
  ).option(...out);
  cli
    .verb(dataset, 'verify', 'check an export: hashes, chain, lines, repetitions; works offline', verify)
    .option(...out)
    .option('--expect <sha256>', 'what the newest manifest must be, as "dataset list" or an event showed it');
}

async function list(run: Run): Promise<void> {
  await run.withClient(async (client) => {
    const versions = await publishedVersions(client);
    run.output.data(datasetListDocument, { versions: versions.map((version) => ({ ...version })) }, () =>
      formatTable(
        ['VERSION', 'PUBLISHED', 'EXAMPLES', 'DOMAINS', 'REASON', 'MANIFEST'],
        versions.map((version) => [
          version.name,
          version.publishedAt,
          version.examples,
          version.domainCount,
          version.reason,
          version.manifestSha256,
        ]),
      ),
    );
    if (versions.length === 0) run.output.message('No version has been published yet.');
  });
}

async function write(run: Run): Promise<void> {
  const out = makeWritableDirectory(run.settings.out, 'out');
  await run.withClient(async (client) => {
    const { written, unchanged, reportFiles } = await exportAll(client, out);
    const document = { out, written: [...written], unchanged: [...unchanged], report: reportFiles };
    run.output.data(
      datasetExportDocument,
      document,
      () => `${out}: ${counted(written.length, 'version')} written, ${unchanged.length} there already`,
    );
  });
}

async function verify(run: Run): Promise<number> {
  const out = resolve(run.settings.out);
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new BanyanError('dataset.not_found', {
      message: `There is no folder ${out}.`,
      hint: 'Name the folder of the export with --out; "banyan dataset export" writes one.',
    });
  }
  const { findings, ...verified } = await verifyDataset(out, { expected: run.text('expect') });
  run.output.data(datasetVerifyDocument, { ...verified, out, findings: [...findings] }, () =>
    [
      ...findings.map(
        ({ version, file, problem }) =>
          `${[version, file].filter((part) => part !== '').join('/')}: ${problem}`,
      ),
      `${out}: ${counted(verified.versions, 'version')}, ${counted(verified.examples, 'example')}, ${counted(findings.length, 'finding')}`,
    ].join('\n'),
  );
  return verified.ok ? EXIT.ok : EXIT.findings;
}
