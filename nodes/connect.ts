/** Connections to the broker that survive its restarts: nothing gives up, everything retries. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
} from '@nats-io/transport-node';
import { BanyanError, toBanyanError } from '../protocol/errors.ts';

export interface BrokerAddress {
  /** Several are separated by commas. */
  readonly url: string;
  /** Path of a credentials file. */
  readonly creds?: string | undefined;
  /** The first attempt is repeated as the later ones are: for a broker that somebody starts again. */
  readonly waits?: boolean | undefined;
}

const RECONNECT_MS = 100;
const RECONNECT_JITTER_MS = 200;
const PING_MS = 5_000;

/**
 * Connects; throws `broker.unreachable` when the first attempt fails, unless told to wait, and `config.invalid`
 * when the credentials cannot be read. Later losses are repaired silently.
 */
export async function connectBroker(
  { url, creds, waits = false }: BrokerAddress,
  name: string,
): Promise<NatsConnection> {
  const authenticator = creds === undefined ? {} : { authenticator: await readCredentials(creds) };
  try {
    return await connect({
      servers: url.split(',').map((server) => server.trim()),
      name,
      maxReconnectAttempts: -1,
      waitOnFirstConnect: waits,
      reconnectTimeWait: RECONNECT_MS,
      reconnectJitter: RECONNECT_JITTER_MS,
      pingInterval: PING_MS,
      maxPingOut: 2,
      ...authenticator,
    });
  } catch (cause) {
    throw new BanyanError('broker.unreachable', {
      message: `No broker answers at ${url}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}

async function readCredentials(file: string): Promise<Authenticator> {
  try {
    return credsAuthenticator(await readFile(file));
  } catch (cause) {
    throw new BanyanError('config.invalid', {
      path: 'nats.creds',
      message: `The credentials cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}

/** Calls back each time a lost connection is back. Ends with the connection. */
export async function onReconnect(connection: NatsConnection, listener: () => void): Promise<void> {
  for await (const status of connection.status()) if (status.type === 'reconnect') listener();
}

const OUTAGE_MS = 60_000;

/**
 * Repeats what failed because the broker was away: one that was killed is back within a second. Throws what it
 * throws for any other reason, and `log.unavailable` after {@link OUTAGE_MS} or once the connection is closed.
 * An attempt may have succeeded although its answer was lost, so repeating it must be harmless.
 */
export async function acrossOutage<T>(connection: NatsConnection, attempt: () => Promise<T>): Promise<T> {
  const until = performance.now() + OUTAGE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      const away = toBanyanError(thrown).code === 'log.unavailable';
      if (!away || connection.isClosed() || performance.now() > until) throw thrown;
      await delay(RECONNECT_MS);
    }
  }
}
