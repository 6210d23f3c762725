/** Verifies an exported dataset offline: nothing is needed but its folder. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BanyanError } from '../../protocol/errors.ts';
import { versionName } from './manifest.ts';
import { type DatasetFinding, readVersion } from './read-version.ts';

export type { DatasetFinding } from './read-version.ts';

export interface DatasetVerification {
  readonly ok: boolean;
  readonly versions: number;
  readonly examples: number;
  /** Hash of the newest manifest: who knows it from elsewhere knows that nothing was replaced. */
  readonly lastManifestSha256: string | null;
  readonly findings: readonly DatasetFinding[];
}

/**
 * Checks every version under `folder`: the files' SHA-256, sizes and counts, valid lines, the chain of manifest
 * hashes from the first version on, and that no example stands there twice. Nothing in a folder can vouch for its
 * newest manifest: whoever knows its hash from elsewhere passes it as `expected`.
 * Throws `usage` when the folder cannot be read.
 */
export async function verifyDataset(
  folder: string,
  options: { readonly expected?: string | undefined } = {},
): Promise<DatasetVerification> {
  const names = (await readEntries(folder)).filter((name) => /^v\d{4,}$/.test(name));
  names.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  const findings: DatasetFinding[] = [];
  const seen = new Map<string, string>();
  let previous: string | undefined;
  let examples = 0;
  for (const [index, name] of names.entries()) {
    const number = index + 1;
    if (name !== versionName(number)) {
      findings.push({
        version: name,
        file: '',
        problem: `stands where ${versionName(number)} is expected: a version is missing`,
      });
    }
    const version = await readVersion(join(folder, name), name);
    findings.push(...version.findings, ...chainFindings(name, version.manifest, previous));
    previous = version.manifestSha256;
    for (const { id, at } of version.examples) {
      const first = seen.get(id);
      if (first === undefined) seen.set(id, at);
      else findings.push({ version: name, file: at, problem: `the example stands already at ${first}` });
    }
    examples += version.examples.length;
  }
  const { expected } = options;
  if (expected !== undefined && expected !== previous) {
    const problem = `is not the expected newest one: its SHA-256 is ${previous ?? 'none'}`;
    findings.push({ version: names.at(-1) ?? '', file: 'manifest.json', problem });
  }
  return {
    ok: findings.length === 0,
    versions: names.length,
    examples,
    lastManifestSha256: previous ?? null,
    findings,
  };
}

function chainFindings(
  name: string,
  manifest: { version: number; previous: { version: number; manifestSha256: string } | null } | undefined,
  previous: string | undefined,
): DatasetFinding[] {
  if (manifest === undefined) return [];
  const finding = (problem: string): DatasetFinding[] => [{ version: name, file: 'manifest.json', problem }];
  if (manifest.version !== Number(name.slice(1))) return finding(`is of version ${manifest.version}`);
  if (manifest.version === 1) {
    return manifest.previous === null ? [] : finding('is the first version but names a previous one');
  }
  if (manifest.previous === null) return finding('names no previous version');
  if (manifest.previous.version !== manifest.version - 1)
    return finding(`follows version ${manifest.previous.version}`);
  return manifest.previous.manifestSha256 === previous
    ? []
    : finding('does not continue the manifest of the version before it');
}

async function readEntries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new BanyanError('usage', { message: `The dataset folder '${folder}' cannot be read.`, cause });
  }
}
