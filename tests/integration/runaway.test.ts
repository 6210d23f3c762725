/** A turn that never ends, or takes what it can get, ends its shard and not the node, and not for good. */
import { beforeAll, describe, expect, test } from 'vitest';
import { EVENTUALLY, useSystem } from '../harness/test-node.ts';

/** The deadline is far away, so that only what a turn does ends it. */
const system = useSystem({ turnDeadlineMs: 60_000, shardMemoryMb: 64 });

/** Partitions are spread over the two shards by turns. */
const other = (partition: number): number => 1 - partition;

/** The turn is tried, ends its shard three times and is skipped; nobody else notices. */
async function runAway(type: string, code: string, partition: number): Promise<void> {
  const [victim, neighbour] = system.neighbours(partition, 2, type);
  const [bystander] = system.neighbours(other(partition), 1, type);
  await system.tell(victim, { type: 'add', amount: 1 });
  const { seq } = await system.tell(victim, { type });
  await system.tell(victim, { type: 'add', amount: 1 });
  await system.tell(neighbour, { type: 'add', amount: 1 });
  expect(await system.call(bystander, { type: 'add', amount: 1 })).toMatchObject({ ok: true });

  const letter = await system.deadLetter(victim);
  expect(letter).toMatchObject({ entry: seq, index: 0, message: { type }, error: { code } });
  await system.idle();
  expect(await system.total(victim)).toEqual({ total: 2, times: 2 });
  expect(await system.total(neighbour)).toEqual({ total: 1, times: 1 });
  expect(await system.total(bystander)).toEqual({ total: 1, times: 1 });
  await expect.poll(() => system.sys('health'), EVENTUALLY).toMatchObject({ live: true, ready: true });
}

test('endless recursion becomes a dead letter with turn.stack, and its partition goes on', () =>
  runAway('recurse', 'turn.stack', 0));

test('taking all memory becomes a dead letter with turn.out_of_memory, and its partition goes on', () =>
  runAway('exhaust', 'turn.out_of_memory', 1));

describe('with a deadline of 1 s', () => {
  beforeAll(async () => {
    await system.stop();
    await system.start({ turnDeadlineMs: 1_000 });
  });

  test('the verdicts of an earlier start hold', async () => {
    await system.idle();
    expect(await system.deadLetters()).toHaveLength(2);
    expect(system.logged.filter(({ msg }) => msg.includes('ended its shard'))).toEqual([]);
  });

  test('an endless loop becomes a dead letter with turn.deadline, and its partition goes on', () =>
    runAway('loop', 'turn.deadline', 0));

  test('a query that never ends costs its shard a restart, and no message', async () => {
    const [victim] = system.neighbours(1, 1, 'spun');
    const [bystander] = system.neighbours(0, 1, 'spun');
    await system.call(victim, { type: 'add', amount: 1 });
    const before = await system.deadLetters();
    system.logged.length = 0;
    const spun = system.request(system.subjects.ask(victim, 'spin'), {}, { timeoutMs: 3_000 });
    const [outcome] = await Promise.allSettled([spun, system.hears('A turn passed its deadline')]);
    expect(outcome.status === 'rejected' || !outcome.value.ok).toBe(true);
    expect(await system.total(bystander)).toEqual({ total: 0, times: 0 });
    expect(await system.total(victim)).toEqual({ total: 1, times: 1 });
    expect(await system.call(victim, { type: 'add', amount: 1 })).toMatchObject({ ok: true });
    expect(await system.deadLetters()).toEqual(before);
  });
});
