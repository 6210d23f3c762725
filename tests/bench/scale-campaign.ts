/**
 * `npm run campaign -- scale --runs 1000000`: so many artifacts through intake and the coordinator of one node, and
 * what one more costs at 10⁴, 10⁵ and 10⁶ stored: processor time, disk, memory, time to a decision, reads, and the
 * ranking after a reputation has moved. What grows with the collection is a failure.
 */
import { connect } from '@nats-io/transport-node';
import { join } from 'node:path';
import { randomSequence } from '../../runtime/randomness.ts';
import type { Campaign, CampaignOptions, CampaignResult } from '../chaos/campaign.ts';
import { type BenchNode, startBenchNode } from './bench-node.ts';
import { type BenchBroker, startBroker } from './broker.ts';
import { diskBytes } from './disk-bytes.ts';
import { median, nowUs, percentile, seconds } from './measurement.ts';
import { anonymousBytes, processorUs } from './process-usage.ts';
import { until } from './until.ts';

const DEFAULT_ARTIFACTS = 100_000;
const SIZES = [10_000, 30_000, 100_000, 300_000, 1_000_000];
/** The last artifacts before a size, over which their cost is measured. */
const MEASURED = 5_000;
const CALLERS = 8;
const PER_CALL = 128;
const WORDS = 60;
const NODES = 40;
const DOMAINS = 200;
const PROBES = 200;
const READS = 50;
const RERANKS = 20;
const TIMEOUT_MS = 120_000;
/** Processor time per artifact at the last size, relative to the first one. */
const MOST_GROWTH = 2;
const UNLIMITED = 1e9;
const MiB = 1024 ** 2;

export const scaleCampaign: Campaign = {
  name: 'scale',
  about: 'so many artifacts (--runs) through intake and coordinator: what one costs must not grow with them',
  modes: ['one shard', 'two shards'],
  defaultRuns: DEFAULT_ARTIFACTS,
  run,
};

/** What one artifact costs at a size. */
type Costs = Readonly<Record<string, number>>;

async function run({ runs: artifacts, seed, mode, progress }: CampaignOptions): Promise<CampaignResult> {
  const failures: { seed: number; what: string }[] = [];
  const counts: Record<string, number> = {};
  for (const shards of mode === undefined ? [1, 2] : [mode === 'one shard' ? 1 : 2]) {
    const rows = await grow(artifacts, shards, seed, progress);
    const [first, last] = [rows[0], rows.at(-1)];
    const growth = (last?.['node CPU us'] ?? 0) / (first?.['node CPU us'] ?? 1);
    counts[`${shards} shard(s), cost at the end / at the beginning, %`] = Math.round(growth * 100);
    if (growth > MOST_GROWTH)
      failures.push({
        seed,
        what: `${shards} shard(s): an artifact costs ${growth.toFixed(2)} times what it did`,
      });
  }
  return { runs: artifacts, failures, counts };
}

async function grow(
  artifacts: number,
  shards: number,
  seed: number,
  progress: (line: string) => void,
): Promise<Costs[]> {
  const broker = await startBroker('always');
  const connection = await connect({ servers: broker.url });
  const node = await startBenchNode(broker, connection, {
    pipeline: true,
    determinismSample: 0,
    settings: {
      shards,
      'pipeline.intake.hourlyTotal': UNLIMITED,
      'pipeline.intake.nodeBase': UNLIMITED,
      'pipeline.intake.nodeMax': UNLIMITED,
      'pipeline.intake.pendingMax': CALLERS * PER_CALL * 2,
    },
  });
  try {
    const load = new Load(node, seed);
    const rows: Costs[] = [];
    for (const size of [...SIZES.filter((each) => each < artifacts), artifacts]) {
      await load.fill(size - MEASURED);
      const row = await measure(load, size, broker, node);
      if (rows.length === 0) progress(`| stored, ${shards} shard(s) | ${Object.keys(row).join(' | ')} |`);
      progress(`| ${size} | ${Object.values(row).map(short).join(' | ')} |`);
      rows.push(row);
    }
    return rows;
  } finally {
    await node.party.stop();
    await connection.close();
    await broker.stop();
  }
}

async function measure(load: Load, size: number, broker: BenchBroker, node: BenchNode): Promise<Costs> {
  const startUs = nowUs();
  const [nodeUs, brokerUs] = [await node.cpuUs(), processorUs(broker.pid)];
  await load.fill(size);
  const wall = seconds(startUs);
  const perArtifact = (us: number): number => us / MEASURED;
  const nodeCost = perArtifact((await node.cpuUs()) - nodeUs);
  const brokerCost = perArtifact(processorUs(broker.pid) - brokerUs);
  const ask = (query: string, input: object) =>
    node.request(node.subjects.ask('coordinator/main', query), input, TIMEOUT_MS);
  const probes = await timed(PROBES, () => load.submit(1));
  const reranks = await timed(RERANKS, async (turn) => {
    const [name, score] = [load.node(turn), 0.3 + (turn % 7) / 20];
    await node.tell('coordinator/main', { type: 'reputation.moved', node: name, score } as { type: string });
    await until(async () => {
      const { nodes } = (await ask('nodes', { limit: NODES })) as {
        nodes: { node: string; reputation: number }[];
      };
      return nodes.find((one) => one.node === name)?.reputation === score || undefined;
    });
  });
  const top20 = await timed(READS, () => ask('top', { k: 20 }));
  const top1000 = await timed(READS, () => ask('top', { k: 1_000 }));
  return {
    'artifacts/s': MEASURED / wall,
    'node CPU us': nodeCost,
    'broker CPU us': brokerCost,
    'decision p50 ms': median(probes),
    'decision p99 ms': percentile(probes, 99),
    're-rank ms': median(reranks),
    'top 20 ms': median(top20),
    'top 1000 ms': median(top1000),
    'node bytes': diskBytes(node.data) / size,
    'broker bytes': diskBytes(join(broker.folder, 'store')) / size,
    // The rest of what is resident is the local store, mapped.
    'node memory MiB': anonymousBytes(node.party.pid) / MiB,
    'broker memory MiB': anonymousBytes(broker.pid) / MiB,
  };
}

/** How long each of so many takes, in milliseconds. */
async function timed(times: number, what: (turn: number) => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  for (let turn = 0; turn < times; turn++) {
    const startUs = nowUs();
    await what(turn);
    taken.push(seconds(startUs) * 1_000);
  }
  return taken;
}

/** Callers that submit artifacts as other systems do, and wait for each decision. */
class Load {
  readonly #node: BenchNode;
  readonly #random: () => number;
  #submitted = 0;
  #calls = 0;

  constructor(node: BenchNode, seed: number) {
    this.#node = node;
    this.#random = randomSequence(`scale ${seed}`);
  }

  node(number: number): string {
    return `collector-${number % NODES}`;
  }

  /** Submits until so many are stored. */
  async fill(size: number): Promise<void> {
    const caller = async (): Promise<void> => {
      while (this.#submitted < size) await this.submit(Math.min(PER_CALL, size - this.#submitted));
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  }

  async submit(count: number): Promise<void> {
    this.#submitted += count;
    const message = {
      type: 'artifact.submit',
      node: this.node(this.#calls++),
      artifacts: Array.from({ length: count }, () => this.#artifact()),
    };
    const reply = await this.#node.request(this.#node.subjects.call('intake/main'), message, TIMEOUT_MS);
    const { accepted } = reply as { accepted: number };
    if (accepted !== count)
      throw new Error(`${accepted} of ${count} were accepted: ${JSON.stringify(reply)}`);
  }

  #artifact(): object {
    const whole = (below: number): number => Math.floor(this.#random() * below);
    // Words are as rare as in prose: few are frequent, most are not.
    const words = Array.from(
      { length: WORDS },
      () => `word${Math.floor(20_000 * this.#random() ** 3).toString(36)}`,
    );
    return {
      contentType: 'text',
      content: words.join(' '),
      source: `https://example.org/${whole(1e9)}`,
      confidence: 0.3 + this.#random() * 0.6,
      threat: whole(11),
      opportunity: whole(11),
      metadata: { domain: `domain-${whole(DOMAINS)}` },
    };
  }
}

const short = (value: number): string => (value >= 100 ? Math.round(value).toString() : value.toFixed(1));
