/** Connections to the broker that survive its restarts: nothing gives up, everything retries. */
import { readFile } from 'node:fs/promises';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { BanyanError } from '../protocol/errors.ts';

export interface BrokerAddress {
  /** Several are separated by commas. */
  readonly url: string;
  /** Path of a credentials file. */
  readonly creds?: string | undefined;
}

const RECONNECT_MS = 100;
const RECONNECT_JITTER_MS = 200;
const PING_MS = 5_000;

/** Connects; throws `broker.unreachable` when the first attempt fails. Later losses are repaired silently. */
export async function connectBroker({ url, creds }: BrokerAddress, name: string): Promise<NatsConnection> {
  try {
    return await connect({
      servers: url.split(',').map((server) => server.trim()),
      name,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      reconnectJitter: RECONNECT_JITTER_MS,
      pingInterval: PING_MS,
      maxPingOut: 2,
      ...(creds === undefined ? {} : { authenticator: credsAuthenticator(await readFile(creds)) }),
    });
  } catch (cause) {
    throw new BanyanError('broker.unreachable', {
      message: `No broker answers at ${url}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}

/** Calls back each time a lost connection is back. Ends with the connection. */
export async function onReconnect(connection: NatsConnection, listener: () => void): Promise<void> {
  for await (const status of connection.status()) if (status.type === 'reconnect') listener();
}
