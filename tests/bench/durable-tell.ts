/**
 * Durable messages a second, end to end: from an actor that tells to receivers that have applied them and
 * committed, against one JetStream publish per message and an ordered consumer that decodes it.
 */
import { encode } from '../../protocol/codec.ts';
import { RECEIVERS, TEXT } from './bench-app.ts';
import { type BothPaths, startBothPaths } from './both-paths.ts';
import type { SyncInterval } from './broker.ts';
import { type Bench, median, type Measurement, nowUs, seconds } from './measurement.ts';

const RUNS = 3;
const DRIVERS = 8;
/** Bounded by what a partition may have unacknowledged; a multiple of the receivers. */
const PER_TURN = 960;
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
    await runOurs(paths, 'warm-up', FIRST_TURNS);
    const first = await runOurs(paths, 'first', FIRST_TURNS * 2);
    const turns = Math.max(1, Math.round((first * RUN_SECONDS) / (DRIVERS * PER_TURN)));
    const rawRuns: number[] = [];
    const runs: number[] = [];
    const before = await entries(paths);
    let cpuUs = 0;
    for (let run = 0; run < RUNS; run++) {
      rawRuns.push(await runRaw(paths, rawCount));
      const idleUs = await paths.nodeCpuUs();
      runs.push(await runOurs(paths, `run${run}`, turns));
      cpuUs += (await paths.nodeCpuUs()) - idleUs;
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
async function entries({ jsm }: BothPaths): Promise<number> {
  return (await jsm.streams.info('banyan_MAILBOX')).state.last_seq;
}

/** Messages a second of one run of ours. */
async function runOurs(paths: BothPaths, run: string, turns: number): Promise<number> {
  const count = DRIVERS * PER_TURN * turns;
  const expected = count / RECEIVERS;
  const full = paths.ask(`banyan.call.sink.${run}`, { type: 'wait', from: RECEIVERS });
  const startUs = nowUs();
  const drive = encode({ type: 'drive', run, turns, perTurn: PER_TURN, expected, text: TEXT });
  await Promise.all(
    Array.from({ length: DRIVERS }, (_, n) => paths.js.publish(`banyan.to.driver.${run}-${n}`, drive)),
  );
  await full;
  const took = seconds(startUs);
  for (let n = 0; n < RECEIVERS; n++) {
    const counted = await paths.ask(`banyan.ask.receiver.${run}-${n}.count`);
    if (counted !== expected) throw new Error(`receiver/${run}-${n} has ${String(counted)} of ${expected}.`);
  }
  return count / took;
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
