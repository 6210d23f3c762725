/**
 * What checkpoints cost: two nodes on one broker, one without them, measured by turns. To 64 actors, whose rows
 * are written over many times between two checkpoints, and to 100,000, each once, where every message is one
 * more row to store.
 */
import { jetstream, type JetStreamClient, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { RECEIVERS } from './bench-app.ts';
import { type BenchNode, startBenchNode } from './bench-node.ts';
import { startBroker, type SyncInterval } from './broker.ts';
import { checkpointsQuiet } from './checkpoints-quiet.ts';
import { driveFew, driveMany, DRIVERS, PER_TURN } from './drive.ts';
import { type Bench, median, type Measurement, percentile } from './measurement.ts';
import { processorUs } from './process-usage.ts';
import { probe } from './publish-to-handler.ts';
import { loadSteadily } from './steady-load.ts';

const RUNS = 3;
const ACTORS = 100_000;
const TURNS = 6;
const SAMPLES = 300;
/** Beside the probe. */
const MESSAGES_PER_SECOND = 2_000;

export const checkpoints: Bench = {
  name: 'checkpoints',
  run: async (say) => [...(await measure('2m', say)), ...(await measure('always', say))],
};

type Way = 'on' | 'off';
const WAYS: readonly Way[] = ['on', 'off'];

/** One load, as often as there are runs, on both nodes by turns. */
interface Load {
  readonly measure: string;
  readonly messages: number;
  perform(node: BenchNode, js: JetStreamClient, run: string): Promise<number>;
}

const LOADS: readonly Load[] = [
  {
    measure: `durable tell to ${RECEIVERS} actors`,
    messages: DRIVERS * PER_TURN * TURNS,
    perform: (node, js, run) => driveFew(node, js, run, TURNS),
  },
  {
    measure: `durable tell to ${ACTORS.toLocaleString('en')} actors`,
    messages: ACTORS,
    // The same actors in every run.
    perform: (node, js) => driveMany(node, js, 'many', ACTORS),
  },
];

interface Nodes {
  readonly on: BenchNode;
  readonly off: BenchNode;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly brokerPid: number;
}

async function measure(sync: SyncInterval, say: (line: string) => void): Promise<Measurement[]> {
  const broker = await startBroker(sync);
  const connection = await connect({ servers: broker.url });
  const options = { determinismSample: 0 };
  const on = await startBenchNode(broker, connection, { ...options, namespace: 'on' });
  const off = await startBenchNode(broker, connection, { ...options, namespace: 'off', checkpoints: false });
  const js = jetstream(connection);
  const nodes: Nodes = { on, off, js, jsm: await jetstreamManager(connection), brokerPid: broker.pid };
  try {
    const measured: Measurement[] = [];
    for (const load of LOADS) {
      say(`${load.measure}, sync_interval ${sync}`);
      measured.push(...(await throughput(nodes, load, sync)));
    }
    say(`latency, sync_interval ${sync}`);
    return [...measured, ...(await latency(nodes, sync))];
  } finally {
    await off.party.kill();
    await on.party.stop();
    await connection.close();
    await broker.stop();
  }
}

async function throughput(nodes: Nodes, load: Load, sync: SyncInterval): Promise<Measurement[]> {
  const rates: Record<Way, number[]> = { on: [], off: [] };
  const nodeUs: Record<Way, number[]> = { on: [], off: [] };
  const brokerUs: Record<Way, number[]> = { on: [], off: [] };
  // The first run of each compiles the code and makes the actors.
  for (let run = -1; run < RUNS; run++) {
    for (const way of WAYS) {
      const node = nodes[way];
      const before = { node: await node.cpuUs(), broker: processorUs(nodes.brokerPid) };
      const rate = await load.perform(node, nodes.js, `${way}${run + 1}`);
      // What is stored afterwards belongs to the run, and must not be in the other's.
      await checkpointsQuiet(nodes.jsm, node.subjects);
      if (run < 0) continue;
      rates[way].push(rate);
      nodeUs[way].push(((await node.cpuUs()) - before.node) / load.messages);
      brokerUs[way].push((processorUs(nodes.brokerPid) - before.broker) / load.messages);
    }
  }
  const row = (what: string, unit: string, of: Record<Way, number[]>): Measurement => ({
    bench: 'checkpoints',
    measure: `${load.measure}, ${what} with checkpoints against without, sync_interval ${sync}`,
    unit,
    value: median(of.on),
    raw: median(of.off),
    ratio: median(of.on) / median(of.off),
    runs: of.on,
  });
  return [
    row('rate', 'messages/s', rates),
    row("node's processor time", 'µs/message', nodeUs),
    row("broker's processor time", 'µs/message', brokerUs),
  ];
}

/** From publish to handler, alone and beside a steady load to many actors. */
async function latency(nodes: Nodes, sync: SyncInterval): Promise<Measurement[]> {
  const samples = { alone: { on: [], off: [] }, beside: { on: [], off: [] } } as Record<
    'alone' | 'beside',
    Record<Way, number[][]>
  >;
  for (const way of WAYS) await probe(nodes[way], nodes.js, SAMPLES);
  for (let run = 0; run < RUNS; run++) {
    for (const way of WAYS) {
      const node = nodes[way];
      samples.alone[way].push(await probe(node, nodes.js, SAMPLES));
      const load = loadSteadily(node, nodes.js, ACTORS, MESSAGES_PER_SECOND);
      try {
        samples.beside[way].push(await probe(node, nodes.js, SAMPLES));
      } finally {
        await load.stop();
      }
      await node.idle();
      await checkpointsQuiet(nodes.jsm, node.subjects);
    }
  }
  const beside = `beside ${MESSAGES_PER_SECOND} messages/s to ${ACTORS.toLocaleString('en')} actors, `;
  return (['alone', 'beside'] as const).flatMap((load) =>
    [50, 99].map((percent) => {
      const of = (way: Way): number[] => samples[load][way].map((taken) => percentile(taken, percent));
      return {
        bench: 'checkpoints',
        measure: `publish → handler p${percent}, ${load === 'beside' ? beside : ''}with checkpoints against without, sync_interval ${sync}`,
        unit: 'µs',
        value: median(of('on')),
        raw: median(of('off')),
        ratio: median(of('on')) / median(of('off')),
        runs: of('on'),
      };
    }),
  );
}
