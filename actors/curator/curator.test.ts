import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createActorHarness } from '../../tests/harness/actor-harness.ts';
import { exportDataset, type PublishedVersion, verifyDataset } from '../dataset/index.ts';
import { someText } from '../artifact.fixture.ts';
import type { Scenario, Verdict } from '../scenario.ts';
import { someScenario, someVerdict } from '../scenario.fixture.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { createCurator, type GateCounts } from './curator.ts';
import type { ExampleRow } from './example.ts';
import type { Gate } from './gates.ts';

function start() {
  const h = createActorHarness([createCurator(defaultPipelineSettings)]);
  return {
    ...h,
    judge: (scenario: Scenario, verdict: Verdict = someVerdict(scenario)) =>
      h.tell('curator/main', { type: 'scenario.judged', scenario, verdict }),
    publish: async (reason = 'asked') => {
      h.tell('curator/main', { type: 'dataset.publish', reason });
      await h.settle();
    },
    stats: () =>
      h.ask('curator/main', 'stats') as Record<string, unknown> & { gates: Record<Gate, GateCounts> },
    versions: () => (h.ask('curator/main', 'versions') as { versions: PublishedVersion[] }).versions,
    examples: (version: number) =>
      (h.ask('curator/main', 'examples', { version, limit: 40 }) as { examples: ExampleRow[] }).examples,
  };
}

const refusedAt = (c: ReturnType<typeof start>): string[] =>
  Object.entries(c.stats().gates).flatMap(([gate, { refused }]) => (refused > 0 ? [gate] : []));

describe('gates, in order and counted', () => {
  test('what the critic accepted and every gate lets through waits for a version', () => {
    const c = start();
    c.judge(someScenario(1));
    expect(c.stats()).toMatchObject({ judged: 1, waiting: 1, examples: 0, state: 'collecting' });
    expect(c.stats().gates.quality).toEqual({ passed: 1, refused: 0 });
  });

  test('verdict: what was rejected stops there', () => {
    const c = start();
    const scenario = someScenario(1);
    c.judge(scenario, someVerdict(scenario, 'reject'));
    expect(refusedAt(c)).toEqual(['verdict']);
    expect(c.stats().gates.safety).toEqual({ passed: 0, refused: 0 });
  });

  test('safety: a secret is refused even with an accepting verdict', () => {
    const c = start();
    c.judge(someScenario(1, { excerpt: `${someText(1)} The key is AKIAIOSFODNN7EXAMPLE now.` }));
    expect(refusedAt(c)).toEqual(['safety']);
    expect(c.ask('curator/main', 'refusals')).toMatchObject({
      refusals: [{ gate: 'safety', reason: 'it holds a secret: aws-access-key' }],
    });
    expect(JSON.stringify(c.ask('curator/main', 'refusals'))).not.toContain('AKIAIOSFODNN7EXAMPLE');
  });

  test('masking: personal data is masked in input, output and source, and counted', async () => {
    const c = start();
    c.judge(
      someScenario(1, {
        excerpt: `Call the operator ann@example.org at +49 30 1234567 first. ${someText(1)}`,
        source: 'mailto:ann@example.org',
      }),
    );
    await c.publish();
    const text = JSON.stringify(c.examples(1));
    expect(text).not.toMatch(/ann@example|1234567/);
    expect(text).toContain('[EMAIL]');
    expect(c.stats()['masked']).toBeGreaterThanOrEqual(3);
  });

  test('masking: a name that the input gives away stands nowhere in the output, not even as a key term', async () => {
    const c = start();
    const excerpt = `Author: Zebulon Quartermain. Quartermain is the quartermain of Zebulon. ${someText(1)}`;
    const scenario = someScenario(1, {
      excerpt: excerpt.replace('Quartermain is', 'Zebulon Quartermain is'),
    });
    expect(scenario.expected.keyTerms).toContain('quartermain');
    c.judge(scenario);
    await c.publish();
    const [example] = c.examples(1);
    expect(example?.input).toContain('[NAME]');
    expect(example?.output).not.toContain('Zebulon Quartermain');
    c.judge(someScenario(2, { excerpt: `Author: Zebulon Quartermain. ${someText(2)}` }));
    await c.publish();
    expect(JSON.stringify(c.examples(2))).not.toMatch(/quartermain/i);
  });

  test('masking: a text that is mostly personal data is refused', () => {
    const c = start();
    const addresses = Array.from({ length: 20 }, (_, n) => `person${n}@example.org`).join(' ');
    c.judge(someScenario(1, { excerpt: `List of people: ${addresses}` }));
    expect(refusedAt(c)).toEqual(['masking']);
  });

  test('duplicates: the same input and output enter once, in whatever form', () => {
    const c = start();
    c.judge(someScenario(1));
    c.judge(someScenario(2, { excerpt: someText(1) }));
    c.judge(someScenario(3, { excerpt: someText(1).replaceAll('. ', '.   ') }));
    expect(refusedAt(c)).toEqual(['duplicates']);
    expect(c.stats()).toMatchObject({ waiting: 1, refused: 2 });
  });

  test('duplicates: what differs only in what is masked is the same', () => {
    const c = start();
    c.judge(someScenario(1, { excerpt: `Ask ann@example.org for help. ${someText(1)}` }));
    c.judge(someScenario(2, { excerpt: `Ask bob@example.org for help. ${someText(1)}` }));
    expect(refusedAt(c)).toEqual(['duplicates']);
  });

  test('quality: what is below 0.6 is refused', () => {
    const c = start();
    c.judge(someScenario(1, { excerpt: 'word '.repeat(200) }));
    expect(refusedAt(c)).toEqual(['quality']);
  });
});

describe('versions', () => {
  test('publishing is asked for, or a minute has passed since the last example', async () => {
    const c = start();
    c.judge(someScenario(1));
    c.advance(59_000);
    c.judge(someScenario(2));
    c.advance(59_000);
    await c.settle();
    expect(c.versions()).toEqual([]);
    c.advance(1_000);
    await c.settle();
    expect(c.versions()).toMatchObject([{ version: 1, name: 'v0001', examples: 2 }]);
    c.judge(someScenario(3));
    await c.publish();
    expect(c.versions()).toMatchObject([{ examples: 2 }, { name: 'v0002', examples: 1 }]);
    expect(c.events.map(({ name }) => name)).toEqual(['dataset-published', 'dataset-published']);
  });

  test('with nothing waiting nothing is published', async () => {
    const c = start();
    await c.publish();
    expect(c.versions()).toEqual([]);
  });

  test('a hundred new examples are a version', async () => {
    const c = start();
    for (let n = 0; n < 99; n++) c.judge(someScenario(n));
    await c.settle();
    expect(c.versions()).toEqual([]);
    c.judge(someScenario(99));
    await c.settle();
    expect(c.versions()).toMatchObject([{ examples: 100, reason: '100 new examples' }]);
  });

  test('balance: what does not fit waits for the next version', async () => {
    const c = start();
    for (let n = 0; n < 20; n++) c.judge(someScenario(n, { domain: n < 11 ? 'a' : `d${n % 3}` }));
    await c.publish();
    expect(c.versions()[0]).toMatchObject({
      examples: 12,
      domainCount: 4,
      domains: [3, 3, 3, 3].map((examples, i) => ({ domain: ['a', 'd0', 'd1', 'd2'][i], examples })),
    });
    expect(c.versions()[0]?.gates.at(-1)).toEqual({ gate: 'balance', passed: 12, refused: 8 });
    expect(c.stats()).toMatchObject({ waiting: 8, examples: 12 });
    await c.publish('again, without anything new');
    expect(c.versions()).toHaveLength(1);
    c.judge(someScenario(50, { domain: 'new' }));
    await c.publish();
    expect(c.versions()[1]?.examples).toBeGreaterThan(1);
  });

  test('a version wanted while another is being written follows it', async () => {
    const c = start();
    c.judge(someScenario(1));
    c.tell('curator/main', { type: 'dataset.publish', reason: 'first' });
    c.judge(someScenario(2));
    c.tell('curator/main', { type: 'dataset.publish', reason: 'second' });
    expect(c.stats()['state']).toBe('publishing');
    await c.settle();
    expect(c.versions().map(({ reason, examples }) => [reason, examples])).toEqual([
      ['first', 1],
      ['second', 1],
    ]);
  });

  test('a failed attempt is repeated later with the same contents', async () => {
    const c = start();
    const put = c.content.put.bind(c.content);
    c.content.put = async () => Promise.reject(new Error('store is away'));
    c.judge(someScenario(1));
    await c.publish();
    expect(c.stats()).toMatchObject({
      state: 'retrying',
      versions: 0,
      publishing: { name: 'v0001', failures: 1 },
    });
    c.judge(someScenario(2));
    c.content.put = put;
    c.advance(5_000);
    await c.settle();
    expect(c.versions()).toMatchObject([{ version: 1, examples: 1 }]);
    expect(c.stats()).toMatchObject({ waiting: 1, examples: 1, state: 'collecting' });
  });

  test('an attempt that is repeated after a crash writes the same objects', async () => {
    const c = start();
    for (let n = 0; n < 45; n++) c.judge(someScenario(n));
    const hashes: string[] = [];
    const put = c.content.put.bind(c.content);
    c.content.put = async (bytes) => {
      const reference = await put(bytes);
      hashes.push(reference.sha256);
      // The machine dies after the objects are stored and before the result is known.
      if (hashes.length === 2) throw new Error('crash');
      return reference;
    };
    await c.publish();
    c.advance(5_000);
    await c.settle();
    expect(hashes).toHaveLength(4);
    expect(hashes.slice(2)).toEqual(hashes.slice(0, 2));
    expect(c.versions()).toMatchObject([{ examples: 45, manifestSha256: hashes[3] }]);
  });

  test('no example stands in two versions, and the exported chain verifies', async () => {
    const c = start();
    const folder = await mkdtemp(join(tmpdir(), 'dataset-'));
    try {
      for (let round = 0; round < 3; round++) {
        for (let n = 0; n < 12; n++) c.judge(someScenario(round * 8 + n, { domain: `d${n % 5}` }));
        await c.publish(`round ${round}`);
        await exportDataset(c.versions(), c.content, folder);
      }
      const verified = await verifyDataset(folder);
      expect(verified).toMatchObject({ ok: true, versions: 3, findings: [] });
      expect(verified.examples).toBe(c.stats()['examples']);
      expect(verified.lastManifestSha256).toBe(c.versions().at(-1)?.manifestSha256);
      const line = JSON.parse(
        (await readFile(join(folder, 'v0001/examples.jsonl'), 'utf8')).split('\n')[0] ?? '',
      ) as Record<string, unknown>;
      expect(Object.keys(line)).toEqual(['instruction', 'input', 'output', 'provenance']);
      expect(line['provenance']).toMatchObject({
        nodes: ['n1'],
        verdict: { decision: 'accept' },
        models: {},
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

test('a curator of the first version goes on with its counts', () => {
  const { migrate } = createCurator(defaultPipelineSettings);
  const gates = { quality: { passed: 3, refused: 1 } };
  const before = { gates, atLastVersion: { gates, masked: 2 }, publishing: null, examples: 3 };
  const migrated = migrate?.({ value: 'collecting', context: before }, 1);
  const withNew = { ...gates, 'near-duplicates': { passed: 0, refused: 0 } };
  expect(migrated?.context).toMatchObject({
    examples: 3,
    gates: withNew,
    atLastVersion: { gates: withNew, masked: 2 },
  });
});

test('a domain may have any name, of any length', async () => {
  const c = start();
  for (const [n, domain] of ['__proto__', 'constructor', 'x'.repeat(1_000)].entries())
    c.judge(someScenario(n, { domain }));
  await c.publish();
  expect(c.versions()).toMatchObject([{ examples: 3, domainCount: 3 }]);
  expect(c.deadLetters).toEqual([]);
});
