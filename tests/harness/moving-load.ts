/**
 * Everything at once, for moves to happen under: messages, calls, tells between partitions, timers, tasks, events and
 * dead letters. Afterwards every one of them must be there, once and in its order.
 */
import { DeliverPolicy } from '@nats-io/jetstream';
import { expect, vi } from 'vitest';
import type { Address } from '../../protocol/address.ts';
import { decode } from '../../protocol/codec.ts';
import { HEADER } from '../../protocol/headers.ts';
import { decodeClaim } from '../../runtime/claim-record.ts';
import { decodeHead } from '../../runtime/head-record.ts';
import { EVENTUALLY, PARTITIONS, type Reply, type TestSystem } from './test-node.ts';

export const everyPartition: readonly number[] = Array.from(
  { length: PARTITIONS },
  (_, partition) => partition,
);

/** The actor of this name in a partition. */
export function actorIn(system: TestSystem, partition: number, name: string): Address {
  for (let number = 0; ; number++) {
    const address: Address = `note/${name}${number}`;
    if (system.partition(address) === partition) return address;
  }
}

const keyOf = (address: Address): string => address.slice('note/'.length);
const senderOf = (system: TestSystem, partition: number): Address => actorIn(system, partition, 's');
const receiverOf = (system: TestSystem, partition: number): Address => actorIn(system, partition, 'r');

/** Rounds that each partition's actor has been through. */
export type Sent = readonly number[];

/** Sends rounds of everything to an actor in each partition until it is told to end, and a few at least. */
export async function sendUntil(system: TestSystem, ended: () => boolean): Promise<Sent> {
  return Promise.all(
    everyPartition.map(async (partition) => {
      let round = 0;
      while (!ended() || round < LEAST_ROUNDS) await sendRound(system, partition, round++);
      return round;
    }),
  );
}

const LEAST_ROUNDS = 20;
const TIMER_MS = 150;

/** What a round sends to the actor, besides a tell and a pass; each comes back as a note of this name. */
const EXTRAS = { call: 3, timer: 4, task: 3, fail: 7 } as const;
const has = (extra: keyof typeof EXTRAS, round: number): boolean => round % EXTRAS[extra] === 0;

async function sendRound(system: TestSystem, partition: number, round: number): Promise<void> {
  const to = senderOf(system, partition);
  const receiver = receiverOf(system, (partition + 1) % PARTITIONS);
  await stored(system, to, { type: 'add', note: `tell ${round}` });
  await stored(system, to, { type: 'pass', to: keyOf(receiver), note: `from ${partition}: ${round}` });
  if (has('timer', round))
    await stored(system, to, { type: 'later', note: `timer ${round}`, delayMs: TIMER_MS });
  if (has('task', round)) await stored(system, to, { type: 'work', note: `task ${round}` });
  if (has('fail', round)) await stored(system, to, { type: 'fail', note: `fail ${round}` });
  if (has('call', round)) await called(system, to, `call ${round}`);
}

/** A tell that is repeated under its id until it is acknowledged. */
async function stored(
  system: TestSystem,
  to: Address,
  message: { readonly type: string; readonly note: string; readonly [field: string]: unknown },
) {
  const headers = { [HEADER.msgId]: `${to} ${message.note} ${message.type}` };
  await vi.waitFor(() => system.tell(to, message, { headers }), EVENTUALLY);
}

/** A call that is repeated under its id until it is answered. */
async function called(system: TestSystem, to: Address, note: string): Promise<void> {
  const headers = { [HEADER.msgId]: note, [HEADER.sender]: 'caller' };
  await vi.waitFor(async () => {
    const reply = await system.call(to, { type: 'add', note }, { headers, timeoutMs: 2_000 });
    expect(reply).toMatchObject({ ok: true });
  }, EVENTUALLY);
}

/** Every acknowledged message took effect once, in order; so did what came of it. */
export async function expectEverythingOnce(system: TestSystem, sent: Sent): Promise<void> {
  const rounds = (count: number, extra?: keyof typeof EXTRAS): number[] =>
    Array.from({ length: count }, (_, round) => round).filter(
      (round) => extra === undefined || has(extra, round),
    );
  const named = (count: number, extra: keyof typeof EXTRAS): string[] =>
    rounds(count, extra).map((round) => `${extra} ${round}`);
  await vi.waitFor(async () => {
    const { value } = await system.sys('work');
    expect(value).toMatchObject({ idle: true, timers: 0 });
  }, EVENTUALLY);
  const written = new Map<string, readonly string[]>();
  for (const [partition, count] of sent.entries()) {
    const actor = senderOf(system, partition);
    const notes = await system.ask<string[]>(actor, 'notes');
    written.set(actor, notes);
    const of = (name: string) => notes.filter((note) => note.startsWith(name));
    expect(of('tell'), actor).toEqual(rounds(count).map((round) => `tell ${round}`));
    expect(of('call'), actor).toEqual(named(count, 'call'));
    expect(of('timer').toSorted(), actor).toEqual(named(count, 'timer').toSorted());
    expect(of('task').toSorted(), actor).toEqual(named(count, 'task').toSorted());
    const receiver = receiverOf(system, (partition + 1) % PARTITIONS);
    const passed = await system.ask<string[]>(receiver, 'notes');
    written.set(receiver, passed);
    expect(passed, receiver).toEqual(rounds(count).map((round) => `from ${partition}: ${round}`));
  }
  expect(await eventsById(system)).toEqual(
    [...written].flatMap(([actor, notes]) => notes.map((note) => `${actor} ${note}`)).toSorted(),
  );
  const letters = new Map((await system.deadLetters()).map((letter) => [letter.id, letter]));
  expect(
    [...letters.values()].map(({ to, message }) => `${to} ${String(message?.['note'])}`).toSorted(),
  ).toEqual(
    [...sent.entries()]
      .flatMap(([partition, count]) =>
        named(count, 'fail').map((note) => `${senderOf(system, partition)} ${note}`),
      )
      .toSorted(),
  );
}

/** What the events say, each id once: they are stored at least once. */
async function eventsById({ js, jsm, subjects }: TestSystem): Promise<string[]> {
  const { messages } = (await jsm.streams.info(subjects.streams.event)).state;
  if (messages === 0) return [];
  const found = new Map<string, string>();
  const consumer = await js.consumers.get(subjects.streams.event, { deliver_policy: DeliverPolicy.All });
  for await (const message of await consumer.consume()) {
    const [, , kind, key] = message.subject.split('.');
    const { note } = decode(message.data) as { note: string };
    found.set(message.headers?.get(HEADER.from) ?? '', `${kind}/${key} ${note}`);
    if (message.info.pending === 0) break;
  }
  return [...found.values()].toSorted();
}

/** One claim or release in a partition's log. */
export interface Claimed {
  readonly epoch: number;
  readonly owner: string | null;
}

/** The claims of each partition, oldest first; checks that owners come one after the other, up to the head. */
export async function claimsInOrder({ jsm, js, subjects }: TestSystem): Promise<readonly Claimed[][]> {
  const claims = everyPartition.map((): Claimed[] => []);
  const { mailbox, state } = subjects.streams;
  const consumer = await js.consumers.get(mailbox, { filter_subjects: [subjects.all.claim] });
  for await (const message of await consumer.consume()) {
    const partition = Number(message.subject.split('.').at(-1));
    const claim = decodeClaim(message.data, partition);
    if (claim !== undefined) claims[partition]?.push({ epoch: claim.epoch, owner: claim.owner });
    if (message.info.pending === 0) break;
  }
  for (const [partition, of] of claims.entries()) {
    const owners = of.filter(({ owner }) => owner !== null);
    expect(
      owners.map(({ epoch }) => epoch),
      `partition ${partition}`,
    ).toEqual(owners.map((_, index) => index + 1));
    const head = await jsm.streams.getMessage(state, { last_by_subj: subjects.stateHead(partition) });
    const { epoch, owner } = decodeHead(head?.data ?? new Uint8Array(), partition);
    expect({ epoch, owner }, `partition ${partition}`).toEqual(owners.at(-1));
  }
  return claims;
}

/** Moves a partition as an operator would. */
export function move(
  system: TestSystem,
  token: string,
  partition: number,
  shard: number,
  force = false,
): Promise<Reply> {
  return system.request(
    system.subjects.sys('move'),
    { partition, shard, force },
    { headers: { [HEADER.token]: token }, timeoutMs: 40_000 },
  );
}
