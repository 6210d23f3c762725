/** What an operator orders, and what an actor's own end means. */
import { expect, test } from 'vitest';
import type { Address } from '../../protocol/address.ts';
import { actorStatusSchema } from '../../protocol/wire.ts';
import { useSystem } from '../harness/test-node.ts';

const system = useSystem();

const order = async (address: Address, given: string): Promise<void> => {
  expect(await system.sys('order', { address, order: given })).toMatchObject({ ok: true });
  await system.idle();
};
const add = (amount: number, note = '') => ({ type: 'add', amount, note });
const shown = async (address: Address) => {
  const { value, error } = await system.sys('actor', { address });
  expect(error).toBeUndefined();
  return actorStatusSchema.parse(value);
};

test('messages for a paused actor wait, its neighbours go on, and resuming turns them in order', async () => {
  const [paused, neighbour] = system.neighbours(1, 2, 'paused');
  await system.call(paused, add(1, 'before'));
  await order(paused, 'pause');
  for (const note of ['first', 'second', 'third']) await system.tell(paused, add(1, note));
  expect(await system.call(neighbour, add(1))).toMatchObject({ ok: true });
  await system.idle();
  expect(await system.total(paused)).toEqual({ total: 1, times: 1 });
  expect(await shown(paused)).toMatchObject({ status: 'paused', buffered: 3 });
  await order(paused, 'resume');
  const counted = await system.ask<{ note: string }[]>(paused, 'counted');
  expect(counted.map(({ note }) => note)).toEqual(['before', 'first', 'second', 'third']);
  expect(await shown(paused)).toMatchObject({ status: 'running', buffered: 0 });
});

test('a pause outlives the node, and so do the messages that wait', async () => {
  const to = 'counter/paused-for-long';
  await order(to, 'pause');
  await system.tell(to, add(1));
  await system.idle();
  await system.stop();
  await system.start();
  await system.tell(to, add(2));
  await system.idle();
  expect(await shown(to)).toMatchObject({ status: 'paused', buffered: 2 });
  await order(to, 'resume');
  expect(await system.total(to)).toEqual({ total: 3, times: 2 });
});

test('more waiting messages than one order turns are turned, each once and in order', async () => {
  const to = 'counter/many-waiting';
  await order(to, 'pause');
  const notes = Array.from({ length: 600 }, (_, number) => `${number}`);
  for (const note of notes) void system.tell(to, add(1, note));
  await system.idle();
  await order(to, 'resume');
  await system.idle();
  const counted = await system.ask<{ note: string }[]>(to, 'counted');
  expect(counted.map(({ note }) => note)).toEqual(notes);
});

test('poison among the messages that wait is a dead letter; the others are turned', async () => {
  const to = 'counter/poison-waiting';
  await order(to, 'pause');
  for (const message of [add(1, 'a'), { type: 'fail' }, add(1, 'b'), { type: 'fail' }, add(1, 'c')]) {
    await system.tell(to, message);
  }
  await order(to, 'resume');
  const counted = await system.ask<{ note: string }[]>(to, 'counted');
  expect(counted.map(({ note }) => note)).toEqual(['a', 'b', 'c']);
  expect(await system.deadLetters(to)).toHaveLength(2);
  expect(await shown(to)).toMatchObject({ status: 'running', buffered: 0 });
});

test('a deleted actor is new: no state, no rows, no timers, no waiting messages', async () => {
  const to = 'counter/deleted';
  await system.call(to, add(7));
  await system.call(to, { type: 'later', name: 'never', delayMs: 3_600_000, amount: 1 });
  await order(to, 'pause');
  await system.tell(to, add(1));
  const armed = async () => ((await system.sys('work')).value as { timers: number }).timers;
  await system.idle();
  expect(await armed()).toBe(1);
  await order(to, 'delete');
  expect(await armed()).toBe(0);
  expect(await system.total(to)).toEqual({ total: 0, times: 0 });
  expect(await system.ask(to, 'counted')).toEqual([]);
  expect(await system.call(to, add(2))).toEqual({ ok: true, value: { total: 2 } });
});

test('restarting an actor loses nothing', async () => {
  const to = 'counter/restarted';
  await system.call(to, add(4));
  await order(to, 'restart');
  expect(await system.call(to, add(4))).toEqual({ ok: true, value: { total: 8 } });
});

test('killing an actor is an order in the log: it counts as a restart and loses nothing', async () => {
  const to = 'counter/killed';
  await system.call(to, add(4));
  const { ok, value } = await system.sys('order', { address: to, order: 'kill' });
  expect({ ok, value }).toEqual({ ok: true, value: { seq: expect.any(Number) } });
  await system.idle();
  expect(await shown(to)).toMatchObject({ status: 'running', restarts: 1 });
  expect(await system.call(to, add(4))).toEqual({ ok: true, value: { total: 8 } });
});

test('a final state ends the actor: later messages are dead letters until it is deleted', async () => {
  const to = 'counter/ended';
  await system.call(to, add(1));
  await system.call(to, { type: 'end' });
  expect(await system.call(to, add(1))).toMatchObject({ ok: false, error: { code: 'actor.ended' } });
  expect(await system.deadLetter(to)).toMatchObject({ error: { code: 'actor.ended' } });
  expect(await system.total(to)).toEqual({ total: 1, times: 1 });
  expect(await shown(to)).toMatchObject({ status: 'passivated', state: 'ended' });
  await order(to, 'delete');
  expect(await system.call(to, add(5))).toEqual({ ok: true, value: { total: 5 } });
});

test.each([
  [{ address: 'counter/x', order: 'explode' }, 'request.malformed'],
  [{ address: 'counter', order: 'pause' }, 'request.malformed'],
  [{ order: 'pause' }, 'request.malformed'],
])('the order %j is refused', async (body, code) => {
  expect(await system.sys('order', body)).toMatchObject({ ok: false, error: { code } });
});

test('an order to an actor of an unknown kind is a dead letter, and the partition goes on', async () => {
  await order('nobody/home', 'pause');
  expect(await system.deadLetter('nobody/home')).toMatchObject({ error: { code: 'actor.unknown_kind' } });
});

test('what only actors may send needs the token of the data directory', async () => {
  const body = { address: 'counter/x', message: add(1) };
  expect(await system.sys('internal', body)).toMatchObject({ ok: false, error: { code: 'authorisation' } });
});
