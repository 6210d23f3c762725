/** Durable actors live under the application's supervisors, which act when an operator kills one. */
import { expect, test, vi } from 'vitest';
import type { Address } from '../../protocol/address.ts';
import type { TreeReply, WireTreeNode } from '../../protocol/wire.ts';
import { appFile, EVENTUALLY, useSystem } from '../harness/test-node.ts';

const system = useSystem({ app: appFile('family') });

const everybody: readonly Address[] = ['elder/main', 'middle/main', 'stranger/x', 'young/a', 'young/b'];

async function tree(): Promise<WireTreeNode> {
  const { nodes } = (await system.sys('tree')) as unknown as TreeReply;
  return nodes[0]?.tree ?? expect.fail('there is no node');
}

function at(node: WireTreeNode, path: string): WireTreeNode {
  if (node.path === path) return node;
  const next = node.children?.find((child) => path === child.path || path.startsWith(`${child.path}/`));
  return next === undefined ? expect.fail(`there is nothing at ${path}`) : at(next, path);
}

/** How often each was restarted. */
async function restarts(): Promise<Record<string, number>> {
  const family = at(await tree(), 'n1/shard-0/town');
  const all = (node: WireTreeNode): WireTreeNode[] => [node, ...(node.children ?? []).flatMap(all)];
  return Object.fromEntries(
    all(family)
      .filter(({ type }) => type === 'actor')
      .map((actor) => [actor.id, actor.restarts]),
  );
}

const family = async (): Promise<WireTreeNode> => at(await tree(), 'n1/shard-0/town/family');

async function kill(address: Address): Promise<void> {
  expect(await system.sys('order', { address, order: 'kill' })).toMatchObject({ ok: true });
  await system.idle();
}

test('the tree shows every actor under the supervisor that the application declares for it', async () => {
  for (const address of everybody) await system.call(address, { type: 'add' });
  const children = (await family()).children ?? [];
  expect(children.map(({ id }) => id)).toEqual(['elder/main', 'middle/main', 'young/a', 'young/b']);
  expect(await family()).toMatchObject({ strategy: 'rest_for_one', status: 'running', restarts: 0 });
  expect((await family()).intensity).toEqual({ max: 2, windowMs: 60_000, used: 0 });
});

test('poison, whoever sends it, counts towards no intensity', async () => {
  await system.tell('middle/main', { type: 'unheard of' });
  await system.deadLetter('middle/main');
  expect((await family()).intensity).toMatchObject({ used: 0 });
});

/** What was restarted since then. */
async function since(before: Record<string, number>): Promise<Record<string, number>> {
  const more = Object.entries(await restarts()).map(
    ([id, count]) => [id, count - (before[id] ?? 0)] as const,
  );
  return Object.fromEntries(more.filter(([, count]) => count > 0));
}

test('killing one restarts it and those declared after it, and counts once', async () => {
  const before = await restarts();
  await kill('middle/main');
  await vi.waitFor(async () => {
    expect(await since(before)).toEqual({ 'middle/main': 1, 'young/a': 1, 'young/b': 1 });
    expect((await family()).intensity).toMatchObject({ used: 1 });
  }, EVENTUALLY);
  for (const address of everybody) expect(await system.ask(address, 'total')).toBe(1);
});

test('one_for_one: killing one restarts nobody else', async () => {
  const before = await restarts();
  await kill('stranger/x');
  await vi.waitFor(async () => {
    expect(await since(before)).toEqual({ 'stranger/x': 1 });
    expect(at(await tree(), 'n1/shard-0/town').intensity).toMatchObject({ used: 1 });
  }, EVENTUALLY);
});

test('a supervisor that gives up is restarted by the one above it; its actors are served, and the shard lives', async () => {
  await kill('elder/main');
  await kill('elder/main');
  await vi.waitFor(async () => {
    expect(await family()).toMatchObject({ status: 'running', restarts: 1, intensity: { used: 0 } });
    expect(at(await tree(), 'n1/shard-0/town').intensity).toMatchObject({ used: 2 });
  }, EVENTUALLY);
  for (const address of everybody)
    expect(await system.call(address, { type: 'add' })).toMatchObject({ value: 2 });
  expect(at(await tree(), 'n1/shard-0')).toMatchObject({ restarts: 0 });
});
