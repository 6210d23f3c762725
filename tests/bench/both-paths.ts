/** One broker with both paths on it: a node with the benchmark's application, and the raw library's parties. */
import {
  jetstream,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  StorageType,
} from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type BenchNode, startBenchNode } from './bench-node.ts';
import { type BenchBroker, startBroker, type SyncInterval } from './broker.ts';
import { type Party, startParty } from './party.ts';
import { RAW_PARTY, type RawArgument } from './raw-party.ts';

export interface BothPaths {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly node: BenchNode;
  readonly raw: Party;
  /** Publish here for the raw consumer. */
  readonly rawSubject: string;
  /** Request here for the raw responder. */
  readonly respondTo: string;
  stop(): Promise<void>;
}

const STREAM = 'raw';

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
  const node = await startBenchNode(broker, connection, options);
  return {
    connection,
    js: jetstream(connection),
    jsm,
    node,
    raw,
    rawSubject: names.subject,
    respondTo: names.respondTo,
    stop: async () => {
      await node.party.stop();
      await raw.stop();
      await connection.close();
      await broker.stop();
    },
  };
}
