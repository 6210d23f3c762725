import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createActorHarness } from '../../tests/harness/actor-harness.ts';
import { exportDataset, type PublishedVersion, verifyDataset } from '../dataset/index.ts';
import { someScenario, someVerdict } from '../scenario.fixture.ts';
import { defaultPipelineSettings } from '../settings.ts';
import type { BasalState } from './basal.ts';
import { createCurator } from './curator.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'basal-'));
});
afterEach(() => rm(folder, { recursive: true }));

const alpaca = (n: number) => ({
  instruction: `Name the capital ${n}.`,
  input: '',
  output: `It is number ${n}.`,
});
const jsonl = (...lines: readonly unknown[]): string =>
  lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');

function start() {
  const h = createActorHarness([createCurator(defaultPipelineSettings)]);
  return {
    ...h,
    load: async (path: string) => {
      h.tell('curator/main', { type: 'basal.load', node: 'n1', path });
      await h.settle();
    },
    loadLines: async function (...lines: readonly unknown[]) {
      const path = join(folder, 'basal-set.jsonl');
      await writeFile(path, jsonl(...lines));
      await this.load(path);
    },
    publish: async (from: number, count: number) => {
      for (let n = from; n < from + count; n++) {
        const scenario = someScenario(n, { domain: `d${n % 5}` });
        h.tell('curator/main', { type: 'scenario.judged', scenario, verdict: someVerdict(scenario) });
      }
      h.tell('curator/main', { type: 'dataset.publish', reason: 'asked' });
      await h.settle();
    },
    basal: () => (h.ask('curator/main', 'stats') as { basal: BasalState }).basal,
    versions: () => (h.ask('curator/main', 'versions') as { versions: PublishedVersion[] }).versions,
    export: async () => {
      const { versions } = h.ask('curator/main', 'versions') as { versions: PublishedVersion[] };
      await exportDataset(versions, h.content, join(folder, 'out'));
      return verifyDataset(join(folder, 'out'));
    },
  };
}

const many = (count: number) => Array.from({ length: count }, (_, n) => alpaca(n));
const manifestOf = async (name: string) =>
  JSON.parse(await readFile(join(folder, 'out', name, 'manifest.json'), 'utf8')) as Record<string, unknown>;
const basalLines = async (name: string) =>
  (await readFile(join(folder, 'out', name, 'basal.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map(
      (line) => JSON.parse(line) as { output: string; provenance: { basal: { set: string; line: number } } },
    );

describe('the mix', () => {
  test('of each version 30 % come from the basal set, marked as such, and no line enters two versions', async () => {
    const c = start();
    await c.loadLines(...many(50));
    await c.publish(0, 14);
    await c.publish(100, 28);
    expect(await c.export()).toMatchObject({ ok: true, findings: [], examples: 14 + 6 + 28 + 12 });
    const set = c.basal().set?.sha256;
    expect(await manifestOf('v0001')).toMatchObject({ examples: 20, basal: { set, wanted: 6, taken: 6 } });
    expect(c.versions()[0]?.gates.at(-1)).toEqual({ gate: 'mix', passed: 6, refused: 0 });
    const taken = [...(await basalLines('v0001')), ...(await basalLines('v0002'))];
    expect(taken.every(({ provenance }) => provenance.basal.set === set)).toBe(true);
    for (const { output, provenance } of taken) expect(output).toBe(alpaca(provenance.basal.line - 1).output);
    expect(new Set(taken.map(({ output }) => output)).size).toBe(18);
    // A sample, not the beginning of the file.
    expect((await basalLines('v0001')).some(({ provenance }) => provenance.basal.line > 25)).toBe(true);
    expect(c.ask('curator/main', 'stats')).toMatchObject({
      examples: 42,
      basal: { available: 50, taken: 18 },
    });
  });

  test('the same set gives the same sample', async () => {
    const lines = async () => {
      const c = start();
      await c.loadLines(...many(50));
      await c.publish(0, 14);
      return c.versions()[0]?.files;
    };
    expect(await lines()).toEqual(await lines());
  });

  test('a set with too few lines gives what it has, and the manifest says so', async () => {
    const c = start();
    await c.loadLines(...many(2));
    await c.publish(0, 14);
    await c.publish(100, 14);
    expect(await c.export()).toMatchObject({ ok: true, examples: 14 + 2 + 14 });
    expect(await manifestOf('v0001')).toMatchObject({
      basal: { wanted: 6, taken: 2, note: 'The basal set has 2 of the 6 lines that its share asks for.' },
    });
    expect(await manifestOf('v0002')).toMatchObject({ basal: { wanted: 6, taken: 0 } });
  });

  test('a crash at any step of publishing leaves the old version or the whole new one, and no example twice', async () => {
    const expected = start();
    await expected.loadLines(...many(50));
    await expected.publish(0, 14);
    for (let step = 1; step <= 4; step++) {
      const c = start();
      await c.loadLines(...many(50));
      const { put, get } = c.content;
      let operations = 0;
      const dieAt = async <T>(operation: () => Promise<T>): Promise<T> => {
        const done = await operation();
        if (++operations === step) throw new Error('the process dies');
        return done;
      };
      c.content.put = (bytes) => dieAt(() => put(bytes));
      c.content.get = (sha256) => dieAt(() => get(sha256));
      await c.publish(0, 14);
      expect(c.versions()).toEqual([]);
      c.advance(10_000);
      await c.settle();
      expect(c.versions().map(({ files }) => files)).toEqual(expected.versions().map(({ files }) => files));
    }
  });

  test('without a set nothing is mixed in', async () => {
    const c = start();
    await c.publish(0, 14);
    await c.export();
    expect(await manifestOf('v0001')).not.toHaveProperty('basal');
  });
});

describe('a basal set', () => {
  test('is checked line by line: what is refused is named by its number and reason, and nothing is left out in silence', async () => {
    const c = start();
    await c.loadLines(
      alpaca(1),
      'no json',
      { instruction: 'Do', output: 7 },
      { instruction: '', output: 'x' },
      alpaca(1),
      { instruction: 'Keep the key AKIAIOSFODNN7EXAMPLE', output: 'kept' },
      '',
      { ...alpaca(2), output: 'Write to ann@example.org' },
    );
    expect(c.basal()).toMatchObject({
      available: 2,
      known: 0,
      problem: null,
      set: { lines: 2, refused: 6, masked: 1 },
    });
    expect(c.basal().set?.problems.map(({ line, problem }) => `${line} ${problem.split(':')[0]}`)).toEqual([
      '2 is not valid JSON',
      '3 output',
      '4 instruction',
      '5 repeats line 1',
      '6 is not safe',
      '7 is not valid JSON',
    ]);
    await c.publish(0, 14);
    await c.export();
    expect(JSON.stringify(await basalLines('v0001'))).toContain('[EMAIL]');
  });

  test('an example that the set has is refused as a duplicate, and a line that the dataset has is left out', async () => {
    const c = start();
    await c.publish(0, 3);
    await c.export();
    await c.load(join(folder, 'out', 'v0001'));
    expect(c.basal()).toMatchObject({ available: 0, known: 3, set: { lines: 3, refused: 0 } });
  });

  test('an exported version is read if it is as it was published', async () => {
    const a = start();
    await a.publish(0, 5);
    await a.export();
    const b = start();
    await b.load(join(folder, 'out', 'v0001'));
    expect(b.basal()).toMatchObject({ available: 5, set: { lines: 5 } });
    await b.publish(0, 1);
    expect(b.ask('curator/main', 'refusals')).toMatchObject({ refusals: [{ gate: 'duplicates' }] });
    await writeFile(join(folder, 'out', 'v0001', 'examples.jsonl'), '{}\n');
    await b.load(join(folder, 'out', 'v0001'));
    expect(b.basal().problem).toContain('is not as it was published');
  });

  test('loaded twice gives its lines once; one that cannot be read changes nothing and says why', async () => {
    const c = start();
    await c.loadLines(...many(5));
    await c.loadLines(...many(5));
    expect(c.basal()).toMatchObject({ available: 5, known: 0 });
    await c.load(join(folder, 'missing.jsonl'));
    expect(c.basal()).toMatchObject({ available: 5, problem: expect.stringContaining('cannot be read') });
  });

  test('of many lines is taken in pages that a turn can hold', async () => {
    const c = start();
    await c.loadLines(...many(1_000));
    expect(c.basal()).toMatchObject({ available: 1_000 });
    expect(c.deadLetters).toEqual([]);
  });
});
