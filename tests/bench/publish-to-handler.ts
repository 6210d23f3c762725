/**
 * From a JetStream publish to the code that handles the message, one message at a time: the publisher's clock
 * goes in the body, the handler's is read where it runs. The consumer's callback against the actor's turn.
 */
import type { JetStreamClient } from '@nats-io/jetstream';
import { encode } from '../../protocol/codec.ts';
import { TEXT } from './bench-app.ts';
import type { BenchNode } from './bench-node.ts';
import { type BothPaths, startBothPaths } from './both-paths.ts';
import type { SyncInterval } from './broker.ts';
import { type Bench, median, type Measurement, nowUs, percentile } from './measurement.ts';

const RUNS = 3;
/** Both paths by turns within a run: whoever else uses the machine slows both alike. */
const BLOCKS = 6;
const SAMPLES = 100;
const WARM_UP = 500;
/** Low load: the broker and both handlers are idle in between. */
const PACE_MS = 2;

export const publishToHandler: Bench = {
  name: 'publish-to-handler',
  run: async () => [...(await measure('2m')), ...(await measure('always'))],
};

async function measure(sync: SyncInterval): Promise<Measurement[]> {
  // The probe reads a clock in its turn, which the determinism check would report, rightly.
  const paths = await startBothPaths(sync, { determinismSample: 0 });
  try {
    await rawBlock(paths, WARM_UP);
    await ourBlock(paths, WARM_UP);
    const raw: number[][] = [];
    const ours: number[][] = [];
    for (let run = 0; run < RUNS; run++) {
      const rawSamples: number[] = [];
      const ourSamples: number[] = [];
      for (let block = 0; block < BLOCKS; block++) {
        rawSamples.push(...(await rawBlock(paths, SAMPLES)));
        ourSamples.push(...(await ourBlock(paths, SAMPLES)));
      }
      raw.push(rawSamples);
      ours.push(ourSamples);
    }
    return [50, 99].map((percent) => {
      const runs = ours.map((samples) => percentile(samples, percent));
      const rawRuns = raw.map((samples) => percentile(samples, percent));
      return {
        bench: 'publish-to-handler',
        measure: `publish → handler p${percent}, sync_interval ${sync}`,
        unit: 'µs',
        value: median(runs),
        raw: median(rawRuns),
        ratio: median(runs) / median(rawRuns),
        aim: '<= 1.3',
        runs,
      };
    });
  } finally {
    await paths.stop();
  }
}

async function rawBlock(paths: BothPaths, count: number): Promise<number[]> {
  await paced(count, () => paths.js.publish(paths.rawSubject, sample()));
  await paths.raw.request({ op: 'more', count });
  return (await paths.raw.request({ op: 'drain' })) as number[];
}

const ourBlock = ({ node, js }: BothPaths, count: number): Promise<number[]> => probe(node, js, count);

/** Latencies of messages to one actor, one at a time. */
export async function probe(
  { subjects, request }: BenchNode,
  js: JetStreamClient,
  count: number,
): Promise<number[]> {
  let last = 0;
  await paced(count, async () => {
    last = (await js.publish(subjects.to('probe/one'), sample())).seq;
  });
  return (await request(subjects.ask('probe/one', 'drain'), { input: {}, after: { seq: last } })) as number[];
}

const sample = (): Uint8Array => encode({ type: 'sent', atUs: nowUs(), text: TEXT });

/** Sends at a steady pace, and never a second one before the first is acknowledged. */
async function paced(count: number, send: () => Promise<unknown>): Promise<void> {
  let left = count;
  let busy = false;
  await new Promise<void>((resolve, reject) => {
    const timer = setInterval(() => {
      if (busy) return;
      if (left-- === 0) {
        clearInterval(timer);
        resolve();
        return;
      }
      busy = true;
      void send().then(() => (busy = false), reject);
    }, PACE_MS);
  });
}
