/** Being asked to stop, or not being asked: what was committed stays, and what was under way is finished later. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { type NodeProcess, startNodeProcess } from '../harness/node-process.ts';
import { TestSystem } from '../harness/test-node.ts';

// Machines that test are busy, and a node takes its seconds to start there.
vi.setConfig({ testTimeout: 90_000 });

const STOP_MS = 5_000;
const MESSAGES = 1_000;
const RECEIVERS = 10;

/** A broker, and a way to start nodes that are processes of their own. */
async function openSystem(): Promise<{ system: TestSystem; startNode: () => Promise<NodeProcess> }> {
  const system = new TestSystem({ shards: 2 });
  onTestFinished(() => system.close());
  await system.open({ node: false });
  return { system, startNode: () => startNodeProcess(system.settings(), system.broker.url) };
}

/** Messages whose turns tell others; resolves when the node is in the middle of them, with the end of it. */
async function keepBusy(system: TestSystem): Promise<{ readonly sent: Promise<unknown> }> {
  const publish = (number: number) => {
    const keys = [`receiver-${number % RECEIVERS}`];
    return system.tell(`counter/busy-${number % 20}`, { type: 'spread', keys, amount: 1 });
  };
  const sent = Array.from({ length: MESSAGES }, (_, number) => publish(number));
  await Promise.all(sent.slice(0, MESSAGES / 3));
  return { sent: Promise.all(sent) };
}

/** What every receiver has counted, once nothing is left to do. */
async function received(system: TestSystem) {
  await system.idle();
  const receivers = Array.from({ length: RECEIVERS }, (_, key) => `counter/receiver-${key}` as const);
  const totals = await Promise.all(receivers.map((receiver) => system.total(receiver)));
  return { totals, deadLetters: await system.deadLetters() };
}

const each = MESSAGES / RECEIVERS;
const everythingOnce = {
  totals: Array.from({ length: RECEIVERS }, () => ({ total: each, times: each })),
  deadLetters: [],
};

test('SIGTERM in the middle of work stops the node within 5 s with 0; the next start repairs nothing', async () => {
  const { system, startNode } = await openSystem();
  const first = await startNode();
  const { sent } = await keepBusy(system);
  const asked = performance.now();
  expect(await first.signal('SIGTERM'), first.logged()).toBe(0);
  expect(performance.now() - asked).toBeLessThan(STOP_MS);
  await sent;
  const second = await startNode();
  expect(await received(system)).toEqual(everythingOnce);
  expect(second.logged()).not.toMatch(/rebuilt|"level":[456]0/);
});

test('a node that is killed in the middle of work finishes it after a start, each message once', async () => {
  const { system, startNode } = await openSystem();
  const first = await startNode();
  const { sent } = await keepBusy(system);
  await first.kill();
  await sent;
  await startNode();
  expect(await received(system)).toEqual(everythingOnce);
});

test('a second node of the same namespace is refused, and the first one serves on', async () => {
  const { system, startNode } = await openSystem();
  await startNode();
  const settings = { ...system.settings(), data: `${system.data}/second` };
  await expect(startNodeProcess(settings, system.broker.url)).rejects.toThrow(
    /Another node serves the namespace/,
  );
  expect(await system.call('counter/first', { type: 'add', amount: 1 })).toMatchObject({ ok: true });
});
