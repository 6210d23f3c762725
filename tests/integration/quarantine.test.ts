/** An actor that fails on message after message is set aside, and nothing of what it was sent is lost. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { command, commandProcess } from '../../nodes/cli/cli-process.fixture.ts';
import { actorReplayDocument, actorShowDocument } from '../../nodes/cli/documents.ts';
import type { Address } from '../../protocol/address.ts';
import { treeReplySchema, type WireTreeNode } from '../../protocol/wire.ts';
import { type NodeProcess, startNodeProcess } from '../harness/node-process.ts';
import { appFile, TestSystem } from '../harness/test-node.ts';

vi.setConfig({ testTimeout: 120_000 });

/** A broker, and nodes that are processes of their own. */
async function openSystem() {
  const system = new TestSystem();
  onTestFinished(() => system.close());
  await system.open({ node: false });
  const place = ['--nats', system.broker.url, '--data', system.data];
  const send = async (to: Address, ...messages: object[]): Promise<void> => {
    for (const message of messages) await system.tell(to, message);
    await system.idle();
  };
  return {
    system,
    send,
    start: (app = 'counter') =>
      startNodeProcess(system.settings({ app: appFile(app), determinismSample: 1 }), system.broker.url),
    stop: async (node: NodeProcess) => expect(await node.signal('SIGTERM'), node.logged()).toBe(0),
    forgetLocalState: () => rmSync(join(system.data, 'shards'), { recursive: true }),
    async resume(to: Address): Promise<void> {
      expect(await command(['actor', 'resume', to, ...place])).toMatchObject({ code: 0 });
      await system.idle();
    },
    async shown(to: Address) {
      const { stdout } = await command(['actor', 'show', to, '--json', ...place]);
      return actorShowDocument.parse(JSON.parse(stdout));
    },
    /** What the node has of an actor is what a replay makes of it. */
    async expectIdentical(to: Address, app = 'counter'): Promise<void> {
      const { stdout, stderr } = await commandProcess([
        ...['actor', 'replay', to, '--app', appFile(app), '--json'],
        ...place,
      ]);
      expect(stdout, stderr).not.toBe('');
      expect(actorReplayDocument.parse(JSON.parse(stdout))).toMatchObject({ identical: true });
    },
  };
}

const add = (note: string) => ({ type: 'add', amount: 1, note });
const failures = (count: number) => Array.from({ length: count }, () => ({ type: 'fail', amount: 1 }));
const parked = {
  status: 'parked',
  reason: 'It failed on 6 messages in a row; the last threw: the message is poison',
};

const actorsIn = (node: WireTreeNode): WireTreeNode[] => [
  ...(node.type === 'actor' ? [node] : []),
  ...(node.children ?? []).flatMap(actorsIn),
];

test.each(['stopped', 'killed'] as const)(
  'failures are counted over a node that is %s and its local state, and what comes then waits',
  async (how) => {
    const { system, start, stop, forgetLocalState, send, shown, expectIdentical } = await openSystem();
    const [to, neighbour] = system.neighbours(1, 2, 'failing');
    const first = await start();
    await send(to, add('a'), ...failures(3));
    if (how === 'stopped') await stop(first);
    else await first.kill();
    forgetLocalState();
    const second = await start();
    await send(to, ...failures(2));
    expect(await shown(to)).toMatchObject({ status: 'running', buffered: 0 });
    await second.kill();
    const third = await start();
    await send(to, ...failures(1), add('b'), ...failures(1), add('c'));
    expect(await shown(to)).toMatchObject({ ...parked, buffered: 3 });
    expect(await system.deadLetters(to)).toHaveLength(6);
    expect(await system.call(neighbour, add('z'))).toMatchObject({ ok: true });
    const { nodes } = treeReplySchema.parse(await system.sys('tree'));
    expect(actorsIn((nodes[0] as { tree: WireTreeNode }).tree).find(({ id }) => id === to)).toMatchObject({
      status: 'parked',
      buffered: 3,
    });
    await third.kill();
    forgetLocalState();
    const fourth = await start();
    await system.idle();
    expect(await shown(to)).toMatchObject({ ...parked, buffered: 3 });
    expect(await system.deadLetters(to)).toHaveLength(6);
    await expectIdentical(to);
    expect(fourth.logged()).not.toMatch(/two results|"level":[56]0/);
  },
);

test('what waits is taken in order by resume; too many failures again, and the rest waits', async () => {
  const { system, start, send, shown, resume, expectIdentical } = await openSystem();
  const to: Address = 'counter/failing';
  await start();
  await send(to, ...failures(6), add('a'), ...failures(6), add('b'), ...failures(5), add('c'));
  expect(await shown(to)).toMatchObject({ ...parked, buffered: 14 });
  await resume(to);
  expect(await shown(to)).toMatchObject({ ...parked, buffered: 7 });
  await expectIdentical(to);
  await resume(to);
  expect(await shown(to)).toMatchObject({ status: 'running', buffered: 0 });
  const counted = await system.ask<{ note: string }[]>(to, 'counted');
  expect(counted.map(({ note }) => note)).toEqual(['a', 'b', 'c']);
  expect(await system.deadLetters(to)).toHaveLength(17);
  await expectIdentical(to);
});

test('after a fix, what was sent has its effect once: dead letters that are replayed wait with the rest', async () => {
  const { system, start, stop, send, shown, resume } = await openSystem();
  const to: Address = 'counter/repaired';
  const broken = await start();
  await send(to, ...failures(6), add('a'));
  const ids = (await system.deadLetters(to)).map(({ id }) => id);
  expect(await system.sys('dead', { op: 'replay', ids: ids.slice(0, 3) })).toMatchObject({ ok: true });
  await system.idle();
  expect(await shown(to)).toMatchObject({ ...parked, buffered: 4 });
  await stop(broken);
  await start('counter-fixed');
  await system.idle();
  expect(await shown(to)).toMatchObject({ ...parked, buffered: 4 });
  await resume(to);
  expect(await system.sys('dead', { op: 'replay', ids: ids.slice(3) })).toMatchObject({ ok: true });
  await system.idle();
  expect(await system.total(to)).toEqual({ total: 7, times: 7 });
  expect(await system.deadLetters(to)).toEqual([]);
});
