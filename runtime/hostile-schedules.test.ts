/** Schedules that have lost, doubled or stopped something, each kept as a test. */
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../config/limits.ts';
import { encode } from '../protocol/codec.ts';
import { encodeFrame, encodeRecord } from '../protocol/frame.ts';
import { partitionOf } from '../protocol/partition-of.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import { systemClock } from './clock.ts';
import { box, type Context, gates } from './hostile-schedules.fixture.ts';
import { MemoryLog } from './log-memory.ts';
import type { Answer } from './partition.ts';
import { seededRandomness } from './randomness.ts';
import { Shard } from './shard.ts';
import type { Store } from './store.ts';
import { MemoryStore } from './store-memory.ts';
import { createSystem } from './system.ts';

const subjects = subjectsOf('test');
const partition = partitionOf('box', 'a', 1);

let incarnations = 0;

function world() {
  const log = new MemoryLog(subjects, 1, systemClock);
  const answers: Answer[] = [];
  const faults: unknown[] = [];
  const beacons: string[] = [];
  let active = false;
  return {
    log,
    answers,
    faults,
    beacons,
    isActive: () => active,
    async start(store: Store = new MemoryStore(), version = 1) {
      const shard = new Shard({
        acceptTail: true,
        node: 'n1',
        owner: `test-${++incarnations}`,
        system: createSystem({ actors: [box(version)] }),
        subjects,
        partitions: { count: 1, owned: [0] },
        log,
        store,
        clock: systemClock,
        randomness: seededRandomness('test'),
        content: {
          put: async () => ({ ref: '', sha256: '', bytes: 0 }),
          get: async () => new Uint8Array(),
          has: async () => false,
        },
        answer: (answer) => answers.push(answer),
        ask: async () => null,
        beacon: (id, seq, index) => {
          active = true;
          beacons.push(`${id}.${seq}.${index}`);
        },
        idle: () => {
          active = false;
        },
        onFault: (fault) => faults.push(fault),
        report: () => {},
      });
      await shard.start();
      return shard;
    },
    send: (message: object, headers: Record<string, string> = {}) =>
      log.publishMessage(subjects.to('box/a'), encode(message), headers),
    order: (type: string) =>
      log.appendFrame(
        partition,
        encodeFrame([encodeRecord({ kind: 'control', to: 'box/a', message: { type } })]),
        undefined,
      ),
    async settled(shard: Shard, tasks = 0) {
      for (let calm = 0; calm < 3 && faults.length === 0;) {
        await new Promise((resolve) => setImmediate(resolve));
        const work = shard.view.work();
        const position = shard.view.partitionStatus()[0]?.position ?? 0;
        const caughtUp = position >= (await log.end(partition));
        calm = work.queued + work.unacknowledged === 0 && work.tasks === tasks && caughtUp ? calm + 1 : 0;
      }
      expect(faults).toEqual([]);
    },
    codes: () => [...log.published.values()].filter(({ subject }) => subject.includes('.dead.')).length,
  };
}

const context = async (shard: Shard) => (await shard.view.ask('box/a', 'context', {})).value as Context;

describe('what anybody can send', () => {
  test.each(['Banyan-Correlation-Id', 'traceparent', 'Content-Type', 'Banyan-Sender', 'Nats-Msg-Id'])(
    'a %s of most of what the broker takes becomes a dead letter that fits',
    async (header) => {
      const { start, send, settled, codes } = world();
      const shard = await start();
      const prefix = header === 'Content-Type' ? 'application/msgpack; a=' : '';
      await send({ type: 'fail' }, { [header]: prefix + 'x'.repeat(1_040_000) });
      await send({ type: 'put', item: 'behind' });
      await settled(shard);
      expect((await context(shard)).items).toEqual(['behind']);
      expect(codes()).toBe(1);
    },
  );

  test('a key that no row can have is of no row, in every store', async () => {
    const { start, send, settled, answers } = world();
    const shard = await start();
    await send({ type: 'find', keyChars: 100_000 }, { 'Banyan-Call-Reply': '_INBOX.x' });
    await settled(shard);
    expect(answers.map(({ body }) => body)).toEqual([{ ok: true, value: 'nothing' }]);
  });

  test('an ask for a position that never comes ends, and meanwhile no turn seems to run', async () => {
    const { start, send, settled, isActive } = world();
    const shard = await start();
    await send({ type: 'put', item: '1' });
    await settled(shard);
    const asked = shard.view.ask('box/a', 'context', {}, 1_000_000, 20);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isActive()).toBe(false);
    await expect(asked).rejects.toMatchObject({ code: 'partition.unavailable' });
  });

  test('a call that its sender repeats by number gets the kept answer', async () => {
    const { start, send, settled, answers } = world();
    const shard = await start();
    const headers = {
      'Banyan-Sender': 's',
      'Banyan-Seq': '1',
      'Banyan-Call-Reply': '_INBOX.x',
    };
    await send({ type: 'put', item: '1' }, { ...headers, 'Nats-Msg-Id': 'first' });
    await send({ type: 'put', item: '1' }, { ...headers, 'Nats-Msg-Id': 'second' });
    await settled(shard);
    expect(answers.map(({ body }) => body)).toMatchObject([
      { ok: true, value: 1 },
      { ok: false, error: { code: 'call.pending' } },
    ]);
  });
});

describe('tasks', () => {
  test('a failure with an enormous text comes back as a message', async () => {
    const { start, send, settled } = world();
    const shard = await start();
    await send({ type: 'work', mode: 'throw', bytes: 0 });
    await settled(shard);
    expect(await context(shard)).toMatchObject({ failures: 1 });
  });

  test('an input that no result could carry fails the turn', async () => {
    const { start, send, settled, codes } = world();
    const shard = await start();
    await send({ type: 'work', mode: 'throw', bytes: LIMITS.messageBodyBytes + 4_000 });
    await settled(shard);
    expect(await context(shard)).toMatchObject({ failures: 0 });
    expect(codes()).toBe(1);
  });

  test('a task that changes its input changes nothing of its actor', async () => {
    const { start, send, settled } = world();
    const shard = await start();
    await send({ type: 'put', item: '1' });
    await send({ type: 'work', mode: 'mutate', bytes: 0 });
    await settled(shard);
    expect((await context(shard)).items).toEqual(['1']);
  });

  test('the result of a task whose actor was deleted reaches nobody', async () => {
    const { start, send, settled, order, codes } = world();
    const shard = await start();
    await send({ type: 'work', mode: 'wait', bytes: 0 });
    await settled(shard, 1);
    await order('delete');
    await settled(shard, 1);
    gates.open();
    await settled(shard);
    expect(await context(shard)).toMatchObject({ results: 0 });
    expect(codes()).toBe(0);
  });
});

describe('orders', () => {
  test('an actor whose last parked message throws takes messages again', async () => {
    const { start, send, settled, order } = world();
    const shard = await start();
    await order('pause');
    await send({ type: 'put', item: '1' });
    await send({ type: 'fail' });
    await settled(shard);
    await order('resume');
    await settled(shard);
    await send({ type: 'put', item: '2' });
    await settled(shard);
    expect((await context(shard)).items).toEqual(['1', '2']);
  });

  test('what was parked behind the end of an actor becomes dead letters', async () => {
    const { start, send, settled, order, codes } = world();
    const shard = await start();
    await order('pause');
    await send({ type: 'end' });
    await send({ type: 'put', item: '1' });
    await send({ type: 'put', item: '2' });
    await settled(shard);
    await order('resume');
    await settled(shard);
    expect(codes()).toBe(2);
    expect(shard.view.actors({ limit: 1 })).toMatchObject([{ state: 'ended', buffered: 0 }]);
  });

  test('a parked message that no shard survives is found by verdicts; the others are turned', async () => {
    const { log, start, send, settled, order, faults, codes } = world();
    const store = new MemoryStore();
    const first = await start(store);
    await order('pause');
    for (const item of ['1', '2']) await send({ type: 'put', item });
    await send({ type: 'recurse' });
    await send({ type: 'put', item: '3' });
    await settled(first);
    await order('resume');
    // Once for the order that turns all, once for the one that turns the poison alone.
    let last = first;
    for (let verdicts = 0; verdicts < 2; verdicts++) {
      while (faults.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const { entry, index } = faults.pop() as { entry: number; index: number };
      await log.appendVerdict({ partition, entry, index, code: 'turn.stack', detail: 'thrice' });
      last = await start(store);
    }
    for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(faults).toEqual([]);
    expect((await context(last)).items).toEqual(['1', '2', '3']);
    expect(codes()).toBe(1);
    expect(last.view.actors({ limit: 1 })).toMatchObject([{ status: 'running', buffered: 0 }]);
  });

  test('messages parked for an unreadable state are counted, whatever is in memory', async () => {
    const { start, send, settled, order } = world();
    const store = new MemoryStore();
    const newer = await start(store, 2);
    await send({ type: 'put', item: '0' });
    await settled(newer);
    await newer.stop(100);
    const older = await start(store, 1);
    await send({ type: 'put', item: '1' });
    await settled(older);
    older.view.restart('box/a');
    await send({ type: 'put', item: '2' });
    await settled(older);
    expect(older.view.actors({ limit: 1 })).toMatchObject([{ status: 'failed', buffered: 2 }]);
    await older.stop(100);
    const again = await start(store, 2);
    await order('resume');
    await settled(again);
    expect((await context(again)).items).toEqual(['0', '1', '2']);
  });

  test('what comes while a large actor is being deleted is not deleted with it', async () => {
    const { start, send, settled, order } = world();
    const shard = await start();
    for (let from = 0; from < 10_800; from += 900) await send({ type: 'fill', rows: 900, from });
    await send({ type: 'put', item: 'old' });
    await settled(shard);
    await Promise.all([order('delete'), send({ type: 'put', item: 'new' })]);
    await settled(shard);
    expect((await context(shard)).items).toEqual(['new']);
    expect((await shard.view.ask('box/a', 'rows', {})).value).toBe(0);
  });
});

describe('starting and stopping', () => {
  test('a shard that is stopped while it starts touches its store no more', async () => {
    let closed = false;
    let touched = false;
    const inner = new MemoryStore();
    const store: Store = {
      get: (key) => ((touched ||= closed), inner.get(key)),
      range: (bucket, range) => ((touched ||= closed), inner.range(bucket, range)),
      commit: (changes) => ((touched ||= closed), inner.commit(changes)),
      close: async () => void (closed = true),
    };
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    class SlowLog extends MemoryLog {
      override async verdicts() {
        await held;
        return [];
      }
    }
    const shard = new Shard({
      acceptTail: true,
      node: 'n1',
      owner: 'test',
      system: createSystem({ actors: [box()] }),
      subjects,
      partitions: { count: 1, owned: [0] },
      log: new SlowLog(subjects, 1, systemClock),
      store,
      clock: systemClock,
      randomness: seededRandomness('test'),
      content: {
        put: async () => ({ ref: '', sha256: '', bytes: 0 }),
        get: async () => new Uint8Array(),
        has: async () => false,
      },
      answer: () => {},
      ask: async () => null,
      beacon: () => {},
      idle: () => {},
      onFault: () => {},
      report: () => {},
    });
    const starting = shard.start();
    await shard.stop(10);
    release();
    await starting;
    expect({ closed, touched }).toEqual({ closed: true, touched: false });
    await expect(shard.view.ask('box/a', 'context', {})).rejects.toMatchObject({
      code: 'partition.unavailable',
    });
    expect(touched).toBe(false);
  });
});
