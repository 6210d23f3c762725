/** Tells when a server is ready: it answers under its own name and JetStream reports its account. */
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';

const ATTEMPT_TIMEOUT_MS = 2_000;
const BETWEEN_ATTEMPTS_MS = 25;

/**
 * Connects until the server named `serverName` answers on `port`, and returns its release. Undefined when
 * `goOn` says no or the time is over. A stranger on the port never counts, whatever it answers.
 */
export async function waitUntilReady(
  port: number,
  serverName: string,
  goOn: () => boolean,
  timeoutMs: number,
): Promise<string | undefined> {
  const deadline = performance.now() + timeoutMs;
  while (goOn() && performance.now() < deadline) {
    const version = await askVersion(port, serverName).catch(() => undefined);
    if (version !== undefined && goOn()) return version;
    await delay(BETWEEN_ATTEMPTS_MS);
  }
  return undefined;
}

async function askVersion(port: number, serverName: string): Promise<string | undefined> {
  const connection = await connect({
    servers: `127.0.0.1:${port}`,
    reconnect: false,
    timeout: ATTEMPT_TIMEOUT_MS,
    name: 'banyan-broker-manager',
  });
  try {
    const { info } = connection;
    if (info?.server_name !== serverName) return undefined;
    const manager = await jetstreamManager(connection, { timeout: ATTEMPT_TIMEOUT_MS });
    await manager.getAccountInfo();
    return info.version;
  } finally {
    await connection.close();
  }
}
