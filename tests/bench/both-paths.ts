/** One broker with both paths on it: a node with the benchmark's application, and the raw library's parties. */
import {
  jetstream,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  StorageType,
} from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { decode, encode } from '../../protocol/codec.ts';
import { type BenchBroker, startBroker, type SyncInterval } from './broker.ts';
import { NODE_PARTY, type NodeArgument } from './node-party.ts';
import { type Party, startParty } from './party.ts';
import { RAW_PARTY, type RawArgument } from './raw-party.ts';

export interface BothPaths {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly raw: Party;
  /** Publish here for the raw consumer. */
  readonly rawSubject: string;
  /** Request here for the raw responder. */
  readonly respondTo: string;
  /** The processor time that the node's process has used, in microseconds. */
  nodeCpuUs(): Promise<number>;
  /** A request to the node; throws what it answers. */
  ask(subject: string, body?: object, timeoutMs?: number): Promise<unknown>;
  stop(): Promise<void>;
}

const STREAM = 'raw';
const ASK_TIMEOUT_MS = 30_000;

export async function startBothPaths(
  sync: SyncInterval,
  options: { determinismSample?: number } = {},
): Promise<BothPaths> {
  const broker: BenchBroker = await startBroker(sync);
  const connection = await connect({ servers: broker.url });
  const jsm = await jetstreamManager(connection);
  await jsm.streams.add({ name: STREAM, subjects: ['raw.to.*'], storage: StorageType.File });
  const names = { stream: STREAM, subject: 'raw.to.one', respondTo: 'raw.ask' };
  const raw = await startParty(RAW_PARTY, { url: broker.url, ...names } satisfies RawArgument);
  const node = await startParty(NODE_PARTY, {
    url: broker.url,
    data: join(broker.folder, 'data'),
    ...options,
  } satisfies NodeArgument);
  return {
    connection,
    js: jetstream(connection),
    jsm,
    raw,
    rawSubject: names.subject,
    respondTo: names.respondTo,
    nodeCpuUs: async () => (await node.request({})) as number,
    ask: async (subject, body = {}, timeoutMs = ASK_TIMEOUT_MS) => {
      const reply = decode((await connection.request(subject, encode(body), { timeout: timeoutMs })).data);
      const { ok, value, error } = reply as { ok: boolean; value: unknown; error: unknown };
      if (!ok) throw new Error(`${subject}: ${JSON.stringify(error)}`);
      return value;
    },
    stop: async () => {
      await node.stop();
      await raw.stop();
      await connection.close();
      await broker.stop();
    },
  };
}
