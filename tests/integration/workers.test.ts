/** Workers of a real node: started, restarted and stopped with it, and never at its expense. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { isAlive } from '../../nodes/broker/process-identity.ts';
import type { WorkerEntry } from '../../nodes/workers/node-workers.ts';
import { workerAddress } from '../../protocol/address.ts';
import { decodeFrame } from '../../protocol/frame.ts';
import { HEADER } from '../../protocol/headers.ts';
import type { TreeReply, WireTreeNode } from '../../protocol/wire.ts';
import type { DescribedWorkers } from '../harness/apps/workers.ts';
import { startNodeProcess } from '../harness/node-process.ts';
import { appFile, EVENTUALLY, TestSystem, TOKEN } from '../harness/test-node.ts';

vi.setConfig({ testTimeout: 90_000 });
const variable = 'TEST_WORKERS';
afterAll(() => {
  delete process.env[variable];
});

/** A system of its own for each test, with these workers. */
async function open(described: DescribedWorkers, { node = true } = {}): Promise<TestSystem> {
  process.env[variable] = JSON.stringify(described);
  const system = new TestSystem({ app: appFile('workers') });
  onTestFinished(() => system.close());
  await system.open({ node });
  return system;
}

async function list(system: TestSystem): Promise<WorkerEntry[]> {
  const { value } = await system.sys('workers');
  return (value as { workers: WorkerEntry[] }).workers;
}

async function entry(system: TestSystem, id: string): Promise<WorkerEntry> {
  return (await list(system)).find((one) => one.id === id) ?? expect.fail(`there is no worker '${id}'`);
}

/** Resolves with a worker that runs again: another process than `before`. */
function another(system: TestSystem, before: WorkerEntry): Promise<WorkerEntry & { readonly pid: number }> {
  return vi.waitFor(async () => {
    const now = await entry(system, before.id);
    expect(now.pid).not.toBe(before.pid);
    return { ...now, pid: now.pid ?? expect.fail('it does not run') };
  }, EVENTUALLY);
}

async function root(system: TestSystem): Promise<WireTreeNode> {
  const reply = (await system.sys('tree')) as unknown as TreeReply;
  return reply.nodes[0]?.tree ?? expect.fail('there is no tree');
}

async function at(system: TestSystem, path: string): Promise<WireTreeNode> {
  const below = (node: WireTreeNode): WireTreeNode[] => [node, ...(node.children ?? []).flatMap(below)];
  const all = below(await root(system));
  return all.find((node) => node.path === path) ?? expect.fail(`there is nothing at ${path}`);
}

/** What the log holds of a worker's life, in order. */
async function told(system: TestSystem, id: string): Promise<object[]> {
  const stream = system.subjects.streams.mailbox;
  const { state } = await system.jsm.streams.info(stream);
  const records: object[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const stored = await system.jsm.streams.getMessage(stream, { seq });
    const data = stored?.data ?? new Uint8Array();
    if (stored === null || !stored.subject.includes('frame') || data.byteLength === 0) continue;
    for (const { kind, to, message } of decodeFrame(data))
      if (kind === 'control' && to === workerAddress('n1', id)) records.push(message);
  }
  return records;
}

const pidOf = ({ pid }: WorkerEntry): number => pid ?? expect.fail('it does not run');
const once = (system: TestSystem, id: string): string => join(system.data, `${id}.once`);

describe('a node with workers', () => {
  test('starts them with it, shows them beside its shards, and stops them with it', async () => {
    const system = await open({ workers: [{ id: 'embedder' }, { id: 'parser', restart: 'transient' }] });
    const tree = await root(system);
    expect(tree.children?.map(({ id }) => id)).toEqual(['shard-0', 'workers']);
    const shown = { type: 'worker', status: 'running', restarts: 0, pid: expect.any(Number) };
    expect(await at(system, 'n1/workers/app')).toMatchObject({
      strategy: 'one_for_one',
      children: [
        {
          id: 'heavy',
          intensity: { max: 3, windowMs: 60_000 },
          children: [
            { ...shown, id: 'embedder', restart: 'permanent' },
            { ...shown, id: 'parser', restart: 'transient' },
          ],
        },
      ],
    });
    expect(await at(system, 'n1/shard-0/app')).toMatchObject({ children: [] });
    const pids = (await list(system)).map(pidOf);
    expect(pids.map(isAlive)).toEqual([true, true]);
    await system.stop();
    expect(pids.map(isAlive)).toEqual([false, false]);
    expect(await told(system, 'embedder')).toEqual([
      { type: 'worker.up', incarnation: expect.stringMatching(/\.1$/) },
      { type: 'worker.down', incarnation: expect.stringMatching(/\.1$/), reason: { kind: 'shutdown' } },
    ]);
  });

  test('without any has no supervisor of workers', async () => {
    const system = await open({ workers: [] });
    expect((await root(system)).children?.map(({ id }) => id)).toEqual(['shard-0']);
    expect(await list(system)).toEqual([]);
  });

  test('kills one that does not stop within its time, and leaves nothing', async () => {
    const system = await open({ workers: [{ id: 'deaf', behaviour: 'deaf', shutdownMs: 300 }] });
    const pid = pidOf(await entry(system, 'deaf'));
    await system.stop();
    expect(isAlive(pid)).toBe(false);
    expect(system.logged.find(({ msg }) => msg === 'A worker has ended.')).toMatchObject({
      worker: 'deaf',
      reason: 'killed',
    });
  });

  test('does not start when one of them cannot be imported, and another one can start at once', async () => {
    const broken = [{ id: 'first' }, { id: 'broken', module: '/no/such/broken.worker.ts' }];
    const system = await open({ workers: broken }, { node: false });
    await expect(system.start()).rejects.toMatchObject({
      code: 'worker.start',
      message: expect.stringMatching(/'broken'.*\/no\/such\/broken\.worker\.ts/),
    });
    const up = system.logged.find(({ msg }) => msg === 'A worker is up.');
    expect(up).toMatchObject({ worker: 'first' });
    expect(isAlive(up?.['pid'] as number)).toBe(false);
    await system.hears('A worker did not start.');
    process.env[variable] = JSON.stringify({ workers: [{ id: 'first' }] });
    await system.start();
    expect(await entry(system, 'first')).toMatchObject({ status: 'running' });
  });
});

test('a module outside of the project talks to the actors through what it imports from banyan', async () => {
  const system = new TestSystem({ app: appFile('workers') });
  onTestFinished(() => system.close());
  const module = join(system.data, 'talking.worker.mjs');
  writeFileSync(
    module,
    `import { escapeKey } from 'banyan';
    import { connectBanyan } from 'banyan/client';
    import { z } from 'zod';
    export default async ({ id, node, broker, signal }) => {
      const client = await connectBanyan(broker);
      await client.submit('counter/' + escapeKey(z.string().parse(id)), { type: 'add', amount: 5, note: node });
      await client.close();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    };`,
  );
  process.env[variable] = JSON.stringify({ workers: [{ id: 'talking', module }] });
  await system.open();
  await vi.waitFor(
    async () => expect(await system.total('counter/talking')).toMatchObject({ total: 5 }),
    EVENTUALLY,
  );
});

describe('a worker that ends', () => {
  test('by SIGKILL returns as another process, and actors and shard go on untouched', async () => {
    const system = await open({ workers: [{ id: 'embedder' }] });
    await system.call('counter/a', { type: 'add', amount: 2 });
    const before = await entry(system, 'embedder');
    process.kill(pidOf(before), 'SIGKILL');
    expect(await system.call('counter/a', { type: 'add', amount: 1 })).toMatchObject({ value: { total: 3 } });
    const after = await another(system, before);
    expect(after).toMatchObject({ status: 'running', restarts: 1 });
    expect(await at(system, 'n1/workers/app/heavy/embedder')).toMatchObject({ restarts: 1, pid: after.pid });
    expect(await at(system, 'n1/shard-0')).toMatchObject({ status: 'running', restarts: 0 });
    expect(await system.total('counter/a')).toMatchObject({ total: 3, times: 2 });
    await vi.waitFor(async () => {
      expect(await told(system, 'embedder')).toEqual([
        { type: 'worker.up', incarnation: expect.stringMatching(/\.1$/) },
        {
          type: 'worker.down',
          incarnation: expect.stringMatching(/\.1$/),
          reason: {
            kind: 'error',
            code: 'worker.failed',
            message: "The worker 'embedder' was ended by SIGKILL.",
          },
        },
        { type: 'worker.up', incarnation: expect.stringMatching(/\.2$/) },
      ]);
    }, EVENTUALLY);
  });

  test.each([
    ['throw', 'worker.failed', 'threw RangeError: the work is too hard'],
    ['exit', 'worker.failed', 'exited with code 3'],
    ['block', 'worker.hung', 'did not answer within 5000 ms'],
  ])('by a failure (%s) is started again, with %s in the log', async (behaviour, code, error) => {
    const system = new TestSystem({ app: appFile('workers') });
    onTestFinished(() => system.close());
    const described = { id: 'w', behaviour, once: once(system, 'w'), answerMs: 5_000 };
    process.env[variable] = JSON.stringify({ workers: [described] });
    await system.open();
    const ended = await system.hears('A worker has ended.');
    expect(ended).toMatchObject({ code, error: expect.stringContaining(error) });
    await vi.waitFor(async () => {
      expect(await entry(system, 'w')).toMatchObject({ status: 'running', restarts: 1 });
    }, EVENTUALLY);
    expect(isAlive(ended['pid'] as number)).toBe(false);
  });

  test('by returning stays down when it is transient', async () => {
    const system = await open({ workers: [{ id: 'once', behaviour: 'return', restart: 'transient' }] });
    await system.hears('A worker has ended.');
    await vi.waitFor(async () => {
      expect(await entry(system, 'once')).toEqual({
        id: 'once',
        path: 'n1/workers/app/heavy/once',
        status: 'passivated',
        pid: null,
        restarts: 0,
        uptimeMs: null,
      });
    }, EVENTUALLY);
  });

  test('takes its siblings along under one_for_all', async () => {
    const system = await open({ strategy: 'one_for_all', workers: [{ id: 'a' }, { id: 'b' }] });
    const [a, b] = [await entry(system, 'a'), await entry(system, 'b')];
    process.kill(pidOf(a), 'SIGKILL');
    const after = [await another(system, a), await another(system, b)];
    expect(after.map(({ restarts }) => restarts)).toEqual([1, 1]);
    expect([a, b].map(pidOf).map(isAlive)).toEqual([false, false]);
  });

  test('too often makes its supervisor give up, which is started again; the node lives', async () => {
    const system = await open({ max: 1, workers: [{ id: 'calm' }, { id: 'wild' }] });
    const calm = await entry(system, 'calm');
    let wild = await entry(system, 'wild');
    for (let crashes = 0; crashes < 2; crashes++) {
      process.kill(pidOf(wild), 'SIGKILL');
      wild = await another(system, wild);
    }
    expect(system.logged).toContainEqual(expect.objectContaining({ type: 'gave-up', supervisor: 'heavy' }));
    await another(system, calm);
    expect(await at(system, 'n1/workers/app/heavy')).toMatchObject({ status: 'running', restarts: 1 });
    expect((await root(system)).children?.map(({ restarts }) => restarts)).toEqual([0, 0]);
    expect(await system.call('counter/b', { type: 'add', amount: 1 })).toMatchObject({ ok: true });
  });

  test('by a fault that it declares to be passing returns as often as it takes, without counting', async () => {
    const marks = join(mkdtempSync(join(tmpdir(), 'banyan-busy-')), 'busy');
    onTestFinished(() => rmSync(dirname(marks), { recursive: true }));
    const system = await open({ max: 0, workers: [{ id: 'gpu', behaviour: 'busy', marks }] });
    await vi.waitFor(async () => {
      expect(await entry(system, 'gpu')).toMatchObject({ restarts: 4, status: 'running' });
    }, EVENTUALLY);
    expect(await at(system, 'n1/workers/app/heavy')).toMatchObject({ restarts: 0, intensity: { used: 0 } });
    expect(system.logged.filter(({ type }) => type === 'gave-up')).toEqual([]);
  });
});

test('an actor that watches a worker is told once for each watch, with the reason', async () => {
  const system = await open({ workers: [{ id: 'embedder' }] });
  const embedder = workerAddress('n1', 'embedder');
  const look = (of: string) => system.tell('guard/a', { type: 'look', at: of });
  const hears = (...all: string[]) =>
    vi.waitFor(async () => expect(await system.ask('guard/a', 'told')).toEqual(all), EVENTUALLY);
  await look(embedder);
  await system.idle();
  let worker = await entry(system, 'embedder');
  for (const _ of [1, 2]) {
    process.kill(pidOf(worker), 'SIGKILL');
    worker = await another(system, worker);
    await hears(`${embedder} error`);
  }
  await look(embedder);
  await system.idle();
  const headers = { [HEADER.token]: TOKEN };
  expect(
    await system.request(system.subjects.sys('worker'), { op: 'kill', id: 'embedder' }, { headers }),
  ).toMatchObject({ ok: true });
  await hears(`${embedder} error`, `${embedder} killed`);
  const none = workerAddress('n1', 'nobody');
  await look(none);
  await hears(`${embedder} error`, `${embedder} killed`, `${none} noproc`);
  await another(system, worker);
  await look(embedder);
  await system.idle();
  await system.stop();
  await system.start();
  await hears(`${embedder} error`, `${embedder} killed`, `${none} noproc`, `${embedder} shutdown`);
});

test('a node that is killed leaves no workers, not even one that does not listen or never gives way', async () => {
  const system = new TestSystem({ app: appFile('workers') });
  onTestFinished(() => system.close());
  await system.open({ node: false });
  const workers = [
    { id: 'calm', behaviour: 'record', once: once(system, 'calm') },
    { id: 'deaf', behaviour: 'deaf' },
    { id: 'loop', behaviour: 'block' },
  ];
  process.env[variable] = JSON.stringify({ workers });
  const node = await startNodeProcess(system.settings(), system.broker.url);
  const up = await vi.waitFor(() => {
    const lines = node.logged().split('\n');
    const found = lines.filter((line) => line.includes('A worker is up.') && line.endsWith('}'));
    expect(found).toHaveLength(workers.length);
    return found;
  }, EVENTUALLY);
  const pids = up.map((line) => (JSON.parse(line) as { pid: number }).pid);
  onTestFinished(() => {
    for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL');
  });
  expect(pids.map(isAlive)).toEqual([true, true, true]);
  await node.kill();
  await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false, false, false]), EVENTUALLY);
  expect(existsSync(`${once(system, 'calm')}.end`)).toBe(true);
});

test('a worker is killed by whoever has the token, and by nobody else', async () => {
  const system = await open({ workers: [{ id: 'w' }] });
  const before = await entry(system, 'w');
  const kill = (id: string, token: string) =>
    system.request(system.subjects.sys('worker'), { op: 'kill', id }, { headers: { 'Banyan-Token': token } });
  expect(await kill('w', 'a guess')).toMatchObject({ ok: false, error: { code: 'authorisation' } });
  expect(await kill('x', TOKEN)).toMatchObject({ ok: false, error: { code: 'worker.not_found' } });
  expect(await kill('w', TOKEN)).toEqual({ ok: true, value: { pid: before.pid } });
  await another(system, before);
});
