import { describe, expect, test } from 'vitest';
import { startNode as start } from '../../tests/harness/node.ts';
import { Unreadable } from './collectors/collector.ts';

const minute = 60_000;

describe('what goes wrong with single items', () => {
  test('unreadable items are reported and fatal to nobody', async () => {
    const { harness, begin, add, fill, items, target } = start();
    begin();
    fill(5);
    items.set('broken', { content: '', problem: new Unreadable('EACCES') });
    await add();
    expect(target()).toMatchObject({ lastOutcome: 'collected' });
    expect(harness.ask('node/n1', 'files', { state: 'unreadable' })).toMatchObject({
      items: [{ name: 'broken', reason: 'EACCES', failures: 1 }],
    });
  });

  test('when nothing can be read the collection failed', async () => {
    const { begin, add, items, target } = start();
    begin();
    items.set('broken', { content: '', problem: new Unreadable('EACCES') });
    await add();
    expect(target()).toMatchObject({
      lastOutcome: 'failed',
      lastReason: 'none of 1 items could be read: EACCES',
    });
  });

  test('a transient failure is tried again after the retry time, at most five times', async () => {
    const { harness, begin, add, items, reads, status } = start();
    begin();
    items.set('busy', { content: 'in the end', problem: new Unreadable('EBUSY', { transient: true }) });
    await add();
    expect(status().files).toMatchObject({ retry: 1 });
    harness.advance(5 * minute - 1);
    await harness.settle();
    expect(reads).toHaveLength(1);
    harness.advance(1);
    await harness.settle();
    expect(reads).toHaveLength(2);
    items.set('busy', { content: 'in the end' });
    harness.advance(5 * minute);
    await harness.settle();
    expect(status().files).toMatchObject({ accepted: 1, retry: 0 });

    items.set('never', { content: '', problem: new Unreadable('EBUSY', { transient: true }) });
    await add();
    harness.tell('orchestrator/main', {
      type: 'target.collect',
      run: 'again',
      target: { type: 'memory', location: 'never' },
    });
    for (let attempt = 0; attempt < 10; attempt++) {
      await harness.settle();
      harness.advance(5 * minute);
    }
    expect(status().files).toMatchObject({ unreadable: 1, retry: 0 });
    expect(reads.filter((name) => name === 'never')).toHaveLength(5);
  });

  test('an item that intake refuses for now is offered again when it says so, and counted as retried', async () => {
    const { harness, begin, add, fill, intakeStats, status } = start({ intake: { nodeMin: 4, nodeBase: 4 } });
    begin();
    fill(10);
    await add('', { intervalMs: 1_000 * minute });
    expect(intakeStats()).toMatchObject({ collected: 10, accepted: 4, rejected: 6 });
    expect(status().files).toMatchObject({ accepted: 4, retry: 6 });
    for (let hours = 0; hours < 4; hours++) {
      harness.advance(61 * minute);
      await harness.settle();
    }
    expect(status().files).toMatchObject({ accepted: 10, retry: 0 });
    expect(intakeStats()).toMatchObject({
      collected: 10,
      accepted: 10,
      retried: intakeStats()['rejected'],
      pending: 0,
    });
  });

  test('naming a source frees its items from the quota that they wait for', async () => {
    const { begin, add, collect, fill, intakeStats } = start({ intake: { nodeMin: 4, nodeBase: 4 } });
    begin();
    fill(10);
    await add();
    await collect();
    expect(intakeStats()).toMatchObject({ collected: 10, retried: 6, accepted: 10 });
  });

  test('an item that intake refuses for good is not offered again until it changes', async () => {
    const { harness, begin, collect, items, reads, intakeStats, target } = start();
    begin();
    items.set('blank', { content: '  ' });
    await collect();
    expect(target()).toMatchObject({ lastOutcome: 'empty', lastReason: 'all 1 items were refused' });
    await collect();
    expect(reads).toEqual(['blank']);
    items.set('blank', { content: 'filled', modifiedMs: 1 });
    await collect();
    expect(intakeStats()).toMatchObject({ collected: 2, accepted: 1, rejected: 1 });
    expect(harness.ask('node/n1', 'files')).toMatchObject({
      items: [{ name: 'blank', state: 'accepted', reason: null }],
    });
  });

  test('a read task that fails as a whole is repeated', async () => {
    const { harness, begin, add, items, status } = start();
    begin();
    items.set('odd', { content: 'odd', problem: new Error('a bug in the collector') });
    items.set('plain', { content: 'plain' });
    await add();
    expect(status().files).toMatchObject({ retry: 2 });
    items.set('odd', { content: 'odd' });
    harness.advance(5 * minute);
    await harness.settle();
    expect(status().files).toMatchObject({ accepted: 2, retry: 0 });
  });
});
