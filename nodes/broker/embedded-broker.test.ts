import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serviceOf, surviveStartsAndStops } from '../../tests/harness/start-stop-stress.ts';
import { freezeProcess } from '../../tests/harness/nats.ts';
import { openBrokerFiles, readRecord, renderConfig, writeRecord } from './broker-files.ts';
import { type EmbeddedBroker, type EmbeddedBrokerOptions, startEmbeddedBroker } from './embedded-broker.ts';
import { findNatsServer } from './find-nats-server.ts';
import { findByArgument, identify, isAlive } from './process-identity.ts';

const PARENT = fileURLToPath(new URL('broker-parent.fixture.ts', import.meta.url));
const silent = { info: () => {}, warn: () => {}, error: () => {} };

let natsServer = '';
let dataDir = '';
const started: EmbeddedBroker[] = [];
const parents: ChildProcess[] = [];

beforeAll(async () => {
  natsServer = (await findNatsServer()).path;
}, 240_000);
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'banyan-broker-'));
});
afterEach(async () => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL');
  for (const broker of started.splice(0)) await broker.stop();
  if (servers().length > 0) throw new Error('a test left a server behind');
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(more: Partial<EmbeddedBrokerOptions> = {}): Promise<EmbeddedBroker> {
  const broker = await startEmbeddedBroker({ dataDir, natsServer, log: silent, ...more });
  started.push(broker);
  return broker;
}

/** The server processes of this test's data directory. */
function servers(): number[] {
  return findByArgument(`--config=${openBrokerFiles(dataDir).config}`).map(({ pid }) => pid);
}

async function withConnection<T>(
  broker: { url: string },
  use: (nc: NatsConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: broker.url });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

async function publish(broker: { url: string }, body: string): Promise<void> {
  await withConnection(broker, async (connection) => {
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'KEPT', subjects: ['kept.>'] }).catch(() => {});
    await jetstream(connection).publish('kept.one', body);
  });
}

async function stored(broker: { url: string }): Promise<string[]> {
  return withConnection(broker, async (connection) => {
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info('KEPT');
    const { name } = await manager.consumers.add('KEPT', { ack_policy: AckPolicy.None });
    const consumer = await jetstream(connection).consumers.get('KEPT', name);
    const bodies: string[] = [];
    for await (const message of await consumer.fetch({ max_messages: state.messages, expires: 5_000 })) {
      bodies.push(message.string());
    }
    return bodies;
  });
}

async function seeReconnect(client: NatsConnection): Promise<void> {
  for await (const { type } of client.status()) if (type === 'reconnect') return;
}

describe('start and stop', () => {
  test('survives 10 × 50 concurrent starts, stops and kills: one manager and one server at a time', async () => {
    const running = (): Promise<EmbeddedBroker> => startEmbeddedBroker({ dataDir, natsServer, log: silent });
    const kill = ({ pid }: EmbeddedBroker): void => {
      // It may have ended by itself meanwhile, and its successor is not there yet.
      if (servers().includes(pid)) process.kill(pid, 'SIGKILL');
    };
    const service = serviceOf(running, (broker) => broker.stop());
    const stressed = { ...service, kill: async () => service.running.forEach(kill) };
    const { refused } = await surviveStartsAndStops(() => stressed, {
      refusals: ['data.locked'],
      use: async () => {
        expect(servers()).toHaveLength(1);
        for (const broker of service.running) await publish(broker, 'a');
      },
    });
    expect(refused['data.locked']).toBeGreaterThan(5);
    expect(servers()).toEqual([]);
  }, 60_000);

  test('JetStream answers after the start, and the server is gone after the stop', async () => {
    const broker = await start();
    expect(servers()).toEqual([broker.pid]);
    await publish(broker, 'a');
    expect(await stored(broker)).toEqual(['a']);
    await broker.stop();
    expect(isAlive(broker.pid)).toBe(false);
    await broker.exited;
    expect(readRecord(openBrokerFiles(dataDir))?.server).toBeUndefined();
  });

  test('the next start finds the messages and, when it is free, the port of the last', async () => {
    const first = await start();
    await publish(first, 'a');
    await first.stop();
    const second = await start();
    expect(second.port).toBe(first.port);
    expect(second.adopted).toBe(false);
    expect(await stored(second)).toEqual(['a']);
  });

  test('another port is used when the last one is taken', async () => {
    const first = await start();
    await first.stop();
    const stranger = createServer();
    stranger.listen(first.port, '127.0.0.1');
    await once(stranger, 'listening');
    const second = await start();
    expect(second.port).not.toBe(first.port);
    stranger.close();
  });

  test('a port that was asked for and is taken is broker.start', async () => {
    const stranger = createServer();
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const address = stranger.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(start({ port })).rejects.toMatchObject({ code: 'broker.start' });
    stranger.close();
  });

  test('stopping twice is as good as once', async () => {
    const broker = await start();
    await Promise.all([broker.stop(), broker.stop()]);
    await broker.stop();
    expect(servers()).toEqual([]);
  });

  test('a program that is no server is broker.start, and the data directory is free again', async () => {
    await expect(start({ natsServer: '/bin/false' })).rejects.toMatchObject({ code: 'broker.start' });
    await expect(start({ natsServer: join(dataDir, 'nowhere') })).rejects.toMatchObject({
      code: 'broker.start',
    });
    await start();
  });

  test('every write is synced, nothing listens beyond loopback, and no monitoring port is open', () => {
    const config = renderConfig(openBrokerFiles(dataDir), 4222, 1_048_576);
    expect(config).toContain('sync_interval: always');
    expect(config).toContain('listen: "127.0.0.1:4222"');
    expect(config).not.toMatch(/http|monitor/);
  });
});

describe('one store, one server', () => {
  test('a second manager is refused with data.locked, and the first goes on', async () => {
    const broker = await start();
    await expect(start()).rejects.toMatchObject({ code: 'data.locked' });
    expect(servers()).toEqual([broker.pid]);
    await publish(broker, 'a');
  });

  test('of several that start at once exactly one wins', async () => {
    const results = await Promise.allSettled([start(), start(), start()]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(servers()).toHaveLength(1);
  });
});

describe('a broker that dies', () => {
  test('runs again on the same port with its messages, and clients reconnect', async () => {
    const broker = await start();
    await publish(broker, 'a');
    const client = await connect({ servers: broker.url, maxReconnectAttempts: -1, reconnectTimeWait: 20 });
    const reconnected = seeReconnect(client);
    const killed = broker.pid;
    const restarted = new Promise<{ pid: number }>((resolve) => broker.onRestart(resolve));
    process.kill(killed, 'SIGKILL');
    expect((await restarted).pid).not.toBe(killed);
    expect(servers()).toEqual([broker.pid]);
    expect(await stored(broker)).toEqual(['a']);
    await reconnected;
    await client.flush();
    await client.close();
  });

  test('is started again when it says that its disk failed, because it would refuse everything from then on', async () => {
    const broker = await start();
    await publish(broker, 'kept');
    const before = broker.pid;
    const restarted = new Promise((resolve) => broker.onRestart(resolve));
    const said = '[ERR] JetStream failed to store a msg on stream KEPT: sync: input/output error';
    appendFileSync(openBrokerFiles(dataDir).log, `${said}\n`);
    await restarted;
    expect(broker.pid).not.toBe(before);
    expect(await stored(broker)).toEqual(['kept']);
  });

  test('is not started again once it was told to stop', async () => {
    const broker = await start();
    process.kill(broker.pid, 'SIGKILL');
    await broker.stop();
    expect(servers()).toEqual([]);
  });

  test('is started again however often it dies', async () => {
    const broker = await start();
    for (const round of [1, 2, 3]) {
      const restarted = new Promise<{ restarts: number }>((resolve) => broker.onRestart(resolve));
      process.kill(broker.pid, 'SIGKILL');
      expect((await restarted).restarts).toBe(round);
    }
    await publish(broker, 'a');
  });
});

describe('a manager that is killed', () => {
  /** Starts a broker from another process, which is then killed with SIGKILL; the broker goes on. */
  async function orphan(): Promise<{ pid: number; port: number; url: string }> {
    const parent = spawn(process.execPath, [PARENT, dataDir, natsServer], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    parents.push(parent);
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const broker = JSON.parse(line) as { pid: number; port: number; url: string };
    await publish(broker, 'a');
    const exited = once(parent, 'exit');
    parent.kill('SIGKILL');
    await exited;
    return broker;
  }

  test('leaves a broker that the next manager adopts, on the same port and with its messages', async () => {
    const left = await orphan();
    const broker = await start();
    expect(broker).toMatchObject({ pid: left.pid, port: left.port, adopted: true });
    expect(await stored(broker)).toEqual(['a']);
    await broker.stop();
    expect(isAlive(left.pid)).toBe(false);
  });

  test('an adopted broker is restarted like any other', async () => {
    const left = await orphan();
    const broker = await start();
    const restarted = new Promise((resolve) => broker.onRestart(resolve));
    process.kill(left.pid, 'SIGKILL');
    await restarted;
    expect(broker.port).toBe(left.port);
    expect(await stored(broker)).toEqual(['a']);
  });

  test('its broker is found and replaced even when the record is lost', async () => {
    const left = await orphan();
    rmSync(openBrokerFiles(dataDir).record);
    const broker = await start();
    expect(broker.pid).not.toBe(left.pid);
    expect(servers()).toEqual([broker.pid]);
    expect(await stored(broker)).toEqual(['a']);
  });

  test('a broker that is frozen is replaced', { timeout: 30_000 }, async () => {
    const left = await orphan();
    freezeProcess(left.pid);
    const broker = await start();
    expect(broker).toMatchObject({ adopted: false });
    expect(isAlive(left.pid)).toBe(false);
    expect(await stored(broker)).toEqual(['a']);
  });

  test('a recorded pid that now belongs to a stranger is left alone', async () => {
    const stranger = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' });
    await once(stranger, 'spawn');
    parents.push(stranger);
    const pid = stranger.pid ?? 0;
    const server = { pid, startTime: identify(pid)?.startTime ?? '' };
    writeRecord(openBrokerFiles(dataDir), { port: 1, version: '2.15.1', server });
    const broker = await start();
    expect(broker.pid).not.toBe(pid);
    expect(isAlive(pid)).toBe(true);
  });
});

test('what the server printed is kept beside its store', async () => {
  await start();
  const { log } = openBrokerFiles(dataDir);
  expect(existsSync(log)).toBe(true);
  expect(readFileSync(log, 'utf8')).toContain('Server is ready');
});
