/**
 * How long a node takes to be back, from the start of its process: with the state on its own disk, and from the
 * checkpoints when that is lost. And how fast it replays a log that nothing was checkpointed of.
 */
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { rmSync } from 'node:fs';
import type { Address } from '../../protocol/address.ts';
import { type BenchNode, type BenchNodeOptions, startBenchNode } from './bench-node.ts';
import { type BenchBroker, startBroker } from './broker.ts';
import { checkpointsQuiet } from './checkpoints-quiet.ts';
import { fill, filled } from './fill.ts';
import { type Bench, median, type Measurement, nowUs, seconds } from './measurement.ts';
import { until } from './until.ts';

const RUNS = 3;
const MANY_MESSAGES = 1_000_000;
const MANY_ACTORS = 100_000;
const FEW_ACTORS = 1_000;
const REPLAYED_MESSAGES = 250_000;
const DETERMINISM_OFF = { determinismSample: 0 };

export const recovery: Bench = { name: 'recovery', run: measure };

/** What a namespace holds. */
interface Content {
  readonly namespace: string;
  readonly described: string;
  readonly messages: number;
  readonly actors: number;
}

const NOTHING: Content = { namespace: 'nothing', described: 'nothing stored', messages: 64, actors: 64 };
const MESSAGES: Content = {
  namespace: 'messages',
  described: `${MANY_MESSAGES.toLocaleString('en')} messages to ${FEW_ACTORS.toLocaleString('en')} actors`,
  messages: MANY_MESSAGES,
  actors: FEW_ACTORS,
};
const ACTORS: Content = {
  namespace: 'actors',
  described: `${MANY_ACTORS.toLocaleString('en')} actors`,
  messages: MANY_ACTORS,
  actors: MANY_ACTORS,
};
const UNSAVED: Content = {
  namespace: 'unsaved',
  described: `${REPLAYED_MESSAGES.toLocaleString('en')} messages to ${FEW_ACTORS.toLocaleString('en')} actors`,
  messages: REPLAYED_MESSAGES,
  actors: FEW_ACTORS,
};

/** One start, in seconds from that of its process. */
interface Start {
  readonly ready: number;
  readonly answered: number;
}

interface Place {
  readonly broker: BenchBroker;
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly say: (line: string) => void;
}

async function measure(say: (line: string) => void): Promise<Measurement[]> {
  const broker = await startBroker('always');
  const connection = await connect({ servers: broker.url });
  const place: Place = { broker, connection, jsm: await jetstreamManager(connection), say };
  try {
    const measured: Measurement[] = [];
    for (const content of [NOTHING, MESSAGES, ACTORS]) measured.push(...(await recoveries(place, content)));
    return [...measured, ...(await replay(place, UNSAVED))];
  } finally {
    await connection.close();
    await broker.stop();
  }
}

async function recoveries(place: Place, content: Content): Promise<Measurement[]> {
  const local: Start[] = [];
  const stored: Start[] = [];
  let node = await filledNode(place, content);
  const runs = content === NOTHING ? 2 * RUNS : RUNS;
  for (let run = 0; run < runs; run++) {
    // Everything is checkpointed: no tail is replayed, which `replay` measures.
    await checkpointsQuiet(place.jsm, node.subjects);
    await node.party.kill();
    node = await restart(place, content, local);
    if (content === NOTHING) continue;
    await checkpointsQuiet(place.jsm, node.subjects);
    await node.party.kill();
    rmSync(node.data, { recursive: true, force: true });
    node = await restart(place, content, stored);
  }
  await node.party.stop();
  const { described } = content;
  return [
    ...rows(`restart after a kill, ${described}, state on the own disk`, local),
    ...(stored.length === 0 ? [] : rows(`restart after a kill, ${described}, local state lost`, stored)),
  ];
}

/** Messages a second that a node replays whose local state is lost and of which no checkpoint was stored. */
async function replay(place: Place, content: Content): Promise<Measurement[]> {
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const namespace = `${content.namespace}${run}`;
    const unsaved = { ...content, namespace };
    const node = await filledNode(place, unsaved, { checkpoints: false });
    await node.party.kill();
    rmSync(node.data, { recursive: true, force: true });
    const began = await startBenchNode(place.broker, place.connection, { ...DETERMINISM_OFF, namespace });
    const startUs = nowUs();
    const before = await began.turns();
    await began.ready();
    const took = seconds(startUs);
    await filled(began, content.messages, content.actors);
    rates.push((content.messages - before) / took);
    place.say(`replay: ${Math.round((content.messages - before) / took)} messages/s`);
    await began.party.kill();
    for (const stream of Object.values(began.subjects.streams))
      await place.jsm.streams.delete(stream).catch(() => undefined);
  }
  return [
    {
      bench: 'recovery',
      measure: `replay of ${content.described}, local state lost, nothing checkpointed`,
      unit: 'messages/s',
      value: median(rates),
      runs: rates,
      note: 'from when the shard reads until every partition is ready; checkpoints are written meanwhile',
    },
  ];
}

/** A node that has applied what its namespace holds. */
async function filledNode(
  { broker, connection }: Place,
  { namespace, messages, actors }: Content,
  options: BenchNodeOptions = {},
): Promise<BenchNode> {
  const node = await startBenchNode(broker, connection, { ...DETERMINISM_OFF, ...options, namespace });
  await fill(node, connection, messages, actors);
  await node.idle();
  await filled(node, messages, actors);
  return node;
}

async function restart(
  { broker, connection, say }: Place,
  { namespace, messages, actors }: Content,
  into: Start[],
): Promise<BenchNode> {
  const startUs = nowUs();
  const node = await startBenchNode(broker, connection, { ...DETERMINISM_OFF, namespace });
  await node.ready();
  const ready = seconds(startUs);
  const last: Address = `receiver/fill-${actors - 1}`;
  await until(
    () =>
      node.request(node.subjects.ask(last, 'count')).then(
        () => true as const,
        () => undefined,
      ),
    1,
  );
  into.push({ ready, answered: seconds(startUs) });
  say(`${namespace}: ready after ${ready.toFixed(2)} s`);
  await filled(node, messages, actors);
  return node;
}

function rows(measured: string, starts: readonly Start[]): Measurement[] {
  const ready = starts.map((start) => start.ready);
  const answered = median(starts.map((start) => start.answered));
  return [
    {
      bench: 'recovery',
      measure: `${measured}: every partition ready`,
      unit: 's',
      value: median(ready),
      runs: ready,
      note: `the first ask was answered after ${answered.toFixed(2)} s`,
    },
  ];
}
