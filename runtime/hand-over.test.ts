import { assign, setup } from 'xstate';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { encode } from '../protocol/codec.ts';
import { toBanyanError } from '../protocol/errors.ts';
import { defineContract, type MessageOf } from '../protocol/contract.ts';
import { partitionOf } from '../protocol/partition-of.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import type { Guard } from './claim-log.ts';
import { systemClock } from './clock.ts';
import { defineActor } from './define-actor.ts';
import { tell } from './effects.ts';
import { MemoryLog } from './log-memory.ts';
import { seededRandomness } from './randomness.ts';
import { Shard } from './shard.ts';
import { MemoryStore } from './store-memory.ts';
import { createSystem } from './system.ts';

const subjects = subjectsOf('test');
const PARTITIONS = 2;

const contract = defineContract({
  kind: 'counter',
  messages: { add: z.object({}), pass: z.object({ to: z.string() }) },
});
const counter = defineActor({
  ...contract,
  queries: { total: ({ context }) => context.total },
  machine: setup({
    types: { context: {} as { total: number }, events: {} as MessageOf<typeof contract.messages> },
  }).createMachine({
    context: { total: 0 },
    on: {
      add: { actions: assign({ total: ({ context }) => context.total + 1 }) },
      pass: { actions: ({ event }) => tell(contract.at(event.to), { type: 'add' }) },
    },
  }),
});

/** A log that keeps frames to itself until it is told to store them. */
class SlowLog extends MemoryLog {
  held: Promise<void> | undefined;
  waiting = 0;
  readonly outcomes: string[] = [];

  override async appendFrame(
    partition: number,
    frame: Uint8Array,
    from: string | undefined,
    guard?: Guard,
  ): Promise<number> {
    this.waiting++;
    await this.held;
    try {
      const seq = await super.appendFrame(partition, frame, from, guard);
      this.outcomes.push('stored');
      return seq;
    } catch (error) {
      this.outcomes.push(toBanyanError(error).code);
      throw error;
    }
  }
}

function keyIn(partition: number, prefix: string): string {
  for (let number = 0; ; number++)
    if (partitionOf('counter', `${prefix}${number}`, PARTITIONS) === partition) return `${prefix}${number}`;
}

/** Two shards with a partition each; an actor of the first tells one of the second. */
async function open() {
  const log = new SlowLog(subjects, PARTITIONS, systemClock);
  const start = async (index: number): Promise<Shard> => {
    const shard = new Shard({
      acceptTail: false,
      node: 'n1',
      owner: `shard-${index}`,
      system: createSystem({ actors: [counter] }),
      subjects,
      partitions: { count: PARTITIONS, owned: [index] },
      log,
      store: new MemoryStore(),
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
      onFault: (fault) => expect.unreachable(String(fault)),
      report: () => {},
    });
    await shard.start();
    return shard;
  };
  const [first, second] = [await start(0), await start(1)];
  const receiver = `counter/${keyIn(1, 'receiver')}` as const;
  return {
    log,
    first,
    second,
    pass: () =>
      log.publishMessage(
        subjects.to(`counter/${keyIn(0, 'sender')}`),
        encode({ type: 'pass', to: receiver.slice('counter/'.length) }),
        {},
      ),
    total: async () => (await second.view.ask(receiver, 'total', {})).value,
    newest: async () => (await log.claims()).get(0),
    stop: () => Promise.all([first.stop(100), second.stop(100)]),
  };
}

test('what was acknowledged and checkpointed is released: the next owner has nobody to fence, nothing to replay or to send', async () => {
  const { log, first, second, pass, total, newest, stop } = await open();
  await pass();
  await vi.waitFor(() => expect(log.waiting).toBe(1));
  await first.release(0, 10_000);
  expect(first.partitionIds()).toEqual([]);
  expect(await newest()).toMatchObject({ owner: null, epoch: 1 });
  expect(await log.head(0)).toMatchObject({ released: true, epoch: 1 });
  await second.take([0]);
  expect(await newest()).toMatchObject({ owner: 'shard-1', epoch: 2 });
  await vi.waitFor(async () => expect(await total()).toBe(1));
  expect(log.outcomes).toEqual(['stored']);
  await stop();
});

test('what has no acknowledgement when its grace ends keeps the claim: the next owner fences it, and sends it itself', async () => {
  const { log, first, second, pass, total, newest, stop } = await open();
  const hold = Promise.withResolvers<void>();
  log.held = hold.promise;
  await pass();
  await vi.waitFor(() => expect(log.waiting).toBe(1));
  await first.release(0, 40);
  expect(first.partitionIds()).toEqual([]);
  expect(await newest()).toMatchObject({ owner: 'shard-0', epoch: 1 });
  log.held = undefined;
  await second.take([0]);
  await vi.waitFor(async () => expect(await total()).toBe(1));
  hold.resolve();
  await vi.waitFor(() => expect(log.outcomes).toEqual(['stored', 'log.conflict']));
  expect(await total()).toBe(1);
  // It goes on, and takes the partition back when it is asked to.
  await second.release(0, 10_000);
  await first.take([0]);
  await pass();
  await vi.waitFor(async () => expect(await total()).toBe(2));
  await stop();
});

test('a shard that does not know yet what it lost claims it anew when it is asked to take it', async () => {
  const { first, second, pass, total, newest, stop } = await open();
  await second.take([0]);
  await second.release(0, 10_000);
  await first.take([0]);
  expect(await newest()).toMatchObject({ owner: expect.stringMatching(/^shard-0/), epoch: 3 });
  await pass();
  await vi.waitFor(async () => expect(await total()).toBe(1));
  await stop();
});
