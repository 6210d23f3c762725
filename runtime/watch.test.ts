import { describe, expect, test } from 'vitest';
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { buckets } from './keys.ts';
import { partitionOfAddress } from './outbox.ts';
import { ask, failures, notes, openWorld, PARTITIONS, sentries, shown } from './sentry.fixture.ts';
import type { Shard } from './shard.ts';
import { MemoryStore } from './store-memory.ts';

const watcher: Address = 'sentry/watcher';
const target: Address = 'sentry/target';
const look = (...at: Address[]) => ({ type: 'look', at });
const ignore = (...at: Address[]) => ({ type: 'ignore', at });
const downs = (shard: Shard, of: Address = watcher) => ask<object[]>(shard, of, 'downs');
const strict = () => sentries({ quarantineAfter: 0 });

/** Rows that a store holds of watches. */
const rowsOf = (store: MemoryStore, of: Address) =>
  [buckets.watching, buckets.watchers].map(
    (bucketOf) => [...store.range(bucketOf(partitionOfAddress(of, PARTITIONS), of), {})].length,
  );

describe('whoever watches an actor is told once', () => {
  test.each([
    ['it ends', { send: { type: 'end' } }, { kind: 'normal' }],
    ['it is deleted', { order: 'delete' }, { kind: 'shutdown' }],
    ['it is killed', { order: 'kill' }, { kind: 'killed' }],
    [
      'it is quarantined',
      { send: { type: 'fail' } },
      { kind: 'error', code: 'turn.failed', message: 'It failed on a message; it threw: poison' },
    ],
  ])('when %s', async (_, what: { send?: object; order?: string }, reason) => {
    const { start, send, order, settled } = openWorld(strict());
    const store = new MemoryStore();
    const shard = await start(store);
    await send(watcher, look(target), look(target, target));
    await settled(shard);
    expect(rowsOf(store, watcher)).toEqual([1, 0]);
    expect(rowsOf(store, target)).toEqual([0, 1]);
    for (let times = 0; times < 2; times++) {
      if (what.send !== undefined) await send(target, what.send);
      if (what.order !== undefined) await order(target, what.order);
      await settled(shard);
    }
    expect(await downs(shard)).toEqual([{ address: target, ...reason }]);
    expect([...rowsOf(store, watcher), ...rowsOf(store, target)]).toEqual([0, 0, 0, 0]);
  });

  test('when its state cannot be read by this release', async () => {
    const newer = openWorld(sentries({ version: 2 }));
    const store = new MemoryStore();
    const first = await newer.start(store);
    await newer.send(target, ...notes('a'));
    await newer.settled(first);
    await first.stop(100);
    const shard = await newer.start(store, { system: sentries({ version: 1 }) });
    await newer.send(watcher, look(target));
    await newer.settled(shard);
    const reason = { kind: 'error', code: 'snapshot.version', message: expect.stringContaining('version 2') };
    expect(await downs(shard)).toEqual([{ address: target, ...reason }]);
  });

  test('when its state turns out to be unreadable although it was readable before', async () => {
    const { start, send, settled } = openWorld(sentries({ version: 2 }));
    const store = new MemoryStore();
    const first = await start(store);
    await send(target, ...notes('a'));
    await send('keeper/one', look(target));
    await settled(first);
    await first.stop(100);
    const shard = await start(store, { system: sentries({ version: 1 }) });
    await send(target, ...notes('b', 'c'));
    await settled(shard);
    expect(shown(shard, target)).toMatchObject({ status: 'failed', buffered: 2 });
    expect(await downs(shard, 'keeper/one')).toMatchObject([
      { address: target, kind: 'error', code: 'snapshot.version' },
    ]);
    expect([...rowsOf(store, target), ...rowsOf(store, 'keeper/one')]).toEqual([0, 0, 0, 0]);
  });

  test('at once when there is nobody: it has ended, or there is no such kind', async () => {
    const { start, send, settled } = openWorld();
    const shard = await start();
    await send(target, { type: 'end' });
    await settled(shard);
    await send(watcher, look(target), look('nobody/home'), look(target));
    await settled(shard);
    const told = await downs(shard);
    expect(told).toContainEqual({ address: 'nobody/home', kind: 'noproc' });
    expect(told).toContainEqual({ address: target, kind: 'noproc' });
  });

  test('at once when it is quarantined already, with the reason', async () => {
    const { start, send, settled } = openWorld(strict());
    const shard = await start();
    await send(target, { type: 'fail' });
    await settled(shard);
    await send(watcher, look(target));
    await settled(shard);
    const message = 'It failed on a message; it threw: poison';
    expect(await downs(shard)).toEqual([{ address: target, kind: 'error', code: 'turn.failed', message }]);
  });

  test('in many places, each for itself', async () => {
    const { start, send, settled } = openWorld();
    const shard = await start();
    const watchers = Array.from({ length: 20 }, (_, number): Address => `sentry/w${number}`);
    for (const one of watchers) await send(one, look(target));
    await settled(shard);
    await send(target, { type: 'end' });
    await settled(shard);
    for (const one of watchers)
      expect(await downs(shard, one)).toEqual([{ address: target, kind: 'normal' }]);
  });
});

describe('nobody is told', () => {
  test('of a message that throws, of a pause, of a restart, and of an actor that never had a message', async () => {
    const { start, send, order, settled } = openWorld();
    const store = new MemoryStore();
    const first = await start(store);
    await send(watcher, look(target, 'sentry/fresh'));
    await settled(first);
    await send(target, ...failures(3), ...notes('a'), ...failures(5));
    await order(target, 'pause');
    await order(target, 'resume');
    first.view.restart(target);
    await settled(first);
    await first.stop(100);
    const second = await start(store);
    await send(target, ...notes('b'));
    await settled(second);
    expect(await downs(second)).toEqual([]);
    expect(rowsOf(store, watcher)).toEqual([2, 0]);
  });

  test('after unwatch, not even of what was on its way; a watch made anew is not ended by an older down', async () => {
    const { append, start, send, order, settled } = openWorld();
    const store = new MemoryStore();
    const shard = await start(store);
    await send(watcher, look(target));
    await settled(shard);
    const [[, older] = []] = [
      ...store.range(buckets.watching(partitionOfAddress(watcher, PARTITIONS), watcher), {}),
    ];
    const { decode } = await import('../protocol/codec.ts');
    const late = () =>
      append({
        kind: 'down',
        to: watcher,
        message: { type: 'down', address: target, reason: { kind: 'killed' } },
        sender: target,
        id: decode(older as Uint8Array) as string,
      });
    await send(watcher, ignore(target));
    await late();
    await order(target, 'kill');
    await settled(shard);
    expect([...rowsOf(store, watcher), ...rowsOf(store, target)]).toEqual([0, 0, 0, 0]);
    await send(watcher, look(target), { type: 'lookAnew', at: target });
    await settled(shard);
    await late();
    await settled(shard);
    expect(await downs(shard)).toEqual([]);
    await order(target, 'kill');
    await settled(shard);
    expect(await downs(shard)).toEqual([{ address: target, kind: 'killed' }]);
  });

  test('once the watcher has ended or was deleted: it stops watching', async () => {
    const { start, send, order, settled } = openWorld();
    const store = new MemoryStore();
    const shard = await start(store);
    await send('sentry/ending', look(target), { type: 'end' });
    await send(watcher, look(target));
    await settled(shard);
    await order(watcher, 'delete');
    await settled(shard);
    expect([...rowsOf(store, watcher), ...rowsOf(store, 'sentry/ending'), ...rowsOf(store, target)]).toEqual(
      Array(6).fill(0),
    );
    await order(target, 'kill');
    await settled(shard);
    expect(await downs(shard)).toEqual([]);
  });
});

describe('a watcher', () => {
  test('that is paused is told when it is resumed', async () => {
    const { start, send, order, settled } = openWorld();
    const shard = await start();
    await send(watcher, look(target));
    await order(watcher, 'pause');
    await settled(shard);
    await order(target, 'kill');
    await settled(shard);
    expect(await downs(shard)).toEqual([]);
    await order(watcher, 'resume');
    await settled(shard);
    expect(await downs(shard)).toEqual([{ address: target, kind: 'killed' }]);
  });

  test('that does not declare the message gets a dead letter', async () => {
    const { start, send, order, settled, codes } = openWorld();
    const shard = await start();
    await send('deaf/one', look(target));
    await settled(shard);
    await order(target, 'kill');
    await settled(shard);
    expect(codes('deaf/one')).toEqual(['message.unknown_type']);
  });

  test('may watch itself', async () => {
    const { start, send, order, settled } = openWorld();
    const shard = await start();
    await send(watcher, look(watcher));
    await settled(shard);
    await order(watcher, 'kill');
    await settled(shard);
    expect(await downs(shard)).toEqual([{ address: watcher, kind: 'killed' }]);
  });

  test('watches so many and not one more; the turn that would is undone', async () => {
    const { start, send, settled, codes } = openWorld();
    const store = new MemoryStore();
    const shard = await start(store);
    const many = Array.from({ length: LIMITS.watchesPerActor }, (_, number): Address => `sentry/t${number}`);
    await send(watcher, look(...many), look(many[0] as Address), look(target), ignore(many[0] as Address));
    await settled(shard);
    expect(codes(watcher)).toEqual(['turn.limit']);
    await send(watcher, look(target));
    await settled(shard);
    await shard.stop(1_000);
    const reloaded = new MemoryStore();
    const again = await start(reloaded);
    for (const one of [store, reloaded]) {
      expect(rowsOf(one, watcher)).toEqual([LIMITS.watchesPerActor, 0]);
      expect(rowsOf(one, target)).toEqual([0, 1]);
    }
    await send(watcher, { type: 'end' });
    await settled(again);
    expect([...rowsOf(reloaded, watcher), ...rowsOf(reloaded, target)]).toEqual([0, 0, 0, 0]);
  });

  test('hears at once that an actor is watched by too many', async () => {
    const { append, start, send, order, settled } = openWorld();
    const store = new MemoryStore();
    const shard = await start(store);
    for (let number = 0; number < LIMITS.watchersPerActor; number++)
      await append({
        kind: 'control',
        to: target,
        message: { type: 'watch' },
        sender: `sentry/w${number}`,
        id: '1.0.0',
      });
    await settled(shard);
    await send(watcher, look(target));
    await settled(shard);
    expect(await downs(shard)).toMatchObject([{ address: target, kind: 'error', code: 'watch.limit' }]);
    expect(rowsOf(store, target)).toEqual([0, LIMITS.watchersPerActor]);
    await order(target, 'kill');
    await settled(shard);
    expect(rowsOf(store, target)).toEqual([0, 0]);
  });

  test('whose order no shard survives hears that', async () => {
    const { log, append, send, start, settled } = openWorld();
    const asked = await send(watcher, look(target));
    const watch = { kind: 'control', to: target, message: { type: 'watch' }, sender: watcher } as const;
    const entry = await append({ ...watch, id: `${asked}.0.0` });
    const partition = partitionOfAddress(target, PARTITIONS);
    await log.appendVerdict({ partition, entry, index: 0, code: 'turn.out_of_memory', detail: 'thrice' });
    const shard = await start();
    await settled(shard);
    const reason = { kind: 'error', code: 'turn.out_of_memory', message: 'thrice' };
    expect(await downs(shard)).toEqual([{ address: target, ...reason }]);
  });
});

describe('a watch', () => {
  test.each(['the same', 'an empty'])(
    'outlives restarts with %s store, and its end comes once',
    async (which) => {
      const { start, send, order, settled, replayed } = openWorld();
      const store = new MemoryStore();
      await send('sentry/first', ...notes('the beginning of the log'));
      const first = await start(store);
      await send(watcher, look(target));
      await settled(first);
      await first.stop(100);
      const second = await start(which === 'the same' ? store : new MemoryStore());
      expect((await replayed(second, watcher)).isSame).toBe(true);
      expect((await replayed(second, target)).isSame).toBe(true);
      await order(target, 'kill');
      await settled(second);
      await second.stop(100);
      const third = await start();
      expect(await downs(third)).toEqual([{ address: target, kind: 'killed' }]);
      for (const one of [watcher, target]) expect((await replayed(third, one)).isSame).toBe(true);
    },
  );

  test('is part of the hash of both sides', async () => {
    const { start, send, settled } = openWorld();
    const shard = await start();
    await send(watcher, ...notes('a'));
    await settled(shard);
    const before = shard.view.stateHash(target).hash;
    await send(watcher, look(target));
    await settled(shard);
    expect(shard.view.stateHash(target).hash).not.toBe(before);
  });
});

describe('an order to kill', () => {
  test('drops what is in memory, counts a restart, and the actor goes on; the live shard says so', async () => {
    const { start, send, order, settled, replayed } = openWorld();
    const killed: Address[] = [];
    const store = new MemoryStore();
    await send('sentry/first', ...notes('the beginning of the log'));
    const shard = await start(store, { onKilled: (address) => killed.push(address) });
    await send(target, ...notes('a'));
    expect(await order(target, 'kill')).toBeGreaterThan(0);
    await send(target, ...notes('b'));
    await settled(shard);
    expect(killed).toEqual([target]);
    expect(await ask(shard, target, 'items')).toEqual(['a', 'b']);
    expect(shown(shard, target)).toMatchObject({ status: 'running', restarts: 1 });
    expect((await replayed(shard, target)).isSame).toBe(true);
    expect(killed).toEqual([target]);
  });

  test('that is replayed after a restart is not told again', async () => {
    const { start, order, settled } = openWorld();
    const killed: Address[] = [];
    await order(target, 'kill');
    const shard = await start(new MemoryStore(), { onKilled: (address) => killed.push(address) });
    await settled(shard);
    expect(killed).toEqual([]);
  });
});
