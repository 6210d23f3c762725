/** Everything that starts and stops on a broker, when many do that at once. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connectBanyan } from '../../nodes/client.ts';
import { type RunningNode, startNode } from '../../nodes/start-node.ts';
import { ShardHost } from '../../nodes/shards/shard-host.ts';
import { systemClock } from '../../runtime/clock.ts';
import { DEFAULT_CHECKPOINTS } from '../../runtime/checkpointer.ts';
import { ensureStreams } from '../../runtime/streams.ts';
import { startSupervisor, type Supervisor } from '../../supervisors/supervisor.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import { countOpen, moreThan } from '../harness/leftovers.ts';
import { serviceOf, surviveStartsAndStops } from '../harness/start-stop-stress.ts';
import { appFile, EVENTUALLY, TestSystem, TOKEN } from '../harness/test-node.ts';

vi.setConfig({ testTimeout: 90_000 });
const system = new TestSystem();
beforeAll(() => system.open({ node: false }));
afterAll(() => system.close());

const log = pino({ level: 'silent' });
let folders = 0;

/** Each with local state of its own: whoever runs a node has locked its data directory. */
function start(namespace: string, port = 0): Promise<RunningNode> {
  const data = join(system.data, `${++folders}`);
  const settings = system.settings({ namespace, data, http: { host: '127.0.0.1', port } });
  return startNode({ settings, natsUrl: system.broker.url, log, token: TOKEN });
}

/** What its gateway, its shard, its system endpoints, its discovery and its HTTP say. */
async function everythingAnswers({ subjects, http }: RunningNode): Promise<void> {
  const call = await system.request(subjects.call('counter/a'), { type: 'add', amount: 1 });
  expect(call).toMatchObject({ ok: true });
  const { value } = await system.request(subjects.ask('counter/a', 'total'), {});
  expect(value).toEqual({ total: expect.any(Number), times: expect.any(Number) });
  expect(await system.request(subjects.sys('health'), {})).toMatchObject({ ready: true });
  const found = await system.connection.request('$SRV.PING.banyan', '', { timeout: 5_000 });
  expect(found.json()).toMatchObject({ metadata: { namespace: subjects.namespace } });
  const ready = await fetch(new URL('/health/ready', http), { headers: { connection: 'close' } });
  expect(ready.status).toBe(200);
}

/** Resolves when there is no more than before. */
async function nothingLeft(before: ReturnType<typeof countOpen>): Promise<void> {
  await vi.waitFor(() => expect(moreThan(before)).toEqual({}), EVENTUALLY);
}

test('a client survives 10 × 50 concurrent connects and closes', async () => {
  const service = serviceOf(
    () => connectBanyan({ servers: system.broker.url }),
    (client) => client.close(),
  );
  const { started } = await surviveStartsAndStops(() => service, {
    use: async ({ running }) => {
      for (const { connection } of running) await connection.flush();
    },
  });
  expect(started).toBeGreaterThan(0);
});

test('a node survives 50 concurrent starts and stops, with its gateway, endpoints, discovery, shard and HTTP', async () => {
  const service = serviceOf(
    () => start('stressed'),
    (node) => node.stop(),
  );
  const { started } = await surviveStartsAndStops(() => service, {
    // A start takes a second of processor time.
    rounds: 1,
    refusals: ['namespace.owned'],
    use: async ({ running }) => {
      for (const node of running) await everythingAnswers(node);
    },
  });
  expect(started).toBeGreaterThan(0);
});

test('50 concurrent starts of one namespace give one node, which serves, and 49 refusals with a code', async () => {
  const before = countOpen();
  const starts = await Promise.allSettled(Array.from({ length: 50 }, () => start('contested')));
  const nodes = starts.filter(({ status }) => status === 'fulfilled');
  const codes = starts.flatMap((one) =>
    one.status === 'rejected' ? [(one.reason as { code: string }).code] : [],
  );
  expect(codes).toEqual(Array.from({ length: 49 }, () => 'namespace.owned'));
  expect(nodes).toHaveLength(1);
  for (const one of nodes)
    if (one.status === 'fulfilled') {
      await everythingAnswers(one.value);
      await Promise.all([one.value.stop(), one.value.stop()]);
    }
  await nothingLeft(before);
});

test('a start that fails at its last step, or while its modules load, leaves nothing', async () => {
  const before = countOpen();
  const taken = createServer().listen(0, '127.0.0.1');
  await vi.waitFor(() => expect(taken.listening).toBe(true), EVENTUALLY);
  const { port } = taken.address() as { port: number };
  await expect(start('failing', port)).rejects.toMatchObject({ code: 'config.invalid', path: 'http.port' });
  taken.close();
  const settings = system.settings({ app: join(system.data, 'no-such-application.ts') });
  await expect(startNode({ settings, natsUrl: system.broker.url, log, token: TOKEN })).rejects.toMatchObject({
    code: expect.stringMatching(/^(definition|config)\./),
  });
  await nothingLeft(before);
  const node = await start('failing');
  await everythingAnswers(node);
  await node.stop();
  await nothingLeft(before);
});

/** A shard under a supervisor: whoever starts it while it is there has it, whoever stops it meanwhile gives it up. */
function superviseShard(namespace: string) {
  const host = new ShardHost({
    start: {
      namespace,
      node: 'n1',
      index: 0,
      partitions: { count: 2, owned: [0, 1] },
      broker: { url: system.broker.url },
      folder: join(system.data, 'shard'),
      app: appFile('counter'),
      pipeline: system.settings().pipeline,
      determinismSample: 0,
      acceptTail: false,
      acceptTruncation: false,
      checkpoints: DEFAULT_CHECKPOINTS,
    },
    turnDeadlineMs: 60_000,
    memoryMb: 64,
    compiled: join(system.data, 'compiled'),
    report: () => undefined,
    tree: undefined,
    onSupervision: () => undefined,
    onLost: () => undefined,
  });
  let unwanted = new AbortController();
  let starting: Promise<Supervisor> | undefined;
  const end = async (how: (one: Supervisor) => unknown): Promise<void> => {
    const ending = starting;
    unwanted.abort();
    const one = await ending?.catch(() => undefined);
    if (one === undefined) return;
    await how(one);
    await one.exited;
    if (starting === ending) starting = undefined;
  };
  return {
    host,
    start: async () => {
      if (starting === undefined) {
        unwanted = new AbortController();
        const options = { id: 'root', children: [host.spec()], clock: systemClock, random: () => 0.5 };
        const mine = startSupervisor({ ...options, signal: unwanted.signal });
        starting = mine;
        mine.catch(() => {
          if (starting === mine) starting = undefined;
        });
      }
      await starting;
    },
    stop: () => end((one) => one.stop()),
    kill: () => end((one) => one.kill()),
  };
}

test('a shard’s thread survives 50 concurrent starts, stops and kills', async () => {
  const streams = { partitions: 2, mailboxBytes: 1024 ** 3, replicas: 1 };
  await ensureStreams(system.jsm, subjectsOf('threads'), streams);
  const service = superviseShard('threads');
  await surviveStartsAndStops(() => service, {
    // A thread that loads everything takes half a second of processor time.
    rounds: 1,
    refusals: ['actor.ended'],
    use: async ({ host }) => {
      await vi.waitFor(async () => {
        const { partitions } = await host.call('status');
        expect(partitions.map(({ status }) => status)).toEqual(['ready', 'ready']);
      }, EVENTUALLY);
    },
  });
  expect(service.host.ready).toBe(false);
});
