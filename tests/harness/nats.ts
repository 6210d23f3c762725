/** A real nats-server for a test: its own port and folder, gone when the test is done. */
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedBroker } from '../../nodes/broker/embedded-broker.ts';
import { findNatsServer } from '../../nodes/broker/find-nats-server.ts';

export interface TestBroker {
  readonly url: string;
  /** A connection that reconnects forever; closed by {@link TestBroker.stop}. */
  connect(options?: ConnectionOptions): Promise<NatsConnection>;
  /** Stops the server from answering, without ending it, until the result is called. */
  freeze(): () => void;
  /** Ends the server with SIGKILL; resolves when another one serves the same store on the same port. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a broker as a node would embed it. */
export async function startTestBroker(): Promise<TestBroker> {
  const dataDir = mkdtempSync(join(tmpdir(), 'banyan-test-'));
  const natsServer = (await findNatsServer()).path;
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const broker = await startEmbeddedBroker({ dataDir, natsServer, log: silent });
  const connections: NatsConnection[] = [];
  return {
    url: broker.url,
    async connect(options = {}) {
      const connection = await connect({
        servers: broker.url,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 50,
        reconnectJitter: 20,
        ...options,
      });
      connections.push(connection);
      return connection;
    },
    freeze() {
      const { pid } = broker;
      freezeProcess(pid);
      return () => void process.kill(pid, 'SIGCONT');
    },
    async kill() {
      const back = new Promise<void>((resolve) => {
        const stopListening = broker.onRestart(() => {
          stopListening();
          resolve();
        });
      });
      process.kill(broker.pid, 'SIGKILL');
      await back;
    },
    async stop() {
      await Promise.all(connections.map((connection) => connection.close()));
      await broker.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Whether a thread of a process has not stopped yet, where the system tells. */
function runs(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return false;
  return readdirSync(threads).some((thread) => !/^State:\s+[TtZX]/m.test(statusOf(join(threads, thread))));
}

function statusOf(thread: string): string {
  try {
    return readFileSync(join(thread, 'status'), 'utf8');
  } catch {
    return 'State: X (gone)';
  }
}

/** Stops a process; on a busy machine its threads go on for a moment, and would answer. */
export function freezeProcess(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  while (runs(pid));
}
