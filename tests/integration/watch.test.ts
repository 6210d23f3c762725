/** Watches on a real broker: over shards, restarts, kills and lost files, each end is told once. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { command, commandProcess } from '../../nodes/cli/cli-process.fixture.ts';
import { actorReplayDocument, orderDocument } from '../../nodes/cli/documents.ts';
import { type Address, workerAddress } from '../../protocol/address.ts';
import { encodeFrame, encodeRecord } from '../../protocol/frame.ts';
import { JetStreamLog } from '../../runtime/log-jetstream.ts';
import { type NodeProcess, startNodeProcess } from '../harness/node-process.ts';
import { appFile, TestSystem } from '../harness/test-node.ts';

vi.setConfig({ testTimeout: 120_000 });

async function openSystem() {
  const system = new TestSystem();
  onTestFinished(() => system.close());
  await system.open({ node: false });
  const place = ['--nats', system.broker.url, '--data', system.data];
  const app = appFile('watching');
  return {
    system,
    start: () =>
      startNodeProcess(system.settings({ app, shards: 2, determinismSample: 1 }), system.broker.url),
    forgetLocalState: () => rmSync(join(system.data, 'shards'), { recursive: true }),
    async send(to: Address, ...messages: object[]): Promise<void> {
      for (const message of messages) await system.tell(to, message);
      await system.idle();
    },
    async order(to: Address, order: 'kill' | 'delete') {
      const yes = order === 'delete' ? ['--yes'] : [];
      const { code, stdout, stderr } = await command(['actor', order, to, '--json', ...yes, ...place]);
      expect(code, stderr).toBe(0);
      await system.idle();
      return orderDocument.parse(JSON.parse(stdout));
    },
    told: (of: Address): Promise<string[]> => system.ask(of, 'told'),
    async expectIdentical(...addresses: Address[]): Promise<void> {
      for (const address of addresses) {
        const args = ['actor', 'replay', address, '--app', app, '--json', ...place];
        const { stdout, stderr } = await commandProcess(args);
        expect(stdout, `${address}: ${stderr}`).not.toBe('');
        expect(actorReplayDocument.parse(JSON.parse(stdout))).toMatchObject({ identical: true });
      }
    },
  };
}

const guard = (number: number): Address => `guard/g${number}`;
const WATCHERS = [1, 2, 3, 4].map(guard);
const target = guard(0);
const look = (at: Address) => ({ type: 'look', at });
const stop = async (node: NodeProcess): Promise<void> =>
  expect(await node.signal('SIGTERM'), node.logged()).toBe(0);

test.each(['stopped', 'killed'] as const)(
  'the end of an actor is told once to each of its watchers, although the node is %s and loses its files',
  async (how) => {
    const { system, start, forgetLocalState, send, told, expectIdentical } = await openSystem();
    const first = await start();
    await send(target, look(target), { type: 'ignore', at: target });
    for (const watcher of WATCHERS) await send(watcher, look(target), look(target));
    await send(WATCHERS[0] as Address, { type: 'ignore', at: target });
    await (how === 'stopped' ? stop(first) : first.kill());
    forgetLocalState();
    const second = await start();
    await system.idle();
    await expectIdentical(target, WATCHERS[1] as Address);
    // Nobody waits for what follows: the node dies while it does it.
    await system.tell(target, { type: 'end' });
    await second.kill();
    forgetLocalState();
    const third = await start();
    await system.idle();
    const expected = WATCHERS.map((_, index) => (index === 0 ? [] : [`${target} normal`]));
    expect(await Promise.all(WATCHERS.map(told))).toEqual(expected);
    await send(WATCHERS[0] as Address, look(target));
    expect(await told(WATCHERS[0] as Address)).toEqual([`${target} noproc`]);
    await expectIdentical(target, WATCHERS[1] as Address);
    expect(third.logged()).not.toMatch(/two results|"level":[56]0/);
  },
);

test('an actor that is killed, deleted or quarantined goes down for whoever watches it, each time once', async () => {
  const { system, start, send, order, told, expectIdentical } = await openSystem();
  const watcher = guard(1);
  await start();
  await send(watcher, look(target));
  expect((await order(target, 'kill')).seq).toBeGreaterThan(0);
  await order(target, 'kill');
  expect(await told(watcher)).toEqual([`${target} killed`]);
  await send(watcher, look(target));
  await order(target, 'delete');
  await send(watcher, look(target));
  await send(target, { type: 'fail' });
  expect(await told(watcher)).toEqual([`${target} killed`, `${target} shutdown`]);
  await send(target, { type: 'fail' });
  await send(watcher, look(target), look('nobody/home'));
  expect((await told(watcher)).slice(2).sort()).toEqual(
    [`${target} error`, `${target} error`, 'nobody/home noproc'].sort(),
  );
  expect(await system.deadLetters(target)).toHaveLength(2);
  await expectIdentical(target, watcher);
});

test('a worker is watched under its address, over the loss of its node', async () => {
  const { system, start, send, told, expectIdentical } = await openSystem();
  const watcher = guard(1);
  const worker = workerAddress('n1', 'camera');
  const node = await start();
  const log = await JetStreamLog.open(system.connection, system.subjects);
  const say = async (message: { type: string; incarnation: string; reason?: object }): Promise<void> => {
    const record = encodeRecord({ kind: 'control', to: worker, message });
    await log.appendFrame(system.partition(worker), encodeFrame([record]), undefined);
    await system.idle();
  };
  await send(watcher, look(worker));
  await say({ type: 'worker.up', incarnation: 'a' });
  await send(watcher, look(worker));
  expect(await told(watcher)).toEqual([`${worker} noproc`]);
  await node.kill();
  await start();
  await say({ type: 'worker.up', incarnation: 'b' });
  await send(watcher, look(worker));
  await say({ type: 'worker.down', incarnation: 'b', reason: { kind: 'shutdown' } });
  expect(await told(watcher)).toEqual([`${worker} noproc`, `${worker} error`, `${worker} shutdown`]);
  const { value } = await system.sys('actors');
  expect((value as { actors: { address: string }[] }).actors.map(({ address }) => address)).toEqual([
    watcher,
  ]);
  await expectIdentical(watcher);
});
