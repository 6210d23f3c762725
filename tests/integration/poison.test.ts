/** A message that throws is set aside with everything that a person needs, and the actor goes on. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { decode } from '../../protocol/codec.ts';
import { HEADER } from '../../protocol/headers.ts';
import { deadLetterSchema } from '../../protocol/wire.ts';
import { appFile, type TestSystem, useSystem } from '../harness/test-node.ts';

const system = useSystem();

const tombstones = async ({ jsm, subjects }: TestSystem): Promise<number> => {
  const { state } = await jsm.streams.info(subjects.streams.dead, { subjects_filter: subjects.deadSettled });
  return state.subjects?.[subjects.deadSettled] ?? 0;
};

/** Everything that the node can compute again from the log. */
const deleteLocalState = (): void => rmSync(join(system.data, 'shards'), { recursive: true });

test('a message that throws becomes a dead letter with error, stack and body, and the actor goes on', async () => {
  const to = 'counter/poisoned';
  await system.tell(to, { type: 'add', amount: 1 });
  const headers = { [HEADER.sender]: 'anna', [HEADER.seq]: '1', [HEADER.correlationId]: 'order-7' };
  const { seq } = await system.tell(to, { type: 'fail', amount: 3 }, { headers });
  await system.tell(to, { type: 'add', amount: 1 });
  const letter = await system.deadLetter(to);
  expect(deadLetterSchema.parse(letter)).toMatchObject({
    to,
    entry: seq,
    index: 0,
    partition: system.partition(to),
    internal: false,
    error: { code: 'turn.failed', message: 'the message is poison' },
    message: { type: 'fail', amount: 3 },
    sender: 'anna',
    correlationId: 'order-7',
  });
  expect(letter.stack).toMatch(/the message is poison[\s\S]*counting\.ts:\d+/);
  expect(decode(letter.body)).toEqual({ type: 'fail', amount: 3 });
  await system.idle();
  expect(await system.total(to)).toEqual({ total: 2, times: 2 });
});

test('whoever calls hears what the turn threw', async () => {
  const reply = await system.call('counter/thrown-at-caller', { type: 'fail' });
  expect(reply).toMatchObject({
    ok: false,
    error: { code: 'turn.failed', message: 'the message is poison' },
  });
  await system.deadLetter('counter/thrown-at-caller');
});

test('poison that its sender repeats is one dead letter', async () => {
  const to = 'counter/poison-again';
  for (const id of ['a', 'b']) {
    const headers = { [HEADER.msgId]: id, [HEADER.sender]: 'anna', [HEADER.seq]: '1' };
    await system.tell(to, { type: 'fail' }, { headers });
  }
  await system.idle();
  expect(await system.deadLetters(to)).toHaveLength(1);
});

test('a replayed dead letter that still throws is a new dead letter', async () => {
  const to = 'counter/still-broken';
  await system.tell(to, { type: 'fail' });
  const first = await system.deadLetter(to);
  expect(await system.sys('dead', { op: 'replay', ids: [first.id] })).toMatchObject({ ok: true });
  await system.idle();
  const second = await system.deadLetter(to);
  expect(second.id).not.toBe(first.id);
  expect(decode(second.body)).toEqual(decode(first.body));
});

test('after a fix, a replayed dead letter is applied once, even when it is replayed twice', async () => {
  const to = 'counter/repaired';
  await system.tell(to, { type: 'fail', amount: 4 });
  const inJson = await system.tell(to, { type: 'fail', amount: 3 }, { json: true });
  await system.idle();
  const letters = await system.deadLetters(to);
  expect(letters.map(({ entry }) => entry)).toContain(inJson.seq);
  const ids = letters.map(({ id }) => id);
  await system.stop();
  await system.start({ app: appFile('counter-fixed') });
  onTestFinished(async () => {
    await system.stop();
    await system.start();
  });
  const replays = await Promise.all([1, 2].map(() => system.sys('dead', { op: 'replay', ids })));
  const outcomes = replays.map(({ ok, error }) => (ok ? 'settled' : error?.code));
  expect(outcomes).toContain('settled');
  expect(['settled', 'dead.not_found']).toEqual(expect.arrayContaining(outcomes));
  await system.idle();
  expect(await system.total(to)).toEqual({ total: 7, times: 2 });
  expect(await system.deadLetters(to)).toEqual([]);
  expect(await system.sys('dead', { op: 'replay', ids })).toMatchObject({
    error: { code: 'dead.not_found' },
  });
});

test('a dead letter that an actor sent is replayed as what it was', async () => {
  const to = 'counter/ended-too-early';
  await system.tell(to, { type: 'end' });
  await system.tell('counter/tells-an-ended-one', { type: 'spread', keys: ['ended-too-early'], amount: 2 });
  const letter = await system.deadLetter(to);
  expect(letter).toMatchObject({
    internal: true,
    error: { code: 'actor.ended' },
    sender: 'counter/tells-an-ended-one',
  });
  expect(await system.sys('order', { address: to, order: 'delete' })).toMatchObject({ ok: true });
  for (let replay = 0; replay < 2; replay++) await system.sys('dead', { op: 'replay', ids: [letter.id] });
  await system.idle();
  expect(await system.total(to)).toEqual({ total: 2, times: 1 });
});

test('settled dead letters do not come back when the node rebuilds its state from the log', async () => {
  const to = 'counter/settled';
  for (let amount = 1; amount <= 6; amount++) await system.tell(to, { type: 'fail', amount });
  await system.idle();
  const letters = await system.deadLetters(to);
  expect(letters).toHaveLength(6);
  const dropped = letters.slice(0, 2).map(({ id }) => id);
  // The newest too: what was sent is known by the newest letter, which may be gone.
  const newest = letters.slice(-1).map(({ id }) => id);
  const before = await tombstones(system);
  expect(await system.sys('dead', { op: 'drop', ids: [...dropped, ...newest] })).toMatchObject({ ok: true });
  expect(await tombstones(system)).toBe(before + 3);
  const left = await system.deadLetters(to);
  await system.stop();
  deleteLocalState();
  await system.start();
  await system.idle();
  expect(await system.deadLetters(to)).toEqual(left);
});
