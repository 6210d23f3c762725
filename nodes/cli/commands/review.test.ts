/** `banyan review` against the pipeline of a node that runs as a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { z } from 'zod';
import { EVENTUALLY } from '../../../tests/harness/test-node.ts';
import { command, endWith, startUntil } from '../cli-process.fixture.ts';
import * as documents from '../documents.ts';

const directory = mkdtempSync(join(tmpdir(), 'banyan-review-'));
const data = join(directory, 'data');
const out = join(directory, 'out');
let node: ChildProcess | undefined;

beforeAll(async () => {
  const source = join(directory, 'source');
  mkdirSync(source);
  const soon = ['phoenix.roundMs=20', 'curator.publishAfterMs=20'].flatMap((set) => [
    '--set',
    `pipeline.${set}`,
  ]);
  const up = ['up', '--data', data, '--out', out, '--shards', '1', '--source', source, ...soon];
  node = await startUntil('the node runs', up, directory);
});
afterAll(async () => {
  if (node !== undefined) await endWith(node, 'SIGTERM');
  rmSync(directory, { recursive: true });
});

const run = (...args: string[]) => command([...args, '--data', data, '--timeout', '20s']);

async function json<S extends z.ZodType>(schema: S, ...args: string[]): Promise<z.infer<S>> {
  const { code, stdout, stderr } = await run(...args, '--json', '--quiet');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return schema.parse(JSON.parse(stdout));
}

/**
 * A text without white space is cut inside its last word, which is then a key term that the artifact does not have:
 * evidence cannot verify it, and the sender is not sure.
 */
async function submitUnsure(subject: string): Promise<void> {
  const prose = `${subject}/server/network/router/packet/`.repeat(12);
  const content = `${prose}${'-'.repeat(1_970 - prose.length)}/${'ABCDEFGHIJ'.repeat(20)}`;
  const message = {
    type: 'artifact.submit',
    node: 'feed',
    artifacts: [{ contentType: 'text', content, confidence: 0.6 }],
  };
  expect(await json(documents.valueDocument, 'call', 'intake/main', JSON.stringify(message))).toMatchObject({
    accepted: 1,
  });
}

const list = async (...args: string[]) => json(documents.reviewListDocument, 'review', 'list', ...args);

test('what evidence could not verify waits, is shown, and what a person accepts is published', async () => {
  expect(await list()).toEqual({ reviews: [], next: null });
  await submitUnsure('gateway');
  await submitUnsure('firewall');
  const { reviews } = await vi.waitFor(async () => {
    const found = await list();
    expect(found.reviews).toHaveLength(2);
    return found;
  }, EVENTUALLY);
  const [first, second] = reviews.map(({ id }) => id);
  expect(reviews[0]?.confidence).toBeLessThan(0.85);
  expect(reviews[0]?.reasons[0]).toMatch(/^evidence: terms that do not occur in the artifact: abc/);

  const page = await list('--limit', '1');
  expect([page.reviews.map(({ id }) => id), page.next]).toEqual([[first], first]);
  expect((await list('--after', first ?? '')).reviews.map(({ id }) => id)).toEqual([second]);
  expect((await run('review', 'list')).stdout).toMatch(/^ID +WAITS SINCE +CONFIDENCE +DOMAIN +SOURCE +WHY\n/);

  const shown = await json(documents.reviewShowDocument, 'review', 'show', first ?? '');
  expect(shown).toMatchObject({ id: first, decision: null, waiting: { id: first } });
  expect(shown.waiting?.layers.map(({ layer, result }) => `${layer} ${result}`)).toContain(
    'evidence unavailable',
  );
  expect((await run('review', 'show', first ?? '')).stdout).toContain('server/network');

  const accept = ['review', 'accept', first ?? '', '--reason', 'read it', '--by', 'ann'];
  expect(await json(documents.plannedDocument, ...accept, '--dry-run')).toMatchObject({ dryRun: true });
  const decided = { id: first, decision: 'accept', by: 'ann' };
  expect(await json(documents.reviewDecidedDocument, ...accept)).toEqual({ ...decided, repeated: false });
  expect(await json(documents.reviewDecidedDocument, ...accept.slice(0, -1), 'bob')).toEqual({
    ...decided,
    repeated: true,
  });
  const otherwise = await run('review', 'reject', first ?? '', '--json');
  expect([otherwise.code, JSON.parse(otherwise.stderr)]).toMatchObject([
    5,
    { error: { code: 'review.decided' } },
  ]);

  const reject = await json(documents.reviewDecidedDocument, 'review', 'reject', second ?? '');
  expect(reject).toEqual({ id: second, decision: 'reject', by: userInfo().username, repeated: false });
  expect(await list()).toEqual({ reviews: [], next: null });
  const { decisions } = await json(documents.reviewDecisionsDocument, 'review', 'list', '--decided');
  expect(decisions.map(({ scenario, decision, by }) => [scenario, decision, by])).toEqual([
    [second, 'reject', userInfo().username],
    [first, 'accept', 'ann'],
  ]);
  expect((await run('review', 'show', first ?? '')).stdout).toMatch(/accepted +.* by ann/);

  const [version] = await vi.waitFor(async () => {
    const { versions } = await json(documents.datasetListDocument, 'dataset', 'list');
    expect(versions).toHaveLength(1);
    return versions;
  }, EVENTUALLY);
  expect(version).toMatchObject({ examples: 1 });
  // Not into the folder that `up` itself exports to.
  const mine = join(directory, 'export');
  await json(documents.datasetExportDocument, 'dataset', 'export', '--out', mine);
  const line = JSON.parse(readFileSync(join(mine, 'v0001/examples.jsonl'), 'utf8')) as object;
  expect(line).toMatchObject({
    provenance: {
      scenario: first,
      verdict: { decision: 'accept', reviewed: true, layers: { evidence: 'unavailable' } },
    },
  });
});

test.each([
  ['show', 3, 'review.not_found', ['show', 'nobody']],
  ['accept', 3, 'review.not_found', ['accept', 'nobody']],
  ['reject', 3, 'review.not_found', ['reject', 'nobody']],
  ['an id that is missing', 2, 'usage', ['accept']],
  ['a limit that is none', 2, 'usage', ['list', '--limit', 'many']],
])('%s of what does not wait exits with %i', async (_title, exit, errorCode, args) => {
  const { code, stderr } = await run('review', ...args, '--json');
  expect({ code, error: JSON.parse(stderr) }).toMatchObject({
    code: exit,
    error: { error: { code: errorCode } },
  });
});
