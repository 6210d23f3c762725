/** A turn that never ends, or takes what it can get, ends its shard and not the node, and not for good. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { TreeReply } from '../../protocol/wire.ts';
import { EVENTUALLY, useSystem } from '../harness/test-node.ts';

/** The deadline is far away, so that only what a turn does ends it. */
const system = useSystem({ shards: 2, turnDeadlineMs: 60_000, shardMemoryMb: 64 });

/** Partitions are spread over the two shards by turns. */
const other = (partition: number): number => 1 - partition;

/** What became of a turn that runs away, of its actor, and of others in its partition and elsewhere. */
async function runAway(type: string, partition: number) {
  const [victim, neighbour] = system.neighbours(partition, 2, type);
  const [bystander] = system.neighbours(other(partition), 1, type);
  await system.tell(victim, { type: 'add', amount: 1 });
  const { seq } = await system.tell(victim, { type });
  await system.tell(victim, { type: 'add', amount: 1 });
  await system.tell(neighbour, { type: 'add', amount: 1 });
  const atOnce = await system.call(bystander, { type: 'add', amount: 1 });
  const { entry, index, message, error } = await system.deadLetter(victim);
  await system.idle();
  const health = await vi.waitFor(async () => {
    const reply = await system.sys('health');
    expect(reply).toMatchObject({ ready: true });
    return reply;
  }, EVENTUALLY);
  return {
    code: error.code,
    dead: entry === seq && index === 0 && message?.['type'] === type,
    victim: (await system.total(victim)).total,
    neighbour: (await system.total(neighbour)).total,
    bystander: atOnce,
    live: 'live' in health && health.live,
  };
}

/** Three attempts, a dead letter, and everybody else goes on. */
const contained = (code: string) => ({
  code,
  dead: true,
  victim: 2,
  neighbour: 1,
  bystander: { ok: true, value: { total: 1 } },
  live: true,
});

test('endless recursion becomes a dead letter with turn.stack, and its partition goes on', async () => {
  expect(await runAway('recurse', 0)).toEqual(contained('turn.stack'));
});

test('taking all memory becomes a dead letter with turn.out_of_memory, and its partition goes on', async () => {
  expect(await runAway('exhaust', 1)).toEqual(contained('turn.out_of_memory'));
});

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

  test('an endless loop becomes a dead letter with turn.deadline, and its partition goes on', async () => {
    expect(await runAway('loop', 0)).toEqual(contained('turn.deadline'));
  });

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

  test('a task that keeps the thread for itself gets its shard replaced, and everybody else is served meanwhile', async () => {
    const [victim] = system.neighbours(1, 1, 'blocked');
    const [bystander] = system.neighbours(0, 1, 'blocked');
    system.logged.length = 0;
    const mark = join(system.data, 'blocked');
    await system.tell(victim, { type: 'block', mark });
    const [, served] = await Promise.all([
      system.hears('A shard stopped answering'),
      system.call(bystander, { type: 'add', amount: 1 }),
    ]);
    expect(served).toMatchObject({ ok: true });
    // The task runs again, with the same key, in the shard that came in its place.
    await system.idle();
    expect(await system.total(victim)).toEqual({ total: 0, times: 1 });
  });

  test('what messages did to shards counts towards no intensity, what a task did does', async () => {
    const { nodes } = (await system.sys('tree', { depth: 0 })) as unknown as TreeReply;
    expect(nodes[0]?.tree.intensity).toMatchObject({ used: 1 });
  });
});
