import { describe, expect, test } from 'vitest';
import { startNode as start } from '../../tests/harness/node.ts';

const minute = 60_000;

describe('registration', () => {
  test('a new session reports the node to the orchestrator, the same one does not again', () => {
    const { harness, begin, status } = start();
    begin();
    expect(harness.ask('orchestrator/main', 'nodes')).toMatchObject([
      { name: 'n1', status: 'active', capacity: 3 },
    ]);
    expect(status()).toMatchObject({ state: 'idle', name: 'n1', session: 's1' });
    harness.tell('orchestrator/main', {
      type: 'node.report',
      node: 'n1',
      status: 'offline',
      capabilities: [],
      capacity: 1,
    });
    begin('s1');
    expect(harness.ask('orchestrator/main', 'nodes')).toMatchObject([{ status: 'offline' }]);
    begin('s2');
    expect(harness.ask('orchestrator/main', 'nodes')).toMatchObject([{ status: 'active' }]);
  });

  test('its name is read from its key, or told when the key was shortened', () => {
    const { harness } = start();
    const started = { type: 'node.started', session: 's', capabilities: [], capacity: 1 };
    harness.tell('node/b_c3_bcro', started);
    expect(harness.ask('node/b_c3_bcro', 'status')).toMatchObject({ name: 'büro' });
    harness.tell('node/n_h0123456789abcdef', { ...started, name: 'the long name' });
    expect(harness.ask('node/n_h0123456789abcdef', 'status')).toMatchObject({ name: 'the long name' });
  });

  test('while it stops it reports draining, declines and reads no more; a new start goes on', async () => {
    const { harness, begin, add, status, fill, intakeStats } = start();
    begin();
    fill(10);
    harness.tell('node/n1', { type: 'node.stopping' });
    expect(harness.ask('orchestrator/main', 'nodes')).toMatchObject([{ status: 'draining' }]);
    await add();
    expect(status()).toMatchObject({ state: 'draining', attempts: 0 });
    begin('s2');
    await harness.settle();
    expect(status()).toMatchObject({ state: 'idle' });
    expect(intakeStats()).toMatchObject({ accepted: 10 });
  });
});

describe('collecting', () => {
  test('reads, assesses and offers every item, and reports what came of it', async () => {
    const { harness, begin, add, status, fill, intakeStats, target } = start();
    begin();
    fill(100);
    await add();
    expect(intakeStats()).toMatchObject({ collected: 100, accepted: 100, pending: 0, exempt: 0 });
    expect(status()).toMatchObject({
      state: 'idle',
      files: { accepted: 100, waiting: 0 },
      open: 0,
      reading: 0,
    });
    expect(target()).toMatchObject({ status: 'waiting', lastOutcome: 'collected' });
    expect(harness.ask('orchestrator/main', 'nodes')).toMatchObject([
      { successRate: 1, meanQuality: 1, assigned: 0 },
    ]);
    expect(harness.deadLetters).toEqual([]);
  });

  test('a target with more items than a page has is listed once and read completely', async () => {
    const { begin, add, fill, intakeStats, status } = start({ node: { scanPageFiles: 7 } });
    begin();
    fill(100);
    await add();
    expect(intakeStats()).toMatchObject({ collected: 100, accepted: 100 });
    expect(status()['files']).toMatchObject({ accepted: 100 });
  });

  test('items say who collected them, how, and which terms fired', async () => {
    const { harness, begin, add, items } = start();
    begin();
    items.set('a', { content: 'An exploit of the overflow, and a faster cache.' });
    await add();
    expect(harness.ask('coordinator/main', 'artifacts')).toMatchObject([
      {
        node: 'n1',
        source: 'memory:a',
        domain: 'd',
        metadata: {
          sourceType: 'memory',
          threatTerms: 'exploit, overflow',
          opportunityTerms: 'cache, faster',
        },
      },
    ]);
  });

  test('content that does not fit the message goes by reference, whole', async () => {
    const { harness, begin, add, items } = start();
    begin();
    for (const letter of 'abc') items.set(letter, { content: `${letter} `.repeat(80_000) });
    await add();
    const artifacts = harness.ask('coordinator/main', 'artifacts') as {
      contentBytes: number;
      complete: boolean;
    }[];
    expect(artifacts.map(({ contentBytes, complete }) => [contentBytes, complete])).toEqual(
      [1, 2, 3].map(() => [160_000, false]),
    );
    expect(harness.deadLetters).toEqual([]);
  });

  test('success with nothing collected is empty, never a success', async () => {
    const { harness, begin, add, target } = start();
    begin();
    await add();
    expect(target()).toMatchObject({ lastOutcome: 'empty', lastReason: 'nothing was found' });
    expect(harness.ask('orchestrator/main', 'nodes')).toMatchObject([
      { empty: 1, attempts: 0, successRate: null },
    ]);
  });

  test('a target that cannot be listed failed', async () => {
    const { begin, add, target } = start();
    begin();
    await add('unreachable');
    expect(target()).toMatchObject({ lastOutcome: 'failed', lastReason: 'no such place', failures: 1 });
  });

  test('a second collection skips what has not changed, and reads what has', async () => {
    const { begin, collect, fill, items, reads, intakeStats, target } = start();
    begin();
    fill(50);
    await collect();
    reads.length = 0;
    await collect();
    expect(reads).toEqual([]);
    expect(target()).toMatchObject({ lastOutcome: 'empty', lastReason: 'all 50 items are unchanged' });
    items.set('item00007', { content: 'different', modifiedMs: 5 });
    items.set('new', { content: 'brand new' });
    await collect();
    expect(reads).toEqual(['item00007', 'new']);
    expect(intakeStats()).toMatchObject({ collected: 52, accepted: 52, duplicates: 0 });
  });

  test('a source that the user named is exempt from quotas', async () => {
    const { begin, collect, fill, intakeStats } = start({
      intake: { nodeMin: 1, nodeBase: 1, hourlyTotal: 1 },
    });
    begin();
    fill(40);
    await collect();
    expect(intakeStats()).toMatchObject({ accepted: 40, exempt: 40, rejected: 0 });
  });

  test('capacity bounds the batches that are read at a time; further targets take turns', async () => {
    const { harness, begin, fill, items, reads, intakeStats, status } = start();
    begin('s1', 1);
    fill(70);
    for (let n = 0; n < 70; n++) items.set(`other${String(n).padStart(5, '0')}`, { content: `other ${n}` });
    const assign = (location: string) =>
      harness.tell('node/n1', {
        type: 'target.assigned',
        id: location.padEnd(64, '0'),
        assignment: location,
        target: { type: 'memory', location },
        exempt: true,
      });
    assign('item');
    assign('other');
    expect(status()).toMatchObject({ state: 'collecting', attempts: 2, reading: 0 });
    await harness.settle();
    expect(intakeStats()).toMatchObject({ accepted: 140 });
    expect(reads.slice(0, 32).every((name) => name.startsWith('item'))).toBe(true);
    expect(reads.slice(32, 64).every((name) => name.startsWith('other'))).toBe(true);
    expect(status()).toMatchObject({ state: 'idle', open: 0, reading: 0 });
  });

  test('a collection that is under way goes on under a new assignment', async () => {
    const { harness, begin, add, fill, target, intakeStats } = start();
    begin();
    fill(3);
    harness.tell('orchestrator/main', { type: 'target.add', target: { type: 'memory', location: '' } });
    harness.advance(15 * minute);
    expect(target()).toMatchObject({ status: 'assigned', failures: 1 });
    await harness.settle();
    expect(target()).toMatchObject({ status: 'waiting', lastOutcome: 'collected', failures: 0 });
    expect(intakeStats()).toMatchObject({ collected: 3, accepted: 3 });
    await add();
    expect(harness.deadLetters).toEqual([]);
  });
});
