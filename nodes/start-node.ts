/** One node: shards and workers under a supervisor, the gateway, the system's endpoints, HTTP. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { nodeContract } from '../actors/node/contract.ts';
import type { Settings } from '../config/settings.ts';
import { type Address, escapeKey } from '../protocol/address.ts';
import { BanyanError } from '../protocol/errors.ts';
import { encodeFrame, encodeRecord, type FrameRecord } from '../protocol/frame.ts';
import { type Subjects, subjectsOf } from '../protocol/subjects.ts';
import { type CheckpointSettings, DEFAULT_CHECKPOINTS } from '../runtime/checkpointer.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { available, JetStreamLog } from '../runtime/log-jetstream.ts';
import { partitionOfAddress } from '../runtime/outbox.ts';
import { systemRandomness } from '../runtime/randomness.ts';
import { ensureStreams } from '../runtime/streams.ts';
import type { System } from '../runtime/system.ts';
import { startSupervisor, type Supervisor } from '../supervisors/supervisor.ts';
import { loadApplication } from './application.ts';
import { claimNamespace, lookForNode } from './claim-namespace.ts';
import { requireSupportedVersion } from './broker/nats-server-version.ts';
import { acrossOutage, connectBroker } from './connect.ts';
import { DeadLetters } from './dead-letters.ts';
import { startGateway } from './gateway.ts';
import { type HttpServer, startHttp } from './http.ts';
import { loadCollectors } from './load-node-parts.ts';
import { adjustMailboxLimit, appendOwn, makeRoom } from './mailbox-limit.ts';
import { registerMachine } from './machine-agent.ts';
import { PartitionMoves } from './move-partition.ts';
import { NodeView } from './node-view.ts';
import { ServiceDiscovery } from './service-discovery.ts';
import { askThrough } from './shards/asks.ts';
import { ShardHost } from './shards/shard-host.ts';
import { logSupervision } from './supervision-log.ts';
import { serveSystem } from './system-endpoints.ts';
import { TargetWatchers } from './target-watchers.ts';
import { VERSION } from './version.ts';
import { announceWorker } from './workers/announce-worker.ts';
import { NodeWorkers } from './workers/node-workers.ts';

export interface NodeOptions {
  readonly settings: Settings;
  readonly natsUrl: string;
  /** The broker is our own and comes back when it dies: starting waits for it instead of failing. */
  readonly brokerReturns?: boolean;
  readonly log: Logger;
  readonly token: string;
}

export interface RunningNode {
  readonly id: string;
  readonly http: string;
  readonly system: System;
  readonly view: NodeView;
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  /** Sends what only actors may send; resolves when it is stored. */
  tellInternal(address: string, message: { readonly type: string }, id?: string): Promise<number>;
  /**
   * Resolves when the node ended by itself, with the reason: `namespace.owned` when another node has claimed
   * everything that it had.
   */
  readonly failed: Promise<Error>;
  /** Stops in order: no new turns, what has left is acknowledged, stores closed, connections closed. Once for all. */
  stop(): Promise<void>;
}

/** A shard that keeps ending is started again for minutes: a poisonous message needs three ends to get its verdict. */
const SHARD_INTENSITY = { max: 100, windowMs: 60_000 };
const SHARD_BACKOFF = { baseMs: 50, maxMs: 5_000, factor: 2, jitter: 0.5, healthyMs: 10_000 };
const MAILBOX_CHECK_MS = 1_000;
/** How long a node that stops waits for the log to take what its workers have come to. */
const FAREWELL_MS = 1_000;

/**
 * Throws `namespace.owned`, `partition.count`, `worker.start`, `config.invalid`, `definition.*` and the `broker.*`
 * codes; nothing of it is left then.
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const begun: Undo[] = [];
  try {
    return await startParts(options, begun);
  } catch (error) {
    // Else it would answer as a node that runs.
    for (const undo of begun.toReversed()) await undo().catch(() => undefined);
    throw error;
  }
}

/** Ends what was begun before something else could not. */
type Undo = () => Promise<unknown>;

async function startParts(
  { settings, natsUrl, brokerReturns = false, log, token }: NodeOptions,
  begun: Undo[],
): Promise<RunningNode> {
  const id = settings.node.name ?? 'n1';
  const subjects = subjectsOf(settings.namespace);
  const broker = { url: natsUrl, creds: settings.nats.creds, waits: brokerReturns };
  const connecting = connectBroker(broker, `banyan ${id}`);
  begun.push(async () => {
    const closed = connecting.then((one) => one.close());
    // One that waits for its broker may wait for ever.
    if (!brokerReturns) await closed;
    else closed.catch(() => undefined);
  });
  const [system, connection] = await Promise.all([
    loadApplication(settings.app, settings.pipeline),
    connecting,
  ]);
  requireSupportedVersion(connection.info?.version ?? '0.0.0', `The broker at ${natsUrl}`);
  const opening = <T>(attempt: () => Promise<T>): Promise<T> =>
    brokerReturns ? acrossOutage(connection, () => available(attempt)) : attempt();
  const jsm = await opening(() => jetstreamManager(connection));
  const place = { connection, jsm, subjects };
  const seen = await opening(() => lookForNode(place, log));
  const streams = {
    partitions: settings.partitions,
    mailboxBytes: settings.mailbox.maxBytes,
    replicas: 1,
  };
  await opening(() => ensureStreams(jsm, subjects, streams));
  const run = randomBytes(9).toString('base64url');
  const answersAsStarting = await opening(() => claimNamespace(place, seen, run));
  const mailbox = await opening(() => JetStreamLog.open(connection, subjects));
  const report = (level: 'info' | 'warn' | 'error', message: string, details: object): void =>
    log[level](details, message);
  const lost = new Set<number>();
  const superseded = Promise.withResolvers<Error>();
  /** A node that has nothing left is of no use; what is between two of its shards it still has. */
  const endWithoutPartitions = (): void => {
    if (lost.size === 0 || moves.busy || shards.some(({ ownsAny }) => ownsAny)) return;
    const message = `Another node has claimed the partitions of '${subjects.namespace}'; this one was frozen or cut off.`;
    superseded.resolve(new BanyanError('namespace.owned', { message }));
  };
  const shards: readonly ShardHost[] = Array.from(
    { length: settings.shards },
    (_, index) =>
      new ShardHost({
        start: {
          namespace: settings.namespace,
          node: id,
          index,
          partitions: {
            count: settings.partitions,
            owned: ownedBy(index, settings.shards, settings.partitions),
          },
          // It answered the node: the shard's connections may wait for it, wherever it runs.
          broker: { ...broker, waits: true },
          folder: join(settings.data, 'shards', String(index)),
          app: settings.app,
          pipeline: settings.pipeline,
          determinismSample: settings.determinismSample,
          acceptTail: settings.acceptTail,
          acceptTruncation: settings.acceptTruncation,
          checkpoints: checkpointsOf(settings),
        },
        turnDeadlineMs: settings.turnDeadlineMs,
        memoryMb: settings.shardMemoryMb,
        compiled: join(settings.data, 'compiled'),
        report,
        tree: system.tree,
        onSupervision: logSupervision(log),
        onLost: (partition) => {
          lost.add(partition);
          endWithoutPartitions();
        },
      }),
  );
  const moves = new PartitionMoves({ shards, partitions: settings.partitions, report });
  const supervision: { root: Supervisor | undefined } = { root: undefined };
  const view = new NodeView({
    namespace: settings.namespace,
    node: id,
    version: VERSION,
    labels: settings.node.labels,
    partitions: settings.partitions,
    log: mailbox,
    shards,
    lost,
    root: () => supervision.root,
    connected: () => !connection.isClosed() && connected,
  });
  let connected = true;
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') connected = false;
      if (status.type === 'reconnect') connected = true;
    }
  })();
  const append = (record: FrameRecord) => appendRecord(mailbox, settings.partitions, record);
  // Who hears these twice does nothing twice.
  const tellInternal = (address: string, message: { readonly type: string }, recordId?: string) =>
    acrossOutage(connection, () =>
      append({
        kind: 'tell',
        to: address as Address,
        message,
        sender: `node/${escapeKey(id)}`,
        ...(recordId === undefined ? {} : { id: recordId }),
      }),
    );
  const ports = {
    clock: systemClock,
    random: () => systemRandomness.next(),
    onEvent: logSupervision(log),
  };
  const announcer = announceWorker({
    node: id,
    run,
    append,
    closed: () => connection.isClosed(),
    onLost: (error) => log.warn({ error: String(error) }, 'What became of a worker could not be stored.'),
  });
  const workers = new NodeWorkers({
    ...ports,
    tree: system.tree,
    namespace: settings.namespace,
    node: id,
    broker,
    log,
    listener: announcer,
  });
  const discovery = new ServiceDiscovery({
    connection,
    subjects,
    node: id,
    version: VERSION,
    startedAt: new Date(),
  });
  startGateway({
    connection,
    discovery,
    subjects,
    system,
    isLost: (address) => view.isLost(address),
    result: (address, requestId) => view.owner(address).call('result', address, requestId),
  });
  serveSystem({
    connection,
    subjects,
    view,
    token,
    discovery,
    deadLetters: await opening(() => DeadLetters.open(connection, subjects, tellInternal)),
    tellInternal,
    order: (address, order, reason) =>
      append({
        kind: 'control',
        to: address as Address,
        message: { type: order, reason: reason ?? null },
      }),
    restart: (address) => view.owner(address).call('restart', address),
    move: (move) => moves.move(move).finally(endWithoutPartitions),
    workers: {
      list: () => workers.list(supervision.root?.tree()),
      kill: (worker) => workers.kill(worker),
    },
  });
  answersAsStarting();
  await opening(() => makeRoom(jsm, subjects.streams.mailbox));
  const running = await startSupervisor({
    id,
    strategy: 'one_for_one',
    intensity: SHARD_INTENSITY,
    backoff: SHARD_BACKOFF,
    // Workers talk to actors: they come after them and go before them.
    children: [...shards.map((shard) => shard.spec()), ...workers.specs],
    ...ports,
  });
  begun.push(() => running.stop());
  supervision.root = running;
  // Other applications have no agents.
  const isAgent = system.kinds.has(nodeContract.kind);
  const watchers = new TargetWatchers({
    node: id,
    quietMs: settings.pipeline.node.watchQuietMs,
    connection,
    subjects,
    ask: askThrough(connection, subjects),
    tell: tellInternal,
    log,
  });
  begun.push(() => watchers.close());
  if (isAgent) watchers.start();
  const farewell = isAgent
    ? await registerMachine({
        node: id,
        capacity: settings.pipeline.node.capacity,
        capabilities: (await loadCollectors(settings.pipeline.node)).map(({ type }) => type),
        tell: (address, message) =>
          appendOwn(jsm, subjects.streams.mailbox, () => tellInternal(address, message)),
      })
    : undefined;
  const http: HttpServer = await startHttp({ host: settings.http.host, port: settings.http.port, view });
  const limit = setInterval(
    () =>
      void keepMailboxLimit().catch((error: unknown) =>
        log.debug({ error: String(error) }, 'The mailbox limit was not checked.'),
      ),
    MAILBOX_CHECK_MS,
  );
  const keepMailboxLimit = async (): Promise<void> => {
    if (connected)
      await adjustMailboxLimit(jsm, subjects.streams.mailbox, settings.mailbox.maxBytes, {
        press: async () => {
          await Promise.allSettled(shards.map((shard) => shard.call('press')));
        },
        waiting: async () =>
          shards.some(({ ready }) => !ready) ||
          (await view.statuses()).some(({ work }) => work.unacknowledged > 0),
      });
  };
  let stopping = false;
  const stop = async (): Promise<void> => {
    stopping = true;
    clearInterval(limit);
    await watchers.close();
    // Another node with this name may go on with the machine's agent.
    if (lost.size === 0) await farewell?.();
    await http.stop();
    await running.stop();
    await announcer.settled(FAREWELL_MS);
    await connection.close();
  };
  let stopped: Promise<void> | undefined;
  return {
    id,
    http: http.url,
    system,
    view,
    connection,
    subjects,
    tellInternal,
    failed: Promise.race([
      superseded.promise,
      running.exited.then((reason) =>
        stopping
          ? new Promise<never>(() => {})
          : new Error('The shards kept failing.', { cause: reason.error }),
      ),
    ]),
    stop: () => (stopped ??= stop()),
  };
}

/** Partitions are spread over shards by turns. */
function ownedBy(shard: number, shards: number, partitions: number): number[] {
  return Array.from({ length: partitions }, (_, partition) => partition).filter(
    (partition) => partition % shards === shard,
  );
}

/** What was processed may take a quarter of the mailbox before it is trimmed. */
function checkpointsOf({ partitions, mailbox }: Settings): CheckpointSettings {
  const share = Math.floor(mailbox.maxBytes / 4 / partitions);
  return { ...DEFAULT_CHECKPOINTS, trimBytes: Math.min(DEFAULT_CHECKPOINTS.trimBytes, share) };
}

/** One record in a frame of its own. Throws `address.invalid`, `log.full`, `log.unavailable`. */
async function appendRecord(log: Log, partitions: number, record: FrameRecord): Promise<number> {
  const frame = encodeFrame([encodeRecord(record)]);
  return log.appendFrame(partitionOfAddress(record.to, partitions), frame, undefined);
}
