import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContentStore } from '../../runtime/content-store.ts';
import { exportDataset, type PublishedVersion, verifyDataset } from './index.ts';
import { type ExampleLine, type Manifest, manifestBytes, versionName } from './manifest.ts';

const hash = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
let folder: string;
let objects: Map<string, Uint8Array>;
let content: ContentStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dataset-'));
  objects = new Map();
  content = {
    put: async (bytes) => {
      objects.set(hash(bytes), bytes);
      return { ref: hash(bytes), sha256: hash(bytes), bytes: bytes.byteLength };
    },
    get: async (sha256) => {
      const bytes = objects.get(sha256);
      if (bytes === undefined) throw new Error('content.not_found');
      return bytes;
    },
    has: async (sha256) => objects.has(sha256),
  };
});
afterEach(() => rm(folder, { recursive: true }));

const line = (n: number): ExampleLine => ({
  instruction: 'Do',
  input: `input ${n}`,
  output: `output ${n}`,
  provenance: {
    example: hash(`example ${n}`),
    scenario: `s${n}`,
    artifact: hash(`artifact ${n}`),
    nodes: ['n1'],
    source: 'file:///x',
    domain: 'd',
    contentType: 'text',
    quality: 0.8,
    verdict: { decision: 'accept', confidence: 0.9, reviewed: false, layers: {} },
    masked: 0,
    models: {},
  },
});

/** Publishes versions with these examples, as the curator's task does. */
async function publish(...contents: number[][]): Promise<PublishedVersion[]> {
  const versions: PublishedVersion[] = [];
  for (const [index, numbers] of contents.entries()) {
    const file = await content.put(Buffer.from(numbers.map((n) => `${JSON.stringify(line(n))}\n`).join('')));
    const last = versions.at(-1);
    const manifest: Manifest = {
      format: 'banyan-dataset',
      formatVersion: 1,
      version: index + 1,
      name: versionName(index + 1),
      publishedAt: '2026-01-01T00:00:00.000Z',
      reason: 'test',
      previous: last === undefined ? null : { version: index, manifestSha256: last.manifestSha256 },
      examples: numbers.length,
      domains: [{ domain: 'd', examples: numbers.length }],
      gates: [],
      masked: 0,
      files: [{ name: 'examples.jsonl', sha256: file.sha256, bytes: file.bytes, examples: numbers.length }],
    };
    const { sha256 } = await content.put(manifestBytes(manifest));
    const { version, name, publishedAt, reason, examples, domains, gates, files } = manifest;
    versions.push({
      version,
      name,
      publishedAt,
      reason,
      examples,
      manifestSha256: sha256,
      previousManifestSha256: last?.manifestSha256 ?? null,
      domainCount: domains.length,
      domains,
      gates,
      files,
    });
  }
  return versions;
}

describe('export', () => {
  test('writes each version once, and never changes one that is there', async () => {
    const versions = await publish([1, 2], [3]);
    expect(await exportDataset(versions.slice(0, 1), content, folder)).toEqual({
      written: ['v0001'],
      unchanged: [],
    });
    const before = await readFile(join(folder, 'v0001/examples.jsonl'), 'utf8');
    expect(await exportDataset(versions, content, folder)).toEqual({
      written: ['v0002'],
      unchanged: ['v0001'],
    });
    expect(await readFile(join(folder, 'v0001/examples.jsonl'), 'utf8')).toBe(before);
    expect((await readdir(folder)).sort()).toEqual(['v0001', 'v0002']);
  });

  test('refuses to write over a folder that holds something else', async () => {
    const versions = await publish([1]);
    await mkdir(join(folder, 'v0001'));
    await expect(exportDataset(versions, content, folder)).rejects.toMatchObject({ code: 'usage' });
  });

  test('an export that fails half way leaves nothing; leftovers of a killed one are removed', async () => {
    const versions = await publish([1], [2]);
    objects.delete(versions[1]?.files[0]?.sha256 ?? '');
    await expect(exportDataset(versions, content, folder)).rejects.toThrow('content.not_found');
    await mkdir(join(folder, '.writing-killed'));
    await exportDataset(versions.slice(0, 1), content, folder);
    expect(await readdir(folder)).toEqual(['v0001']);
  });
});

describe('verify', () => {
  const problems = async (): Promise<string[]> =>
    (await verifyDataset(folder)).findings.map(
      ({ version, file, problem }) => `${version} ${file}: ${problem}`,
    );
  const examplesFile = () => join(folder, 'v0001/examples.jsonl');

  beforeEach(async () => {
    await exportDataset(await publish([1, 2], [3, 4], [5]), content, folder);
  });

  test('an export as it was published has no findings', async () => {
    expect(await verifyDataset(folder)).toMatchObject({ ok: true, versions: 3, examples: 5, findings: [] });
  });

  test('one changed byte is found', async () => {
    const bytes = await readFile(examplesFile());
    bytes[bytes.indexOf('input 1')] = 'X'.charCodeAt(0);
    await writeFile(examplesFile(), bytes);
    expect(await problems()).toEqual(['v0001 examples.jsonl: its SHA-256 is not the one in the manifest']);
  });

  test('an added line, a broken line and a missing file are found', async () => {
    await appendFile(examplesFile(), '{"instruction": "Do"\n');
    expect((await problems()).join('\n')).toMatch(
      /bytes instead of[^]*SHA-256[^]*3 examples instead of 2[^]*line 3: is not valid JSON/,
    );
    await rm(examplesFile());
    expect((await problems()).join('\n')).toContain('examples.jsonl: is missing');
  });

  test('a rewritten manifest breaks the chain', async () => {
    const path = join(folder, 'v0001/manifest.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"reason": "test"', '"reason": "lies"'));
    expect(await problems()).toEqual([
      'v0002 manifest.json: does not continue the manifest of the version before it',
    ]);
  });

  test('the newest manifest and a missing newest version are found by the hash that was published', async () => {
    const { lastManifestSha256 } = await verifyDataset(folder);
    const expected = lastManifestSha256 ?? '';
    expect(await verifyDataset(folder, { expected })).toMatchObject({ ok: true });
    const path = join(folder, 'v0003/manifest.json');
    const published = await readFile(path, 'utf8');
    await writeFile(path, published.replace('"reason": "test"', '"reason": "lies"'));
    expect(await verifyDataset(folder)).toMatchObject({ ok: true });
    const found = { version: 'v0003', problem: expect.stringContaining('is not the expected newest one') };
    expect(await verifyDataset(folder, { expected })).toMatchObject({ ok: false, findings: [found] });
    await rm(join(folder, 'v0003'), { recursive: true });
    expect(await verifyDataset(folder, { expected })).toMatchObject({
      ok: false,
      findings: [{ version: 'v0002' }],
    });
  });

  test('basal lines that the manifest does not count are found', async () => {
    await rm(folder, { recursive: true });
    const versions = await publish([1]);
    const bytes = objects.get(versions[0]?.files[0]?.sha256 ?? '') ?? new Uint8Array();
    await exportDataset(versions, content, folder);
    const set = hash('set');
    const basal = {
      instruction: 'a',
      input: '',
      output: 'b',
      provenance: { example: hash('x'), basal: { set, line: 1 }, masked: 0 },
    };
    await writeFile(examplesFile(), `${Buffer.from(bytes).toString('utf8')}${JSON.stringify(basal)}\n`);
    expect((await problems()).join('\n')).toContain('counts 0 basal lines, the files hold 1');
  });

  test('a missing version is found', async () => {
    await rm(join(folder, 'v0002'), { recursive: true });
    expect((await problems()).join('\n')).toContain('v0003 : stands where v0002 is expected');
  });

  test('an example that stands twice is found, over all versions', async () => {
    await rm(folder, { recursive: true });
    await exportDataset(await publish([1, 2], [3, 1]), content, folder);
    expect(await problems()).toEqual([
      'v0002 v0002/examples.jsonl:2: the example stands already at v0001/examples.jsonl:1',
    ]);
  });

  test('a file that is in no manifest, and a folder under another name, are found', async () => {
    await writeFile(join(folder, 'v0001/extra.jsonl'), '');
    await rename(join(folder, 'v0003'), join(folder, 'v0004'));
    expect((await problems()).join('\n')).toMatch(
      /extra\.jsonl: is not in the manifest[^]*v0004 manifest\.json: is of v0003/,
    );
  });

  test('a folder that cannot be read is an error of usage', async () => {
    await expect(verifyDataset(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'usage' });
  });
});
