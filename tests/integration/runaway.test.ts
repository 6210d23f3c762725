/** A turn that never ends, or takes what it can get, ends its shard and not the node, and not for good. */
import { expect, test } from 'vitest';
import { EVENTUALLY, useSystem } from '../harness/test-node.ts';

const system = useSystem({ turnDeadlineMs: 1_000, shardMemoryMb: 64 });

/** Partitions are spread over the two shards by turns. */
const other = (partition: number): number => 1 - partition;

test.each([
  // Each on another shard than the one before: back-off grows while a shard is not healthy.
  { type: 'recurse', code: 'turn.stack', partition: 0 },
  { type: 'loop', code: 'turn.deadline', partition: 1 },
  { type: 'exhaust', code: 'turn.out_of_memory', partition: 0 },
])('$code: after three attempts $type is a dead letter, and its partition goes on', async (runaway) => {
  const { type, code, partition } = runaway;
  const [victim, neighbour] = system.neighbours(partition, 2, type);
  const [bystander] = system.neighbours(other(partition), 1, type);
  await system.tell(victim, { type: 'add', amount: 1 });
  const { seq } = await system.tell(victim, { type });
  await system.tell(victim, { type: 'add', amount: 1 });
  await system.tell(neighbour, { type: 'add', amount: 1 });

  // The other shard never notices.
  expect(await system.call(bystander, { type: 'add', amount: 1 })).toMatchObject({ ok: true });

  const letter = await system.deadLetter(victim);
  expect(letter).toMatchObject({ entry: seq, index: 0, message: { type }, error: { code } });
  await system.idle();
  expect(await system.total(victim)).toEqual({ total: 2, times: 2 });
  expect(await system.total(neighbour)).toEqual({ total: 1, times: 1 });
  expect(await system.total(bystander)).toEqual({ total: 1, times: 1 });
  await expect.poll(() => system.sys('health'), EVENTUALLY).toMatchObject({ live: true, ready: true });
});

test('a query that never ends costs its shard a restart, and no message', async () => {
  const [victim] = system.neighbours(1, 1, 'spun');
  const [bystander] = system.neighbours(other(1), 1, 'spun');
  await system.call(victim, { type: 'add', amount: 1 });
  const before = await system.deadLetters();
  const spun = system.request(system.subjects.ask(victim, 'spin'), {}, { timeoutMs: 3_000 });
  const [outcome] = await Promise.allSettled([spun, system.hears('A turn passed its deadline')]);
  expect(outcome.status === 'rejected' || !outcome.value.ok).toBe(true);
  expect(await system.total(bystander)).toEqual({ total: 0, times: 0 });
  expect(await system.total(victim)).toEqual({ total: 1, times: 1 });
  expect(await system.call(victim, { type: 'add', amount: 1 })).toMatchObject({ ok: true });
  expect(await system.deadLetters()).toEqual(before);
});

test('the verdicts hold when the node is started again', async () => {
  const letters = await system.deadLetters();
  await system.stop();
  await system.start();
  await system.idle();
  expect(await system.deadLetters()).toEqual(letters);
  expect(system.logged.filter(({ msg }) => msg.includes('ended its shard'))).toEqual([]);
});
