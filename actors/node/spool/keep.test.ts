import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startNode } from '../../../tests/harness/node.ts';

const minute = 60_000;

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'kept-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const spooled = (): string[] => {
  const spool = join(folder, 'spool');
  if (!existsSync(spool)) return [];
  return readdirSync(spool).filter((name) => statSync(join(spool, name)).size > 0);
};

describe('what may be gone from its source', () => {
  test('is accepted in the end, although intake refused it at first and nobody can read it again', async () => {
    const { harness, begin, add, fill, items, reads, status, intakeStats } = startNode(
      { intake: { nodeMin: 4, nodeBase: 4 } },
      { folder },
    );
    begin();
    fill(10);
    await add('', { intervalMs: 10_000 * minute });
    expect(intakeStats()).toMatchObject({ accepted: 4, rejected: 6 });
    expect(spooled()).toHaveLength(1);
    items.clear();
    for (let hours = 0; hours < 3; hours++) {
      harness.advance(61 * minute);
      await harness.settle();
    }
    expect(status().files).toMatchObject({ accepted: 10, gone: 0 });
    expect(reads).toHaveLength(10);
    expect(spooled()).toEqual([]);
  });

  test('is not lost with a task that fails behind the reading', async () => {
    const { harness, begin, add, items, reads, status } = startNode({}, { folder });
    begin();
    items.set('large', { content: 'many words '.repeat(40_000) });
    const { put } = harness.content;
    harness.content.put = async () => {
      throw new Error('the broker is away');
    };
    await add();
    expect(status().files).toMatchObject({ retry: 1 });
    harness.content.put = put;
    items.clear();
    harness.advance(5 * minute);
    await harness.settle();
    expect(status().files).toMatchObject({ accepted: 1 });
    expect(reads).toEqual(['large']);
    expect(spooled()).toEqual([]);
  });

  test('is not even read when there is no room to keep it', async () => {
    const { harness, begin, add, fill, reads, status } = startNode({ node: { spoolBytes: 0 } }, { folder });
    begin();
    fill(3);
    await add();
    expect(reads).toEqual([]);
    expect(harness.ask('node/n1', 'files', { state: 'retry' })).toMatchObject({
      items: [1, 2, 3].map(() => ({ reason: 'spool.full' })),
    });
    expect(status().files).toMatchObject({ retry: 3 });
  });
});

test('what lies on disk is its own spool', async () => {
  const { begin, add, fill, status } = startNode();
  begin();
  fill(3);
  await add();
  expect(status().files).toMatchObject({ accepted: 3 });
  expect(spooled()).toEqual([]);
});
