/**
 * `npm run campaign -- growth --minutes 60`: a steady load on one node and its broker, and what grows meanwhile:
 * the mailbox, the checkpoints, memory, disks. Under a load that stays the same all of them must stay the same,
 * once every actor is there and the logs have been trimmed a few times.
 */
import { jetstream, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { join } from 'node:path';
import type { Campaign, CampaignOptions, CampaignResult } from '../chaos/campaign.ts';
import { type BenchNode, startBenchNode } from './bench-node.ts';
import { type BenchBroker, startBroker } from './broker.ts';
import { diskBytes } from './disk-bytes.ts';
import { type Growth, GROWTH_PERCENT, judgeGrowth } from './growth-verdict.ts';
import { nowUs, seconds } from './measurement.ts';
import { residentBytes } from './process-usage.ts';
import { loadSteadily } from './steady-load.ts';

const ACTORS = 10_000;
const MESSAGES_PER_SECOND = 1_000;
const DEFAULT_MINUTES = 60;
/** Shorter runs end before the mailbox was trimmed often enough for a verdict. */
const LEAST_MINUTES = 20;
const SAMPLE_MS = 5_000;
const MINUTE_MS = 60_000;
const MISSED_IN_A_ROW = 10;
const MiB = 1024 ** 2;

export const growthCampaign: Campaign = {
  name: 'growth',
  about: `${MESSAGES_PER_SECOND} messages a second for --minutes N (${DEFAULT_MINUTES}): logs, memory and disks stop growing`,
  modes: ['steady'],
  defaultRuns: 1,
  run,
};

/** What is looked at, in messages or MiB. */
type Sample = Readonly<Record<(typeof NAMES)[number], number>>;
const NAMES = [
  'MAILBOX',
  'MAILBOX MiB',
  'STATE',
  'STATE MiB',
  'broker disk',
  'node disk',
  'broker RSS',
  'node RSS',
] as const;

async function run({ minutes = DEFAULT_MINUTES, seed, progress }: CampaignOptions): Promise<CampaignResult> {
  const broker = await startBroker('always');
  const connection = await connect({ servers: broker.url });
  const node = await startBenchNode(broker, connection);
  const jsm = await jetstreamManager(connection);
  try {
    progress(row('minute', NAMES));
    const load = loadSteadily(node, jetstream(connection), ACTORS, MESSAGES_PER_SECOND);
    const samples = await sampled(minutes, progress, () => sample(broker, node, jsm));
    const sent = await load.stop();
    await node.idle();
    const failures = (await load.wrong()).map((what) => ({ seed, what }));
    const growths = NAMES.map((name) =>
      judgeGrowth(
        name,
        samples.map((one) => one[name]),
      ),
    );
    for (const growth of growths) progress(described(growth));
    const isLong = minutes >= LEAST_MINUTES;
    const growing = growths.filter(({ flat }) => !flat);
    progress(
      `verdict: ${isLong ? (growing.length === 0 ? 'flat' : 'GROWING') : `none, it takes ${LEAST_MINUTES} minutes`}`,
    );
    if (isLong) failures.push(...growing.map((growth) => ({ seed, what: described(growth) })));
    return { runs: 1, failures, counts: { minutes, messages: sent, ...lastPeaks(growths) } };
  } finally {
    await node.party.stop();
    await connection.close();
    await broker.stop();
  }
}

/** Samples at equal distances; says each minute's highest values. */
async function sampled(
  minutes: number,
  progress: (line: string) => void,
  take: () => Promise<Sample>,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const perMinute = MINUTE_MS / SAMPLE_MS;
  const startUs = nowUs();
  let missed = 0;
  await new Promise<void>((resolve, reject) => {
    let taking = false;
    const timer = setInterval(() => {
      if (taking) return;
      taking = true;
      void take()
        .then(
          (one) => {
            missed = 0;
            samples.push(one);
            if (samples.length % perMinute === 0) progress(minuteRow(samples, perMinute));
          },
          (error: Error) => {
            // A busy machine is late with an answer now and then.
            progress(`not sampled: ${error.message}`);
            if (++missed === MISSED_IN_A_ROW) end(() => reject(error));
          },
        )
        .then(() => {
          taking = false;
          if (seconds(startUs) >= minutes * 60) end(resolve);
        });
    }, SAMPLE_MS);
    const end = (settle: () => void): void => {
      clearInterval(timer);
      settle();
    };
  });
  return samples;
}

function minuteRow(samples: readonly Sample[], perMinute: number): string {
  const last = samples.slice(-perMinute);
  const peaks = NAMES.map((name) => Math.max(...last.map((each) => each[name])));
  return row(String(samples.length / perMinute), peaks.map(short));
}

async function sample(broker: BenchBroker, node: BenchNode, jsm: JetStreamManager): Promise<Sample> {
  const { streams } = node.subjects;
  const { state: mailbox } = await jsm.streams.info(streams.mailbox);
  const { state } = await jsm.streams.info(streams.state);
  return {
    MAILBOX: mailbox.messages,
    'MAILBOX MiB': mailbox.bytes / MiB,
    STATE: state.messages,
    'STATE MiB': state.bytes / MiB,
    'broker disk': diskBytes(join(broker.folder, 'store')) / MiB,
    'node disk': diskBytes(node.data) / MiB,
    'broker RSS': residentBytes(broker.pid) / MiB,
    'node RSS': residentBytes(node.party.pid) / MiB,
  };
}

const lastPeaks = (growths: readonly Growth[]): Record<string, number> =>
  Object.fromEntries(growths.map(({ name, peaks }) => [name, Math.round(peaks.at(-1) ?? 0)]));

function described({ name, peaks, percent, flat }: Growth): string {
  const change = `${percent >= 0 ? '+' : ''}${percent.toFixed(1)} % from the third quarter to the last`;
  return `${name}: peaks of the quarters ${peaks.map(short).join(', ')}; ${change}${flat ? '' : `, more than ${GROWTH_PERCENT} %`}`;
}

const row = (first: string, cells: readonly string[]): string =>
  [first, ...cells].map((cell) => cell.padStart(11)).join(' ');

const short = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1);
