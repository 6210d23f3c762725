import { describe, expect, test } from 'vitest';
import type { Address } from '../protocol/address.ts';
import { buckets } from './keys.ts';
import { partitionOfAddress } from './outbox.ts';
import {
  ask,
  type Failing,
  failures,
  notes,
  openWorld,
  PARTITIONS,
  sentries,
  shown,
} from './sentry.fixture.ts';
import { MemoryStore } from './store-memory.ts';

const one: Address = 'sentry/one';
const other: Address = 'sentry/other';
const statusRow = (store: MemoryStore) =>
  store.get(buckets.status(partitionOfAddress(one, PARTITIONS)) + one);
const after = (quarantineAfter: number) => openWorld(sentries({ quarantineAfter }));

describe('an actor that fails on message after message', () => {
  test('is quarantined with the sixth: what comes then waits, in order, and others go on', async () => {
    const { start, send, settled, codes } = openWorld();
    const shard = await start();
    await send(one, ...notes('a'), ...failures(5), ...notes('b'), ...failures(6), ...notes('c'), {
      type: 'fail',
    });
    await send(other, ...notes('z'));
    await settled(shard);
    expect(await ask(shard, one, 'items')).toEqual(['a', 'b']);
    expect(await ask(shard, other, 'items')).toEqual(['z']);
    expect(codes(one)).toEqual(Array(11).fill('turn.failed'));
    expect(shown(shard, one)).toMatchObject({
      status: 'parked',
      reason: 'It failed on 6 messages in a row; the last threw: poison',
      buffered: 2,
      restarts: 11,
    });
    expect(shard.view.actors({ limit: 1 })).toMatchObject([{ address: one, status: 'parked', buffered: 2 }]);
  });

  test('is counted in its row only while it fails: a turn that succeeds removes the count', async () => {
    const { start, send, settled } = openWorld();
    const store = new MemoryStore();
    const shard = await start(store);
    await send(one, ...failures(3));
    await settled(shard);
    expect(statusRow(store)).toBeDefined();
    expect(shown(shard, one)).toMatchObject({ status: 'running', buffered: 0 });
    expect(shard.view.actors({ limit: 9 })).toMatchObject([{ address: one, status: 'running' }]);
    await send(one, ...notes('a'));
    await settled(shard);
    expect(statusRow(store)).toBeUndefined();
    expect(await ask(shard, one, 'items')).toEqual(['a']);
  });

  test('is quarantined by its first failure with 0, and never with Infinity', async () => {
    const strict = after(0);
    const shard = await strict.start();
    await strict.send(one, { type: 'fail' }, ...notes('a'));
    await strict.settled(shard);
    expect(shown(shard, one)).toMatchObject({
      status: 'parked',
      reason: 'It failed on a message; it threw: poison',
      buffered: 1,
    });
    const patient = after(Number.POSITIVE_INFINITY);
    const store = new MemoryStore();
    const another = await patient.start(store);
    await patient.send(one, ...failures(40));
    await patient.settled(another);
    expect(patient.codes(one)).toHaveLength(40);
    expect(statusRow(store)).toBeUndefined();
  });
});

describe('what counts', () => {
  test.each<[Failing, string]>([
    ['throws', 'turn.failed'],
    ['effects', 'turn.limit'],
    ['task', 'turn.task_unknown'],
    ['action', 'turn.unsupported_action'],
    ['reply', 'reply.too_large'],
    ['event', 'turn.failed'],
    ['address', 'address.invalid'],
  ])('is whatever a turn throws: %s', async (how, code) => {
    const { log, start, settled, codes } = after(0);
    const shard = await start();
    const { encode } = await import('../protocol/codec.ts');
    await log.publishMessage('test.to.sentry.one', encode({ type: 'fail', how }), {
      'Banyan-Call-Reply': '_INBOX.x',
    });
    await settled(shard);
    expect(codes(one)).toEqual([code]);
    expect(shown(shard, one)).toMatchObject({ status: 'parked' });
  });

  test('is no message that is refused before its turn, and no query', async () => {
    const { start, send, settled, codes } = after(0);
    const shard = await start();
    await send(
      one,
      { type: 'nothing' },
      { type: 'note', item: 5 },
      { type: 'work.done', input: 1, output: 1 },
    );
    await settled(shard);
    await expect(ask(shard, one, 'broken')).rejects.toMatchObject({ code: 'query.failed' });
    await send(one, ...notes('a'), { type: 'end' }, ...notes('b'));
    await settled(shard);
    expect(codes(one)).toEqual([
      'message.unknown_type',
      'message.invalid',
      'message.not_public',
      'actor.ended',
    ]);
    expect(shown(shard, one)).toMatchObject({ status: 'passivated' });
  });

  test('is a message that a verdict skips, unless its actor would not have turned it', async () => {
    const { start, send, skip, order, settled, codes } = after(0);
    await order(other, 'pause');
    for (const to of [one, other]) await skip(to, await send(to, ...notes('never')));
    const nobody: Address = 'nobody/home';
    await skip(nobody, await send(nobody, ...notes('never')));
    const shard = await start();
    expect(codes(one)).toEqual(['turn.stack']);
    expect(shown(shard, one)).toMatchObject({
      status: 'parked',
      reason: 'It failed on a message; it threw: It ended three shards.',
    });
    expect(codes(other)).toEqual(['turn.stack']);
    expect(shown(shard, other)).toMatchObject({ status: 'paused' });
    expect(codes(nobody)).toEqual(['turn.stack']);
    await settled(shard);
  });
});

describe('a quarantined actor', () => {
  test('that is resumed takes what waits in order, with no failures so far', async () => {
    const { start, send, order, settled, codes } = after(1);
    const shard = await start();
    await send(one, ...failures(2), ...notes('a'), { type: 'fail' }, ...notes('b', 'c'));
    await settled(shard);
    await order(one, 'resume');
    await settled(shard);
    expect(await ask(shard, one, 'items')).toEqual(['a', 'b', 'c']);
    expect(codes(one)).toHaveLength(3);
    expect(shown(shard, one)).toMatchObject({ status: 'running', buffered: 0 });
  });

  test('that fails as often again while it is resumed is quarantined again, and the rest waits in order', async () => {
    const { start, send, order, settled, codes, replayed } = after(1);
    const shard = await start();
    await send(
      one,
      ...failures(2),
      ...notes('a'),
      ...failures(2),
      ...notes('b'),
      ...failures(2),
      ...notes('c'),
    );
    await settled(shard);
    for (const [items, buffered] of [
      [['a'], 4],
      [['a', 'b'], 1],
    ] as const) {
      await order(one, 'resume');
      await settled(shard);
      expect(await ask(shard, one, 'items')).toEqual(items);
      expect(shown(shard, one)).toMatchObject({ status: 'parked', buffered });
    }
    expect((await replayed(shard, one)).isSame).toBe(true);
    await order(one, 'resume');
    await settled(shard);
    expect(await ask(shard, one, 'items')).toEqual(['a', 'b', 'c']);
    expect(codes(one)).toHaveLength(6);
  });

  test('is not resumed by an order that was given before it failed again', async () => {
    const { start, send, order, settled } = after(0);
    const shard = await start();
    await send(one, { type: 'fail' }, ...notes('a'));
    await order(one, 'resume', { goesOn: true });
    await settled(shard);
    expect(shown(shard, one)).toMatchObject({ status: 'parked', buffered: 1 });
  });

  test('a verdict on the last message of a resume counts too', async () => {
    const { start, send, order, skip, settled, codes } = after(0);
    await order(one, 'pause');
    await send(one, ...notes('never', 'a'));
    const alone = await order(one, 'resume', { alone: true });
    await skip(one, alone);
    const shard = await start();
    await settled(shard);
    expect(codes(one)).toEqual(['turn.stack']);
    expect(shown(shard, one)).toMatchObject({ status: 'parked', buffered: 1 });
  });

  test('stays so when it is paused or killed, and is new when it is deleted', async () => {
    const { start, send, order, settled } = after(1);
    const shard = await start();
    await send(one, ...failures(2), ...notes('a'));
    await order(one, 'pause');
    await order(one, 'kill');
    await settled(shard);
    expect(shown(shard, one)).toMatchObject({ status: 'parked', buffered: 1 });
    await order(one, 'delete');
    await send(one, { type: 'fail' }, ...notes('b'));
    await settled(shard);
    expect(await ask(shard, one, 'items')).toEqual(['b']);
    await send(one, { type: 'fail' });
    await order(one, 'delete');
    await send(one, { type: 'fail' }, ...notes('c'));
    await settled(shard);
    expect(await ask(shard, one, 'items')).toEqual(['c']);
  });

  test('a pause does not forget the failures before it', async () => {
    const { start, send, order, settled } = after(1);
    const shard = await start();
    await send(one, { type: 'fail' });
    await order(one, 'pause');
    await send(one, { type: 'fail' }, ...notes('a'));
    await order(one, 'resume');
    await settled(shard);
    expect(shown(shard, one)).toMatchObject({ status: 'parked', buffered: 1 });
  });

  test('keeps the firings of its timers and the results of its tasks', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const { start, send, order, settled } = openWorld(sentries({ quarantineAfter: 0 }, gate));
    const shard = await start();
    await send(one, { type: 'later', item: 'timer' }, { type: 'work' }, { type: 'fail' });
    await settled(shard);
    while (shown(shard, one).buffered < 1) await new Promise((resolve) => setImmediate(resolve));
    open();
    while (shown(shard, one).buffered < 2) await new Promise((resolve) => setImmediate(resolve));
    await order(one, 'resume');
    await settled(shard);
    expect(await ask(shard, one, 'items')).toEqual(['timer', 'done']);
  });
});

describe('the count', () => {
  test.each(['the same', 'an empty'])('goes on after a restart with %s store', async (which) => {
    const { start, send, settled, codes, replayed } = openWorld();
    const store = new MemoryStore();
    await send(other, ...notes('the beginning of the log'));
    const first = await start(store);
    await send(one, ...failures(4));
    await settled(first);
    await first.stop(100);
    const second = await start(which === 'the same' ? store : new MemoryStore());
    await send(one, ...failures(2), ...notes('a'));
    await settled(second);
    expect(shown(second, one)).toMatchObject({ status: 'parked', buffered: 1 });
    expect(codes(one)).toHaveLength(6);
    expect(await replayed(second, one)).toMatchObject({ isSame: true, standing: { status: 'quarantined' } });
  });

  test('is what a replay makes of it, although what is thrown has another text each time', async () => {
    const { start, send, settled, replayed } = after(0);
    const shard = await start();
    await send(one, { type: 'fail', how: 'anew' }, ...notes('a'));
    await settled(shard);
    const again = await replayed(shard, one);
    expect(again.standing?.reason).not.toBe(shown(shard, one).reason);
    expect(again.isSame).toBe(true);
  });

  test('is that of messages: a repeated one that fails is one', async () => {
    const { log, start, settled, codes } = after(1);
    const shard = await start();
    const { encode } = await import('../protocol/codec.ts');
    const headers = { 'Banyan-Sender': 'anna', 'Banyan-Seq': '1' };
    for (let times = 0; times < 3; times++)
      await log.publishMessage('test.to.sentry.one', encode({ type: 'fail' }), headers);
    await settled(shard);
    expect(codes(one)).toHaveLength(1);
    expect(shown(shard, one)).toMatchObject({ status: 'running' });
  });
});
