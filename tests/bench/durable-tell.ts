/**
 * Durable messages a second, end to end: from an actor that tells to receivers that have applied them and
 * committed, against one JetStream publish per message and an ordered consumer that decodes it.
 */
import { encode } from '../../protocol/codec.ts';
import { RECEIVERS, TEXT } from './bench-app.ts';
import { type BothPaths, startBothPaths } from './both-paths.ts';
import type { SyncInterval } from './broker.ts';
import { driveFew, DRIVERS, PER_TURN } from './drive.ts';
import { type Bench, median, type Measurement, nowUs, seconds } from './measurement.ts';

const RUNS = 3;
const IN_FLIGHT = 256;
/** How long one run should take. */
const RUN_SECONDS = 2;
const FIRST_RAW = 2_000;
const FIRST_TURNS = 2;

export const durableTell: Bench = {
  name: 'durable-tell',
  run: async () => [await measure('2m'), await measure('always')],
};

async function measure(sync: SyncInterval): Promise<Measurement> {
  const paths = await startBothPaths(sync);
  try {
    // The first runs of each compile the code and say how many messages make a run.
    await runRaw(paths, FIRST_RAW);
    const rawCount = Math.ceil((await runRaw(paths, FIRST_RAW)) * RUN_SECONDS);
    const { node, js } = paths;
    await driveFew(node, js, 'warm-up', FIRST_TURNS);
    const first = await driveFew(node, js, 'first', FIRST_TURNS * 2);
    const turns = Math.max(1, Math.round((first * RUN_SECONDS) / (DRIVERS * PER_TURN)));
    const rawRuns: number[] = [];
    const runs: number[] = [];
    const before = await entries(paths);
    let cpuUs = 0;
    for (let run = 0; run < RUNS; run++) {
      rawRuns.push(await runRaw(paths, rawCount));
      const idleUs = await node.cpuUs();
      runs.push(await driveFew(node, js, `run${run}`, turns));
      cpuUs += (await node.cpuUs()) - idleUs;
    }
    const count = RUNS * DRIVERS * PER_TURN * turns;
    const perEntry = count / ((await entries(paths)) - before);
    return {
      bench: 'durable-tell',
      measure: `durable tell, end to end, sync_interval ${sync}`,
      unit: 'messages/s',
      value: median(runs),
      raw: median(rawRuns),
      ratio: median(runs) / median(rawRuns),
      aim: '>= 2',
      runs,
      note:
        `${count / RUNS} messages a run to ${RECEIVERS} actors, ${perEntry.toFixed(0)} in a log entry ` +
        `on average, ${(cpuUs / count).toFixed(1)} µs of processor time each in the node; raw ${rawCount}, ${IN_FLIGHT} in flight`,
    };
  } finally {
    await paths.stop();
  }
}

/** How many entries our log has had. */
async function entries({ jsm, node }: BothPaths): Promise<number> {
  return (await jsm.streams.info(node.subjects.streams.mailbox)).state.last_seq;
}

/** Messages a second of one raw run: published one by one, a bounded number in flight, decoded at the other end. */
async function runRaw({ js, raw, rawSubject }: BothPaths, count: number): Promise<number> {
  const startUs = nowUs();
  const received = raw.request({ op: 'more', count });
  let left = count;
  const publisher = async (): Promise<void> => {
    while (left-- > 0) {
      await js.publish(rawSubject, encode({ type: 'work', run: 'raw', expected: count, text: TEXT }));
    }
  };
  await Promise.all([received, ...Array.from({ length: IN_FLIGHT }, publisher)]);
  return count / seconds(startUs);
}
