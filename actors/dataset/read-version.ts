/** Reads an exported version from its folder and says everything that is wrong with it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  basalExampleLine,
  exampleLine,
  type Manifest,
  manifest as manifestSchema,
  sha256Of,
} from './manifest.ts';

/** Something that is not as it was published. */
export interface DatasetFinding {
  /** The version's folder, such as `v0001`; empty for the dataset as a whole. */
  readonly version: string;
  readonly file: string;
  readonly problem: string;
}

export interface ReadVersion {
  readonly manifest: Manifest | undefined;
  /** Hash of the manifest's bytes; undefined when there is none. */
  readonly manifestSha256: string | undefined;
  /** Ids of the examples, in order, with where each stands. */
  readonly examples: readonly { readonly id: string; readonly at: string }[];
  readonly findings: readonly DatasetFinding[];
}

export const MANIFEST_FILE = 'manifest.json';

export async function readVersion(folder: string, name: string): Promise<ReadVersion> {
  const findings: DatasetFinding[] = [];
  const report = (file: string, problem: string): void =>
    void findings.push({ version: name, file, problem });
  const bytes = await readFile(join(folder, MANIFEST_FILE)).catch(() => undefined);
  if (bytes === undefined) {
    report(MANIFEST_FILE, 'is missing');
    return { manifest: undefined, manifestSha256: undefined, examples: [], findings };
  }
  const manifestSha256 = sha256Of(bytes);
  const manifest = parseManifest(bytes, report);
  if (manifest === undefined) return { manifest, manifestSha256, examples: [], findings };
  if (manifest.name !== name) report(MANIFEST_FILE, `is of ${manifest.name}`);

  const examples: { id: string; at: string }[] = [];
  const domains = new Map<string, number>();
  let basal = 0;
  for (const file of manifest.files) {
    const content = await readFile(join(folder, file.name)).catch(() => undefined);
    if (content === undefined) {
      report(file.name, 'is missing');
      continue;
    }
    if (content.byteLength !== file.bytes)
      report(file.name, `has ${content.byteLength} bytes instead of ${file.bytes}`);
    if (sha256Of(content) !== file.sha256) report(file.name, 'its SHA-256 is not the one in the manifest');
    const lines = linesOf(content);
    if (lines.length !== file.examples)
      report(file.name, `has ${lines.length} examples instead of ${file.examples}`);
    for (const [index, line] of lines.entries()) {
      const problem = readLine(line, (id, domain) => {
        examples.push({ id, at: `${name}/${file.name}:${index + 1}` });
        if (domain === undefined) basal++;
        else domains.set(domain, (domains.get(domain) ?? 0) + 1);
      });
      if (problem !== undefined) report(file.name, `line ${index + 1}: ${problem}`);
    }
  }
  if (examples.length !== manifest.examples) {
    report(MANIFEST_FILE, `counts ${manifest.examples} examples, the files hold ${examples.length}`);
  }
  if (basal !== (manifest.basal?.taken ?? 0))
    report(MANIFEST_FILE, `counts ${manifest.basal?.taken ?? 0} basal lines, the files hold ${basal}`);
  const counts = new Map(manifest.domains.map(({ domain, examples: count }) => [domain, count]));
  for (const domain of new Set([...domains.keys(), ...counts.keys()])) {
    const counted = counts.get(domain) ?? 0;
    const held = domains.get(domain) ?? 0;
    if (counted !== held)
      report(MANIFEST_FILE, `counts ${counted} examples of the domain '${domain}', the files hold ${held}`);
  }
  const expected = new Set([MANIFEST_FILE, ...manifest.files.map((file) => file.name)]);
  for (const entry of await readdir(folder))
    if (!expected.has(entry)) report(entry, 'is not in the manifest');
  return { manifest, manifestSha256, examples, findings };
}

function parseManifest(
  bytes: Uint8Array,
  report: (file: string, problem: string) => void,
): Manifest | undefined {
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    report(MANIFEST_FILE, `is not a manifest: ${issue?.path.join('.')} ${issue?.message}`);
  } catch {
    report(MANIFEST_FILE, 'is not valid JSON');
  }
  return undefined;
}

function linesOf(content: Uint8Array): string[] {
  const text = Buffer.from(content).toString('utf8');
  return (text.endsWith('\n') ? text.slice(0, -1) : text)
    .split('\n')
    .filter((line, _, all) => all.length > 1 || line !== '');
}

/** Hands a good line's id on, and its domain if it is no basal one; returns what is wrong with a bad one. */
function readLine(line: string, take: (id: string, domain?: string) => void): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'is not valid JSON';
  }
  const basal = basalExampleLine.safeParse(value);
  if (basal.success) {
    take(basal.data.provenance.example);
    return undefined;
  }
  const parsed = exampleLine.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${issue?.path.join('.')} ${issue?.message}`;
  }
  take(parsed.data.provenance.example, parsed.data.provenance.domain);
  return undefined;
}
