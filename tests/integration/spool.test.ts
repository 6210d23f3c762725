/** A broker that dies while items are collected which nobody can read a second time. */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startNodeProcess } from '../harness/node-process.ts';
import { appFile, EVENTUALLY, TestSystem } from '../harness/test-node.ts';

vi.setConfig({ testTimeout: 120_000 });

const ITEMS = 6;

/** A node that has taken all items from their source, whose broker does not answer any more. */
async function cutOff() {
  const system = new TestSystem();
  onTestFinished(() => system.close());
  await system.open({ node: false });
  const folder = join(system.data, 'fleeting');
  mkdirSync(folder);
  const hold = join(folder, 'hold');
  writeFileSync(hold, '');
  for (let n = 0; n < ITEMS; n++)
    writeFileSync(join(folder, `${n}.txt`), `This is the only copy of item ${n}.`);
  const settings = system.settings({ app: appFile('fleeting'), node: { name: 'n1', labels: {} } });
  const start = () => startNodeProcess(settings, system.broker.url);
  const node = await start();
  await system.call('starter/main', { type: 'start', node: 'n1' });
  const target = { type: 'fleeting', location: folder };
  expect(await system.call('orchestrator/main', { type: 'target.add', target })).toMatchObject({ ok: true });
  const taken = () => readdirSync(folder).filter((name) => name.endsWith('.taken')).length;
  await expect.poll(taken, EVENTUALLY).toBe(1);
  system.broker.freeze();
  rmSync(hold);
  await expect.poll(taken, EVENTUALLY).toBe(ITEMS);
  const spool = join(system.data, 'tasks', 'spool');
  const spooled = () => readdirSync(spool).filter((name) => statSync(join(spool, name)).size > 0);
  expect(spooled()).toHaveLength(1);
  return { system, node, start, spooled };
}

async function everythingIsAccepted(system: TestSystem): Promise<void> {
  const stats = () => system.ask('intake/main', 'stats').catch(() => undefined);
  await expect
    .poll(stats, EVENTUALLY)
    .toMatchObject({ collected: ITEMS, accepted: ITEMS, duplicates: 0, retried: 0, pending: 0 });
  const [target] = await system.ask<{ status: string; lastOutcome: string }[]>(
    'orchestrator/main',
    'targets',
  );
  expect(target).toMatchObject({ failures: 0 });
  expect(await system.deadLetters()).toEqual([]);
}

test('while the node goes on: all of them are accepted, each once, and nothing is kept afterwards', async () => {
  const { system, spooled } = await cutOff();
  await system.broker.kill();
  await everythingIsAccepted(system);
  await expect.poll(spooled, EVENTUALLY).toEqual([]);
});

test('and the node is killed, too: the next one finds them in its spool; each is accepted once', async () => {
  const { system, node, start, spooled } = await cutOff();
  await node.kill();
  await system.broker.kill();
  await start();
  await everythingIsAccepted(system);
  await expect.poll(spooled, EVENTUALLY).toEqual([]);
});
