import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import type { Address } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import { LANES } from './claim-log.ts';
import { defineContract, internal, type MessageOf } from '../protocol/contract.ts';
import { encodeFrame, encodeRecord } from '../protocol/frame.ts';
import { partitionOf } from '../protocol/partition-of.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import { deadLetterSchema } from '../protocol/wire.ts';
import { VirtualClock } from './clock.ts';
import { defineActor } from './define-actor.ts';
import { cancel, emit, now, random, reply, schedule, task, tell } from './effects.ts';
import { MemoryLog } from './log-memory.ts';
import { seededRandomness } from './randomness.ts';
import { replayActor } from './replay.ts';
import { Shard, type ShardParts } from './shard.ts';
import { MemoryStore } from './store-memory.ts';
import { createSystem } from './system.ts';
import { defineTable } from './table.ts';

const contract = defineContract({
  kind: 'ledger',
  messages: {
    add: z.object({ amount: z.number() }),
    pass: z.object({ to: z.string() }),
    drop: z.object({ row: z.number() }),
    later: z.object({ delayMs: z.number() }),
    never: z.object({}),
    work: z.object({}),
    'work.failed': internal(z.object({ input: z.unknown(), error: z.unknown() })),
    'work.done': internal(z.object({ input: z.unknown(), output: z.number() })),
    fail: z.object({}),
    flood: z.object({ by: z.enum(['reply', 'event', 'error']) }),
    end: z.object({}),
  },
  events: { noted: z.object({ text: z.string() }) },
});
const rows = defineTable<{ at: number; amount: number; chance: number }>('rows');

const ledger = defineActor({
  ...contract,
  tables: { rows },
  tasks: { work: async () => 7 },
  machine: setup({
    types: {
      context: {} as { total: number; last: number | undefined },
      events: {} as MessageOf<typeof contract.messages>,
    },
  }).createMachine({
    context: { last: undefined, total: 0 },
    initial: 'open',
    states: {
      open: {
        on: {
          add: {
            actions: [
              assign(({ context, event }) => ({ total: context.total + event.amount, last: now() })),
              ({ context, event }) =>
                rows.put(String(context.total), { at: now(), amount: event.amount, chance: random() }),
            ],
          },
          pass: { actions: ({ event }) => tell(contract.at(event.to), { type: 'add', amount: 1 }) },
          drop: {
            actions: ({ event }) => {
              for (const [key] of rows.range({ limit: event.row })) rows.delete(key);
            },
          },
          later: {
            actions: ({ event }) =>
              schedule(`t${event.delayMs % 3}`, event.delayMs, { type: 'add', amount: 100 }),
          },
          never: { actions: () => cancel('t1') },
          work: { actions: () => task('work', {}) },
          'work.done': {
            actions: assign(({ context, event }) => ({ total: context.total + event.output })),
          },
          fail: {
            actions: () => {
              rows.put('lost', { at: 0, amount: 0, chance: 0 });
              throw new Error('poison');
            },
          },
          flood: {
            actions: ({ event }) => {
              const text = 'x'.repeat(1_100_000);
              if (event.by === 'reply') reply(text);
              else if (event.by === 'event') emit(contract, 'noted', { text });
              else throw new Error(text);
            },
          },
          end: 'ended',
        },
      },
      ended: { type: 'final' },
    },
  }),
});

const subjects = subjectsOf('test');
const partitions = 3;
const keys = ['a', 'b', 'c', 'd', 'e'];
const addresses = keys.map((key) => contract.at(key) as Address);
const system = createSystem({ actors: [ledger] });

type Step =
  | { readonly key: string; readonly message: { readonly type: string }; readonly seq?: number | undefined }
  | { readonly key: string; readonly order: 'pause' | 'resume' | 'delete' }
  | { readonly passMs: number }
  | { readonly forget: string };

const message = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('add'), amount: fc.integer({ min: -5, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('pass'), to: fc.constantFrom(...keys) }) },
  fc.record({ type: fc.constant('drop'), row: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ type: fc.constant('later'), delayMs: fc.integer({ min: 0, max: 400 }) }),
  fc.constantFrom({ type: 'never' }, { type: 'work' }, { type: 'fail' }, { type: 'unknown' }),
);
const key = fc.constantFrom(...keys);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ key, message, seq: fc.option(fc.nat(9), { nil: undefined }) }) },
  fc.record({ key, message: fc.constant({ type: 'end' }) }),
  fc.record({ key, order: fc.constantFrom('pause', 'resume', 'resume', 'delete') }),
  fc.record({ passMs: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ forget: key }),
);

/** A live shard whose time moves only when it is told to. */
async function live(observed: Pick<ShardParts, 'sampler' | 'onTurn'> = {}) {
  const clock = new VirtualClock();
  const log = new MemoryLog(subjects, partitions, clock);
  const shard = new Shard({
    acceptTail: false,
    ...observed,
    node: 'n1',
    owner: 'test',
    system,
    subjects,
    partitions: { count: partitions, owned: [0, 1, 2] },
    log,
    store: new MemoryStore(),
    clock,
    randomness: seededRandomness('replay'),
    content: {
      put: async () => ({ ref: '', sha256: '', bytes: 0 }),
      get: async () => new Uint8Array(),
      has: async () => false,
    },
    answer: () => {},
    ask: async () => null,
    beacon: () => {},
    idle: () => {},
    onFault: (fault) => {
      throw fault;
    },
    report: () => {},
  });
  const settle = async (): Promise<void> => {
    for (let calm = 0; calm < 3;) {
      clock.advance(0);
      await new Promise((resolve) => setImmediate(resolve));
      const { queued, unacknowledged, tasks } = shard.view.work();
      calm = queued + unacknowledged + tasks === 0 ? calm + 1 : 0;
    }
  };
  await shard.start();
  return { clock, log, shard, settle };
}

type Live = Awaited<ReturnType<typeof live>>;

async function perform({ clock, log, shard }: Live, one: Step): Promise<void> {
  if ('passMs' in one) clock.advance(one.passMs);
  else if ('forget' in one) shard.view.restart(contract.at(one.forget));
  else if ('order' in one) {
    const order = { kind: 'control', to: contract.at(one.key), message: { type: one.order } } as const;
    const partition = partitionOf('ledger', one.key, partitions);
    await log.appendFrame(partition, encodeFrame([encodeRecord(order)]), undefined);
  } else {
    const headers =
      one.seq === undefined ? {} : { 'Banyan-Sender': 'outside', 'Banyan-Seq': String(one.seq) };
    await log.publishMessage(`test.to.ledger.${one.key}`, encode(one.message), headers);
  }
}

const replayed = ({ log }: Live, address: Address, until?: number) =>
  replayActor({ log, system, subjects, partitions, address, ...(until === undefined ? {} : { until }) });

describe('a replay', () => {
  test('gives the state of the live actor, now and at every earlier entry', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 }),
        async (batches) => {
          const world = await live();
          const seen: { address: Address; seq: number; hash: string }[] = [];
          for (const batch of batches) {
            for (const one of batch) await perform(world, one);
            await world.settle();
            for (const address of addresses) {
              const { hash, cursor } = world.shard.view.stateHash(address);
              seen.push({ address, seq: cursor.seq, hash });
            }
          }
          for (const { address, seq, hash } of seen) {
            expect(await replayed(world, address, seq)).toMatchObject({ hash });
          }
          const deadLetters = await Promise.all(addresses.map((address) => replayed(world, address)));
          expect(deadLetters.reduce((sum, one) => sum + one.deadLetters, 0)).toBe(
            world.shard.view.counters().deadLetters,
          );
          await world.shard.stop(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('changes nothing outside, counts the turns of its actor and shows what it was then', async () => {
    const observed: string[] = [];
    const world = await live({
      sampler: (address, type) => address === 'ledger/b' && type === 'add',
      onTurn: (turn) => observed.push(`${turn.cell.address} ${turn.message.message.type}`),
    });
    const seqs: number[] = [];
    for (const amount of [1, 2, 3])
      seqs.push(await world.log.publishMessage('test.to.ledger.a', encode({ type: 'add', amount })));
    await world.log.publishMessage('test.to.ledger.a', encode({ type: 'pass', to: 'b' }));
    await world.settle();
    expect(observed).toEqual(['ledger/b add']);
    const before = await world.log.state();
    const types: string[] = [];
    const request = { log: world.log, system, subjects, partitions, address: contract.at('a') };
    const whole = await replayActor({ ...request, onTurn: (turn) => types.push(turn.message.message.type) });
    expect(whole).toMatchObject({ state: 'open', context: { total: 6 }, turns: 4, deadLetters: 0 });
    expect(types).toEqual(['add', 'add', 'add', 'pass']);
    const earlier = await replayActor({ ...request, until: seqs[1] as number });
    expect(earlier).toMatchObject({ context: { total: 3 }, cursor: { seq: seqs[1] }, turns: 2 });
    const nothing = await replayActor({ ...request, until: 0 });
    expect(nothing).toMatchObject({ state: undefined, cursor: undefined, turns: 0 });
    expect(await world.log.state()).toEqual(before);
  });

  test('a log that has lost its beginning cannot be replayed', async () => {
    const world = await live();
    for (const amount of [1, 2])
      await world.log.publishMessage('test.to.ledger.a', encode({ type: 'add', amount }));
    world.log.delete(1);
    await expect(replayed(world, contract.at('a'))).rejects.toMatchObject({ code: 'log.truncated' });
  });

  test('a log that lacks only the lanes of an owner that is gone is whole', async () => {
    const world = await live();
    await world.log.publishMessage('test.to.ledger.a', encode({ type: 'add', amount: 2 }));
    await world.settle();
    for (let lane = 1; lane <= LANES; lane++) world.log.delete(lane);
    expect(await replayed(world, contract.at('a'))).toMatchObject({ context: { total: 2 }, since: 0 });
  });
});

describe('a dead letter', () => {
  test('fits its public schema, whatever was wrong, and never exceeds what the broker takes', async () => {
    const world = await live();
    const publish = (body: Uint8Array, headers = {}) =>
      world.log.publishMessage('test.to.ledger.a', body, headers);
    await publish(encode({ type: 'fail' }), { 'Banyan-Correlation-Id': 'c1', 'Banyan-Sender': 'outside' });
    await publish(Uint8Array.of(0xc1));
    await publish(new Uint8Array(1_000_000));
    await publish(Buffer.from('{"type":"unknown"}'), { 'Content-Type': 'application/json' });
    for (const by of ['reply', 'event', 'error']) {
      await publish(encode({ type: 'flood', by }), { 'Banyan-Call-Reply': '_INBOX.a' });
    }
    await publish(encode({ type: 'pass', to: 'b' }));
    await world.log.publishMessage('test.to.ledger.b*', encode({ type: 'add', amount: 1 }));
    await world.settle();
    const letters = [...world.log.published.values()].map(({ data }) => {
      expect(data.byteLength).toBeLessThan(1_000_000);
      return deadLetterSchema.strict().parse(decode(data));
    });
    const sorted = letters.sort((a, b) => a.entry - b.entry);
    expect(sorted.map(({ error }) => error.code)).toEqual([
      'turn.failed',
      'message.malformed',
      'message.too_large',
      'message.unknown_type',
      'reply.too_large',
      'turn.limit',
      'turn.failed',
      'address.invalid',
    ]);
    expect(sorted[0]).toMatchObject({
      to: 'ledger/a',
      message: { type: 'fail' },
      sender: 'outside',
      correlationId: 'c1',
      internal: false,
      stack: expect.stringContaining('poison'),
    });
    expect(sorted[2]).toMatchObject({ bodyBytes: 1_000_000 });
    expect(sorted[3]).toMatchObject({ contentType: 'application/json', message: { type: 'unknown' } });
    expect(sorted.at(-1)).toMatchObject({ to: null });
  });
});
