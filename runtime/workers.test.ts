import { describe, expect, test } from 'vitest';
import { type Address, workerAddress } from '../protocol/address.ts';
import { buckets } from './keys.ts';
import { partitionOfAddress } from './outbox.ts';
import { ask, notes, openWorld, PARTITIONS } from './sentry.fixture.ts';
import type { Shard } from './shard.ts';
import { MemoryStore } from './store-memory.ts';

const watcher: Address = 'sentry/watcher';
const look = (...at: Address[]) => ({ type: 'look', at });
const downs = (shard: Shard) => ask<object[]>(shard, watcher, 'downs');
const watchersOf = (store: MemoryStore, of: Address) =>
  [...store.range(buckets.watchers(partitionOfAddress(of, PARTITIONS), of), {})].length;

describe('a worker', () => {
  const worker = workerAddress('n1', 'camera 2');
  const up = (incarnation: string) => ({ type: 'worker.up', incarnation });
  const gone = (incarnation: string, reason: object) => ({ type: 'worker.down', incarnation, reason });

  test('is watched while it is up, and its end comes once', async () => {
    const { append, start, send, settled } = openWorld();
    const store = new MemoryStore();
    const shard = await start(store);
    expect(worker).toBe('worker/n1:camera_202');
    const say = (message: { type: string }) => append({ kind: 'control', to: worker, message });
    await say(up('first'));
    await settled(shard);
    await send(watcher, look(worker));
    await settled(shard);
    await say(up('first'));
    await say(gone('earlier', { kind: 'error' }));
    await settled(shard);
    expect(await downs(shard)).toEqual([]);
    const reason = { kind: 'error', code: 'task.failed', message: 'It ended with 7.' };
    for (let times = 0; times < 2; times++) await say(gone('first', reason));
    await say(up('first'));
    await settled(shard);
    expect(await downs(shard)).toEqual([{ address: worker, ...reason }]);
    expect(watchersOf(store, worker)).toBe(0);
    expect(shard.view.actors({ limit: 9 }).map(({ address }) => address)).toEqual([watcher]);
  });

  test('that is down or unknown is nobody', async () => {
    const { append, start, send, settled } = openWorld();
    const shard = await start();
    await append({ kind: 'control', to: worker, message: up('first') });
    await append({ kind: 'control', to: worker, message: gone('first', { kind: 'normal' }) });
    await settled(shard);
    await send(watcher, look(worker, workerAddress('n1', 'none')));
    await settled(shard);
    const told = await downs(shard);
    expect(told).toHaveLength(2);
    for (const address of [worker, 'worker/n1:none'])
      expect(told).toContainEqual({ address, kind: 'noproc' });
  });

  test('whose node was lost has gone down when its next incarnation comes up', async () => {
    const { append, start, send, settled } = openWorld();
    const store = new MemoryStore();
    const first = await start(store);
    await append({ kind: 'control', to: worker, message: up('first') });
    await settled(first);
    await send(watcher, look(worker));
    await settled(first);
    await first.stop(100);
    const second = await start();
    await append({ kind: 'control', to: worker, message: up('second') });
    await append({ kind: 'control', to: worker, message: gone('first', { kind: 'normal' }) });
    await settled(second);
    await send(watcher, look(worker));
    await settled(second);
    expect(await downs(second)).toMatchObject([
      { address: worker, kind: 'error', message: expect.stringContaining('lost') },
    ]);
    await append({ kind: 'control', to: worker, message: gone('second', { kind: 'shutdown' }) });
    await settled(second);
    expect(await downs(second)).toMatchObject([{ kind: 'error' }, { address: worker, kind: 'shutdown' }]);
  });

  test('takes no messages and no other orders', async () => {
    const { append, start, send, order, settled, codes } = openWorld();
    const shard = await start();
    await send(worker, ...notes('a'));
    await order(worker, 'pause');
    await append({ kind: 'control', to: worker, message: { type: 'worker.up' } });
    await append({ kind: 'control', to: worker, message: up('first') });
    await append({ kind: 'control', to: worker, message: gone('first', { kind: 'odd' }) });
    await settled(shard);
    expect(codes(worker)).toEqual([
      'actor.unknown_kind',
      'message.unknown_type',
      'message.invalid',
      'message.invalid',
    ]);
  });
});
