/** A shard in its worker thread: the real ports, its own connection, its own store. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { isAddress } from '../../protocol/address.ts';
import { BanyanError, toBanyanError } from '../../protocol/errors.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import { systemClock } from '../../runtime/clock.ts';
import { DeterminismCheck } from '../../runtime/determinism.ts';
import { ObjectContentStore } from '../../runtime/content-object-store.ts';
import { JetStreamLog } from '../../runtime/log-jetstream.ts';
import { EnvironmentFault } from '../../runtime/partition.ts';
import { systemRandomness } from '../../runtime/randomness.ts';
import { Shard } from '../../runtime/shard.ts';
import { checkStore, distrustStore } from '../../runtime/store-check.ts';
import { LmdbStore } from '../../runtime/store-lmdb.ts';
import { loadApplication } from '../application.ts';
import { acrossOutage, connectBroker, onReconnect } from '../connect.ts';
import { publishAnswer } from '../respond.ts';
import type { SupervisionEvent } from '../../supervisors/perform.ts';
import { ActorSupervision } from './actor-supervision.ts';
import { answerAsks, askThrough } from './asks.ts';
import { BEAT_MS, beaconWriter } from './beacon.ts';
import type { FromShard, ShardCalls, ShardFault, ShardStart, ToShard } from './messages.ts';

const start = workerData as ShardStart;
const port = parentPort as NonNullable<typeof parentPort>;
const say = (message: FromShard): void => port.postMessage(message);
const report = (level: 'info' | 'warn' | 'error', message: string, details: object): void =>
  say({ type: 'report', level, message, details: { shard: start.index, ...details } });

try {
  await run();
} catch (error) {
  endWith(error);
}

async function run(): Promise<void> {
  const rebuild = (reason: string): void =>
    report('warn', `The local state is not usable and is rebuilt from the log: ${reason}`, {
      folder: start.folder,
      reason,
    });
  const [system, connection] = await Promise.all([
    loadApplication(start.app, start.pipeline),
    connectBroker(start.broker, `banyan ${start.node} shard ${start.index}`),
    checkStore(start.folder, rebuild),
  ]);
  const subjects = subjectsOf(start.namespace);
  const beacon = beaconWriter(start.beacon);
  const check = new DeterminismCheck({
    appUrl: new URL('./checked-application.ts', import.meta.url).href,
    settings: { app: start.app, pipeline: start.pipeline },
    sample: start.determinismSample,
    clock: systemClock,
    onNondeterminism: (found) =>
      report('error', `A turn of ${found.actor} gave two results for one message: ${found.path}`, found),
    onFailure: (reason) => report('warn', `The determinism check has given up: ${reason}`, {}),
  });
  const shard: Shard = new Shard({
    node: start.node,
    owner: `${start.index}-${randomBytes(12).toString('hex')}`,
    system,
    subjects,
    partitions: start.partitions,
    acceptTail: start.acceptTail,
    acceptTruncation: start.acceptTruncation,
    checkpoints: start.checkpoints,
    proposed: start.proposed,
    log: await acrossOutage(connection, () => JetStreamLog.open(connection, subjects)),
    store: LmdbStore.open(start.folder, rebuild),
    clock: systemClock,
    randomness: systemRandomness,
    content: new ObjectContentStore(connection, subjects.streams.content),
    // One for all shards of the node: a task finds what it kept also after its partition has moved.
    folder: join(start.folder, '..', '..', 'tasks'),
    broker: { namespace: start.namespace, connection },
    answer: ({ to, body }) => {
      try {
        publishAnswer(connection, to, body);
      } catch (error) {
        report('warn', 'An answer could not be published.', { error: String(error) });
      }
    },
    ask: askThrough(connection, subjects),
    beacon: (partition, seq, index, epoch) => beacon.turn(partition, seq, index, epoch),
    idle: () => beacon.idle(),
    ...(start.determinismSample > 0 ? { sampler: check.sampler, onTurn: check.onTurn } : {}),
    onFault: endWith,
    onLost: (partition) => say({ type: 'lost', partition }),
    onKilled: (address) => supervision.killed(address),
    report,
  });
  const supervision = new ActorSupervision({
    shard: `shard-${start.index}`,
    tree: system.tree,
    residents: () => shard.view.residents(),
    restart: (address) => shard.view.restart(address),
    clock: systemClock,
    random: () => systemRandomness.next(),
    onEvent: (event) => say({ type: 'supervision', event: tellable(event) }),
  });
  await supervision.start();
  void onReconnect(connection, () => shard.reconnected());
  answerAsks(connection, subjects, shard);
  serve(shard);
  await shard.start();
  // From here on it is never silent for long: what it does takes turns with this. Whoever watches begins with the first
  // one, so that comes at once: what blocks the thread just now must not be taken for a slow start for ever.
  beacon.beat();
  setInterval(() => beacon.beat(), BEAT_MS);
  say({ type: 'ready' });

  function serve(running: Shard): void {
    let changed: Promise<unknown> = Promise.resolve();
    // What is given up and taken back is taken after it was given up, also by a thread that was stuck meanwhile.
    const inOrder = <T>(change: () => Promise<T>): Promise<T> => {
      const done = changed.then(change);
      changed = done.catch(() => undefined);
      return done;
    };
    const calls: ShardCalls = {
      status: () => ({
        partitions: running.view.partitionStatus(),
        work: running.view.work(),
        counters: running.view.counters(),
        heapBytes: process.memoryUsage().heapUsed,
      }),
      actors: (filter) => running.view.actors(filter),
      supervisors: () => supervision.describe(),
      actor: (address) => running.view.actor(valid(address)),
      stateHash: (address) => running.view.stateHash(valid(address)),
      restart: (address) => running.view.restart(valid(address)),
      result: (address, id) => running.view.result(valid(address), id),
      take: (partitions) =>
        inOrder(async () => {
          try {
            await running.take(partitions);
          } catch (error) {
            // Nothing may be left of the attempt: somebody else will answer for them.
            await Promise.allSettled(partitions.map((partition) => running.release(partition, 0)));
            throw error;
          }
          return running.view.partitionStatus().filter(({ id }) => partitions.includes(id));
        }),
      release: (partition, graceMs) => inOrder(() => running.release(partition, graceMs)),
      press: () => running.press(),
    };
    port.on('message', (message: ToShard) => {
      if (message.type === 'stop') {
        void running.stop(message.graceMs).then(async () => {
          await supervision.stop();
          await check.close();
          await connection.close();
          process.exit(0);
        }, endWith);
        return;
      }
      void answer(message.id, async () =>
        (calls[message.method] as (...args: unknown[]) => unknown)(...message.args),
      );
    });
  }
}

async function answer(id: number, call: () => Promise<unknown>): Promise<void> {
  try {
    say({ type: 'reply', id, value: await call() });
  } catch (error) {
    say({ type: 'reply', id, error: toBanyanError(error).toWire() });
  }
}

/** What may be an error is told by its text: it may hold anything. */
function tellable(event: SupervisionEvent): SupervisionEvent {
  if (!('reason' in event) || event.reason.error === undefined) return event;
  return { ...event, reason: { ...event.reason, error: toBanyanError(event.reason.error).message } };
}

function valid(address: string) {
  if (isAddress(address)) return address;
  throw new BanyanError('address.invalid', { message: `${JSON.stringify(address)} is not an address.` });
}

/** Says why and ends this thread; the supervisor starts another. */
function endWith(error: unknown): void {
  const fault: ShardFault =
    error instanceof EnvironmentFault
      ? {
          code: error.code,
          message: error.message,
          partition: error.partition,
          entry: error.entry,
          index: error.index,
          epoch: error.epoch,
        }
      : { code: toBanyanError(error).code, message: error instanceof Error ? error.message : String(error) };
  if (fault.code === 'store.damaged') distrust();
  say({ type: 'fault', fault });
  // The message above is delivered before the thread ends.
  setImmediate(() => process.exit(1));
}

/** The next incarnation begins with an empty store. */
function distrust(): void {
  try {
    distrustStore(start.folder);
  } catch (error) {
    report('warn', 'The damaged store could not be marked.', { folder: start.folder, error: String(error) });
  }
}
