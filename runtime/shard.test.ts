import { assign, setup } from 'xstate';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { encode } from '../protocol/codec.ts';
import { defineContract, internal, type MessageOf } from '../protocol/contract.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import { systemClock } from './clock.ts';
import { defineActor } from './define-actor.ts';
import { emit, now, reply, schedule, task, tell } from './effects.ts';
import { MemoryLog } from './log-memory.ts';
import type { Answer } from './partition.ts';
import { seededRandomness } from './randomness.ts';
import { Shard } from './shard.ts';
import type { Store } from './store.ts';
import { MemoryStore } from './store-memory.ts';
import { createSystem } from './system.ts';
import { defineTable } from './table.ts';

const counterContract = defineContract({
  kind: 'counter',
  messages: {
    add: z.object({ amount: z.number() }),
    pass: z.object({ to: z.string(), amount: z.number() }),
    fail: z.object({}),
    recurse: z.object({}),
    later: z.object({ delayMs: z.number(), amount: z.number() }),
    work: z.object({ amount: z.number() }),
    'work.failed': internal(z.object({ input: z.unknown(), error: z.unknown() })),
    'work.done': internal(z.object({ input: z.unknown(), output: z.object({ amount: z.number() }) })),
    end: z.object({}),
    secret: internal(z.object({})),
  },
  events: { added: z.object({ total: z.number() }) },
});

const seen = defineTable<{ at: number; amount: number }>('seen');
type Context = { total: number; times: number };
const deep = (): number => 1 + deep();

const counter = defineActor({
  ...counterContract,
  tables: { seen },
  queries: { total: ({ context }) => context, rows: () => [...seen.range()].map(([, row]) => row.amount) },
  tasks: { work: async (input: { amount: number }) => ({ amount: input.amount * 2 }) },
  machine: setup({
    types: { context: {} as Context, events: {} as MessageOf<typeof counterContract.messages> },
  }).createMachine({
    context: { total: 0, times: 0 },
    initial: 'counting',
    states: {
      counting: {
        on: {
          add: {
            actions: [
              assign(({ context, event }) => ({
                total: context.total + event.amount,
                times: context.times + 1,
              })),
              ({ context, event }) => {
                seen.put(String(context.times).padStart(6, '0'), { at: now(), amount: event.amount });
                emit(counterContract, 'added', { total: context.total });
                reply({ total: context.total });
              },
            ],
          },
          pass: {
            actions: ({ event }) => tell(counterContract.at(event.to), { type: 'add', amount: event.amount }),
          },
          fail: {
            actions: () => {
              seen.put('poison', { at: 0, amount: -1 });
              throw new Error('poison');
            },
          },
          recurse: { actions: () => void deep() },
          later: {
            actions: ({ event }) => schedule('later', event.delayMs, { type: 'add', amount: event.amount }),
          },
          work: { actions: ({ event }) => task('work', { amount: event.amount }) },
          'work.done': {
            actions: assign(({ context, event }) => ({
              total: context.total + event.output.amount,
              times: context.times,
            })),
          },
          end: 'ended',
        },
      },
      ended: { type: 'final' },
    },
  }),
});

const subjects = subjectsOf('test');
const partitions = 4;

let incarnations = 0;

function world() {
  const log = new MemoryLog(subjects, partitions, systemClock);
  const answers: Answer[] = [];
  const faults: unknown[] = [];
  const started: Shard[] = [];
  return {
    log,
    answers,
    faults,
    async start(store: Store = new MemoryStore()) {
      const shard = new Shard({
        acceptTail: false,
        node: 'n1',
        owner: `test-${++incarnations}`,
        system: createSystem({ actors: [counter] }),
        subjects,
        partitions: { count: partitions, owned: [0, 1, 2, 3] },
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
        beacon: () => {},
        idle: () => {},
        onFault: (fault) => faults.push(fault),
        report: () => {},
      });
      started.push(shard);
      await shard.start();
      return shard;
    },
    send: (to: string, message: object, headers: Record<string, string> = {}) =>
      log.publishMessage(subjects.to(to as never), encode(message), headers),
    async settled(shard: Shard) {
      for (let calm = 0; calm < 3;) {
        await new Promise((resolve) => setImmediate(resolve));
        const { queued, unacknowledged, tasks } = shard.view.work();
        const ends = shard.view
          .partitionStatus()
          .map(async ({ id, position }) => position >= (await log.end(id)));
        const caughtUp = (await Promise.all(ends)).every((end) => end);
        calm = queued + unacknowledged + tasks === 0 && caughtUp ? calm + 1 : 0;
      }
    },
  };
}

describe('a shard on the ports in memory', () => {
  test('turns messages in order, keeps rows, answers calls after the window, publishes events', async () => {
    const { start, send, settled, answers, log } = world();
    const shard = await start();
    for (const amount of [1, 2, 3])
      await send('counter/a', { type: 'add', amount }, { 'Banyan-Call-Reply': '_INBOX.x' });
    await settled(shard);
    expect((await shard.view.ask('counter/a', 'total', {})).value).toEqual({ total: 6, times: 3 });
    expect((await shard.view.ask('counter/a', 'rows', {})).value).toEqual([1, 2, 3]);
    expect(answers.map(({ body }) => body)).toEqual(
      [1, 3, 6].map((total) => ({ ok: true, value: { total } })),
    );
    expect(log.published.size).toBe(3);
  });

  test('a tell takes effect once although its sender is replayed from the start', async () => {
    const { start, send, settled, log } = world();
    const first = await start();
    for (let i = 0; i < 20; i++) await send('counter/a', { type: 'pass', to: `b${i % 3}`, amount: 1 });
    await settled(first);
    await first.stop(100);
    const ends = () => Promise.all([0, 1, 2, 3].map((partition) => log.end(partition)));
    const before = await ends();
    const again = await start();
    await settled(again);
    expect(await ends()).toEqual(before);
    expect((await again.view.ask('counter/b0', 'total', {})).value).toEqual({ total: 7, times: 7 });
  });

  test('a message that throws becomes a dead letter, leaves no trace, and the actor goes on', async () => {
    const { start, send, settled, log } = world();
    const shard = await start();
    await send('counter/a', { type: 'add', amount: 1 });
    await send('counter/a', { type: 'fail' });
    await send('counter/a', { type: 'add', amount: 2 });
    await settled(shard);
    expect((await shard.view.ask('counter/a', 'rows', {})).value).toEqual([1, 2]);
    expect(
      [...log.published.values()].filter(({ subject }) => subject === 'test.dead.counter.a'),
    ).toHaveLength(1);
    expect(shard.view.counters().deadLetters).toBe(1);
  });

  test('endless recursion is the fault of the environment: nothing is kept and the shard says where', async () => {
    const { start, send, faults } = world();
    await start();
    const entry = await send('counter/a', { type: 'recurse' });
    while (faults.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(faults[0]).toMatchObject({ code: 'turn.stack', entry, index: 0 });
  });

  test('a verdict in the log skips the message and tells why', async () => {
    const { start, send, log } = world();
    const seq = await send('counter/a', { type: 'recurse' });
    await send('counter/a', { type: 'add', amount: 2 });
    const partition = partitionOfCounterA;
    await log.appendVerdict({ partition, entry: seq, index: 0, code: 'turn.stack', detail: 'thrice' });
    const shard = await start();
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect((await shard.view.ask('counter/a', 'total', {})).value).toEqual({ total: 2, times: 1 });
    expect(shard.view.counters().deadLetters).toBe(1);
  });

  test('messages of a paused actor are parked and turned in order when it is resumed', async () => {
    const { start, send, settled, log } = world();
    const shard = await start();
    const { encodeFrame, encodeRecord } = await import('../protocol/frame.ts');
    const order = (type: string) =>
      log.appendFrame(
        partitionOfCounterA,
        encodeFrame([encodeRecord({ kind: 'control', to: 'counter/a', message: { type } })]),
        undefined,
      );
    await order('pause');
    for (const amount of [1, 2]) await send('counter/a', { type: 'add', amount });
    await send('counter/a', { type: 'fail' });
    await send('counter/a', { type: 'add', amount: 3 });
    await settled(shard);
    expect((await shard.view.ask('counter/a', 'total', {})).value).toEqual({ total: 0, times: 0 });
    await order('resume');
    await settled(shard);
    expect((await shard.view.ask('counter/a', 'rows', {})).value).toEqual([1, 2, 3]);
    expect(shard.view.counters().deadLetters).toBe(1);
  });

  test('a final state ends the actor; later messages are dead letters', async () => {
    const { start, send, settled } = world();
    const shard = await start();
    await send('counter/a', { type: 'end' });
    await send('counter/a', { type: 'add', amount: 1 });
    await settled(shard);
    expect(shard.view.counters().deadLetters).toBe(1);
  });

  test('a task runs and its result is a message; a timer fires once, also over a restart', async () => {
    const { start, send, settled } = world();
    const store = new MemoryStore();
    const first = await start(store);
    await send('counter/a', { type: 'work', amount: 5 });
    await send('counter/a', { type: 'later', delayMs: 30, amount: 100 });
    await settled(first);
    await first.stop(100);
    const again = await start(store);
    await settled(again);
    while (again.view.work().timers > 0) await new Promise((resolve) => setImmediate(resolve));
    await settled(again);
    expect((await again.view.ask('counter/a', 'total', {})).value).toEqual({ total: 110, times: 1 });
  });

  test('internal, unknown and malformed messages from outside are dead letters with their code', async () => {
    const { start, send, settled, log } = world();
    const shard = await start();
    await send('counter/a', { type: 'secret' });
    await send('counter/a', { type: 'nothing' });
    await send('counter/a', { type: 'add', amount: 'much' });
    await send('counter/a', { type: 'xstate.stop' });
    await log.publishMessage('test.to.counter.a', Uint8Array.of(0xc1, 0xff));
    await log.publishMessage('test.to.counter.a*', encode({ type: 'add', amount: 1 }));
    await send('nobody/a', { type: 'add', amount: 1 });
    await settled(shard);
    expect(shard.view.counters()).toMatchObject({ deadLetters: 7, turns: 0 });
  });

  test('a sender with numbers takes effect once', async () => {
    const { start, send, settled } = world();
    const shard = await start();
    for (const seq of [1, 1, 2, 1])
      await send(
        'counter/a',
        { type: 'add', amount: 1 },
        { 'Banyan-Sender': 's', 'Banyan-Seq': String(seq) },
      );
    await settled(shard);
    expect((await shard.view.ask('counter/a', 'total', {})).value).toEqual({ total: 2, times: 2 });
  });

  test('a log that lost the entry at the cursor stops its partition, and the others serve', async () => {
    const { start, send, settled, log } = world();
    const store = new MemoryStore();
    const first = await start(store);
    const lost = await send('counter/a', { type: 'add', amount: 1 });
    await send('counter/other', { type: 'add', amount: 1 });
    await settled(first);
    await first.stop(100);
    log.delete(lost);
    const again = await start(store);
    const stopped = again.view.partitionStatus().filter(({ status }) => status === 'stopped');
    expect(stopped).toMatchObject([{ error: { code: 'log.truncated' } }]);
    await settled(again);
    expect((await again.view.ask('counter/other', 'total', {})).value).toEqual({ total: 1, times: 1 });
  });
});

const partitionOfCounterA = (await import('../protocol/partition-of.ts')).partitionOf(
  'counter',
  'a',
  partitions,
);
