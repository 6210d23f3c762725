/** Being asked to stop: in time, committed and clean, so that the next start has nothing to repair. */
import { expect, onTestFinished, test } from 'vitest';
import { startNodeProcess } from '../harness/node-process.ts';
import { TestSystem } from '../harness/test-node.ts';

const STOP_MS = 5_000;

async function openSystem(): Promise<TestSystem> {
  const system = new TestSystem();
  onTestFinished(() => system.close());
  await system.open({ node: false });
  return system;
}

test('SIGTERM in the middle of work stops the node within 5 s with 0; the next start repairs nothing', async () => {
  const system = await openSystem();
  const node = await startNodeProcess(system.settings(), system.broker.url);
  const sent = Array.from({ length: 1_000 }, (_, number) =>
    system.tell(`counter/busy-${number % 20}`, { type: 'spread', keys: [`got-${number % 10}`], amount: 1 }),
  );
  await Promise.all(sent.slice(0, 300));
  const deadline = AbortSignal.timeout(STOP_MS);
  const code = await Promise.race([
    node.signal('SIGTERM'),
    new Promise((_resolve, reject) =>
      deadline.addEventListener('abort', () => reject(new Error('it is too late'))),
    ),
  ]);
  expect(code, node.logged()).toBe(0);
  await Promise.all(sent);

  await system.start();
  await system.idle();
  expect(system.logged.filter(({ level, msg }) => level >= 40 || msg.includes('rebuilt'))).toEqual([]);
  const totals = await Promise.all(
    Array.from({ length: 10 }, (_, key) => system.total(`counter/got-${key}`)),
  );
  expect(totals).toEqual(totals.map(() => ({ total: 100, times: 100 })));
});

test('a node that was killed in the middle of work finishes it when it is started again, each message once', async () => {
  const system = await openSystem();
  const node = await startNodeProcess(system.settings(), system.broker.url);
  const sent = Array.from({ length: 1_000 }, (_, number) =>
    system.tell(`counter/busy-${number % 20}`, { type: 'spread', keys: [`got-${number % 10}`], amount: 1 }),
  );
  await Promise.all(sent.slice(0, 300));
  await node.kill();
  await Promise.all(sent);
  await system.start();
  await system.idle();
  const totals = await Promise.all(
    Array.from({ length: 10 }, (_, key) => system.total(`counter/got-${key}`)),
  );
  expect(totals).toEqual(totals.map(() => ({ total: 100, times: 100 })));
});

test('a second node of the same namespace is refused while the first one serves', async () => {
  const system = await openSystem();
  await system.start();
  const second = new TestSystem();
  onTestFinished(() => second.close());
  const settings = { ...system.settings(), data: second.data };
  await expect(startNodeProcess(settings, system.broker.url)).rejects.toThrow(/namespace/);
  expect(await system.call('counter/first', { type: 'add', amount: 1 })).toMatchObject({ ok: true });
});
