/** Actors that watch others, and that fail in every way in which a turn can, on a shard in memory. */
import { assign, createMachine, setup, spawnChild } from 'xstate';
import { z } from 'zod';
import type { Address } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import { defineContract, internal, type MessageOf } from '../protocol/contract.ts';
import { down } from '../protocol/down.ts';
import { encodeFrame, encodeRecord, type FrameRecord } from '../protocol/frame.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import type { DeadLetter } from '../protocol/wire.ts';
import { systemClock } from './clock.ts';
import { defineActor } from './define-actor.ts';
import { emit, reply, schedule, task, unwatch, watch } from './effects.ts';
import type { Verdict } from './log.ts';
import { MemoryLog } from './log-memory.ts';
import { partitionOfAddress } from './outbox.ts';
import { seededRandomness } from './randomness.ts';
import { replayActor } from './replay.ts';
import { Shard } from './shard.ts';
import type { ShardParts } from './shard-parts.ts';
import type { Store } from './store.ts';
import { MemoryStore } from './store-memory.ts';
import { createSystem, type System } from './system.ts';

const address = z.custom<Address>((value) => typeof value === 'string');
const FAILURES = ['throws', 'effects', 'task', 'action', 'reply', 'event', 'address', 'anew'] as const;
export type Failing = (typeof FAILURES)[number];

const contract = defineContract({
  kind: 'sentry',
  messages: {
    note: z.object({ item: z.string() }),
    fail: z.object({ how: z.enum(FAILURES).default('throws') }),
    later: z.object({ item: z.string() }),
    work: z.object({}),
    'work.done': internal(z.object({ input: z.unknown(), output: z.unknown() })),
    'work.failed': internal(z.object({ input: z.unknown(), error: z.unknown() })),
    look: z.object({ at: z.array(address) }),
    ignore: z.object({ at: z.array(address) }),
    lookAnew: z.object({ at: address }),
    end: z.object({}),
    down,
  },
  events: { seen: z.object({ item: z.string() }) },
});

type Message = MessageOf<typeof contract.messages>;
interface Context {
  readonly items: string[];
  readonly downs: {
    address: string;
    kind: string;
    code?: string | undefined;
    message?: string | undefined;
  }[];
}
interface Options {
  readonly version?: number;
  readonly quarantineAfter?: number;
}

let thrown = 0;

function fail(how: Failing): void {
  switch (how) {
    case 'throws':
      throw new Error('poison');
    case 'anew':
      // As an error does that names a process, or a time.
      throw new Error(`poison ${++thrown}`);
    case 'effects':
      for (let n = 0; n <= 10_000; n++) schedule(`${n}`, 0, { type: 'note' });
      return;
    case 'task':
      task('nothing', null);
      return;
    case 'reply':
      reply('x'.repeat(600_000));
      return;
    case 'event':
      emit(contract, 'seen', { item: 5 as unknown as string });
      return;
    case 'address':
      watch('nowhere' as Address);
      return;
    case 'action':
  }
}

/** Sentries, deaf ones that are told nothing, and keepers whose version stays; tasks that `work` starts wait for `gate`. */
export function sentries({ version = 1, ...options }: Options = {}, gate = Promise.resolve()): System {
  const machine = setup({ types: { context: {} as Context, events: {} as Message } }).createMachine({
    context: { items: [], downs: [] },
    initial: 'awake',
    states: {
      awake: {
        on: {
          note: {
            actions: assign(({ context, event }) => ({ ...context, items: [...context.items, event.item] })),
          },
          fail: [
            { guard: ({ event }) => event.how === 'action', actions: spawnChild(createMachine({})) },
            { actions: ({ event }) => fail(event.how) },
          ],
          later: {
            actions: ({ event }) =>
              schedule('later', 20, { type: 'note', item: event.item } as { type: string }),
          },
          work: { actions: () => task('work', null) },
          'work.done': {
            actions: assign(({ context }) => ({ ...context, items: [...context.items, 'done'] })),
          },
          'work.failed': {
            actions: assign(({ context }) => ({ ...context, items: [...context.items, 'failed'] })),
          },
          look: { actions: ({ event }) => event.at.forEach((target) => watch(target)) },
          ignore: { actions: ({ event }) => event.at.forEach((target) => unwatch(target)) },
          lookAnew: {
            actions: ({ event }) => {
              unwatch(event.at);
              watch(event.at);
            },
          },
          end: 'gone',
          down: {
            actions: assign({
              downs: ({ context, event: { address: of, reason } }) => [
                ...context.downs,
                { address: of, ...reason },
              ],
            }),
          },
        },
      },
      gone: { type: 'final' },
    },
  });
  const queries = {
    items: ({ context }: { context: Context }) => context.items,
    downs: ({ context }: { context: Context }) => context.downs,
    broken: () => {
      throw new Error('no answer');
    },
  };
  const tasks = { work: () => gate };
  const sentry = defineActor({ ...contract, version, ...options, queries, tasks, machine });
  const { down: _, ...deaf } = contract.messages;
  const others = { events: contract.events, queries, tasks, machine };
  return createSystem({
    actors: [
      sentry,
      defineActor({ kind: 'deaf', messages: deaf, ...others }),
      defineActor({ kind: 'keeper', messages: contract.messages, ...others }),
    ],
  });
}

export const PARTITIONS = 4;
const subjects = subjectsOf('test');
let incarnations = 0;

/** A log, and shards on it. */
export function openWorld(system = sentries()) {
  const log = new MemoryLog(subjects, PARTITIONS, systemClock);
  const faults: unknown[] = [];
  const append = (record: FrameRecord): Promise<number> =>
    log.appendFrame(
      partitionOfAddress(record.to, PARTITIONS),
      encodeFrame([encodeRecord(record)]),
      undefined,
    );
  const settled = async (shard: Shard): Promise<void> => {
    for (let calm = 0; calm < 3 && faults.length === 0;) {
      await new Promise((resolve) => setImmediate(resolve));
      const { queued, unacknowledged } = shard.view.work();
      const ends = shard.view
        .partitionStatus()
        .map(async ({ id, position }) => position >= (await log.end(id)));
      const caughtUp = (await Promise.all(ends)).every((end) => end);
      calm = queued + unacknowledged === 0 && caughtUp ? calm + 1 : 0;
    }
  };
  return {
    log,
    faults,
    append,
    settled,
    async start(store: Store = new MemoryStore(), more: Partial<ShardParts> = {}): Promise<Shard> {
      const shard = new Shard({
        acceptTail: true,
        node: 'n1',
        owner: `test-${++incarnations}`,
        system,
        subjects,
        partitions: { count: PARTITIONS, owned: [0, 1, 2, 3] },
        log,
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
        onFault: (fault) => faults.push(fault),
        report: () => {},
        ...more,
      });
      await shard.start();
      await settled(shard);
      return shard;
    },
    /** Sends messages to an actor, in order. */
    async send(to: Address, ...messages: object[]): Promise<number> {
      let seq = 0;
      for (const message of messages) seq = await log.publishMessage(subjects.to(to), encode(message), {});
      return seq;
    },
    order: (to: Address, type: string, more: object = {}) =>
      append({ kind: 'control', to, message: { type, ...more } }),
    skip: (to: Address, entry: number, code: Verdict['code'] = 'turn.stack') =>
      log.appendVerdict({
        partition: partitionOfAddress(to, PARTITIONS),
        entry,
        index: 0,
        code,
        detail: 'It ended three shards.',
      }),
    /** The codes of an actor's dead letters, in the order of the log. */
    codes: (of: Address): string[] =>
      [...log.published.values()]
        .filter(({ subject }) => subject === subjects.dead(of))
        .map(({ data }) => decode(data) as DeadLetter)
        .sort((a, b) => a.entry - b.entry || a.index - b.index)
        .map(({ error }) => error.code),
    /** As a replay of the log has it; the hash must be the live one. */
    replayed: async (shard: Shard, of: Address) => {
      const { hash, ...replayed } = await replayActor({
        log,
        system,
        subjects,
        partitions: PARTITIONS,
        address: of,
      });
      return { ...replayed, isSame: hash === shard.view.stateHash(of).hash };
    },
  };
}

/** What there is to say of an actor. */
export const shown = (shard: Shard, of: Address) =>
  shard.view.actor(of) as { status: string; reason?: string; buffered: number; restarts: number };

export const ask = async <T>(shard: Shard, of: Address, query: string): Promise<T> =>
  (await shard.view.ask(of, query, {})).value as T;

export const notes = (...items: string[]) => items.map((item) => ({ type: 'note', item }));
export const failures = (count: number) => Array.from({ length: count }, () => ({ type: 'fail' }));
