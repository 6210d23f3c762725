/** Three nats-servers that replicate, for what one server cannot show. */
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntilReady } from '../../nodes/broker/broker-ready.ts';
import { findNatsServer } from '../../nodes/broker/find-nats-server.ts';
import { tryPort } from '../../nodes/broker/free-port.ts';

const START_TIMEOUT_MS = 30_000;

export interface TestCluster {
  /** A connection to any of the servers; closed by {@link TestCluster.stop}. */
  connect(): Promise<NatsConnection>;
  /** Ends one server with SIGKILL, for good. */
  kill(serverName: string): Promise<void>;
  stop(): Promise<void>;
}

/** Resolves when each server answers and knows the leader of the others. */
export async function startTestCluster(): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-cluster-'));
  const natsServer = (await findNatsServer()).path;
  const ports: number[] = [];
  // A port that was given away would be free again for the next one: take them all, then begin.
  while (ports.length < 6) {
    const port = (await tryPort(0)) ?? 0;
    if (port !== 0 && !ports.includes(port)) ports.push(port);
  }
  const routes = ports.slice(3).map((port) => `nats://127.0.0.1:${port}`);
  const servers = new Map<string, ChildProcess>();
  const connections: NatsConnection[] = [];
  const end = async (server: ChildProcess): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(connections.map((connection) => connection.close()));
    await Promise.all([...servers.values()].map(end));
    rmSync(folder, { recursive: true, force: true });
  };
  for (let i = 0; i < 3; i++) {
    const name = `s${i}`;
    const config = join(folder, `${name}.json`);
    writeFileSync(
      config,
      JSON.stringify({
        server_name: name,
        host: '127.0.0.1',
        port: ports[i],
        jetstream: { store_dir: join(folder, name) },
        cluster: { name: 'test', host: '127.0.0.1', port: ports[i + 3], routes },
      }),
    );
    servers.set(name, spawn(natsServer, ['-c', config], { stdio: 'ignore' }));
  }
  const ready = await Promise.all(
    [...servers.keys()].map((name, i) => waitUntilReady(ports[i] ?? 0, name, () => true, START_TIMEOUT_MS)),
  );
  if (ready.includes(undefined)) {
    await stop();
    throw new Error('The cluster did not start.');
  }
  return {
    async connect() {
      const connection = await connect({
        servers: ports.slice(0, 3).map((port) => `127.0.0.1:${port}`),
        maxReconnectAttempts: -1,
        reconnectTimeWait: 50,
      });
      connections.push(connection);
      return connection;
    },
    kill: async (serverName) => {
      const server = servers.get(serverName);
      if (server !== undefined) await end(server);
    },
    stop,
  };
}
