/**
 * What the guard costs that every frame carries (rule R1): the same frame appended with and without it, by
 * turns, one at a time and as many at once as an owner has lanes.
 */
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { encodeFrame, encodeRecord } from '../../protocol/frame.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import { type Guard, LANES } from '../../runtime/claim-log.ts';
import { JetStreamLog } from '../../runtime/log-jetstream.ts';
import { ensureStreams } from '../../runtime/streams.ts';
import { TEXT } from './bench-app.ts';
import { startBroker, type SyncInterval } from './broker.ts';
import { type Bench, median, type Measurement, nowUs, percentile, seconds } from './measurement.ts';

/** Many short runs by turns: a machine that others use slows both ways alike. */
const RUNS = 15;
const PARTITIONS = 64;
/** What a busy node has in a frame, on average. */
const RECORDS = 32;
const MAILBOX_BYTES = 8 * 1024 ** 3;
const FRAMES: Readonly<Record<SyncInterval, number>> = { '2m': 1_000, always: 200 };

export const guard: Bench = {
  name: 'guard',
  run: async () => [...(await measure('2m')), ...(await measure('always'))],
};

async function measure(sync: SyncInterval): Promise<Measurement[]> {
  const broker = await startBroker(sync);
  const connection = await connect({ servers: broker.url });
  try {
    const subjects = subjectsOf('guarded');
    const streams = { partitions: PARTITIONS, mailboxBytes: MAILBOX_BYTES, replicas: 1 };
    await ensureStreams(await jetstreamManager(connection), subjects, streams);
    const log = await JetStreamLog.open(connection, subjects);
    const seqs = await log.openLanes('bench');
    const guards = seqs.map((seq, lane): Guard => ({ owner: 'bench', lane, seq }));
    const frames = FRAMES[sync];
    const ways = { guarded: guards, unguarded: guards.map(() => undefined) };
    const took = { guarded: [] as number[], unguarded: [] as number[] };
    const rates = { guarded: [] as number[], unguarded: [] as number[] };
    for (let run = -1; run < RUNS; run++) {
      const order = ['guarded', 'unguarded'] as const;
      for (const way of run % 2 === 0 ? order : order.toReversed()) {
        const one = await oneAtATime(log, frames / 5, ways[way][0]);
        const rate = await allLanes(log, frames, ways[way]);
        if (run < 0) continue;
        took[way].push(percentile(one, 50));
        rates[way].push(rate);
      }
    }
    const row = (measured: string, unit: string, of: typeof took): Measurement => ({
      bench: 'guard',
      measure: `${measured}, with a guard against without, sync_interval ${sync}`,
      unit,
      value: median(of.guarded),
      raw: median(of.unguarded),
      ratio: median(of.guarded) / median(of.unguarded),
      runs: of.guarded,
    });
    return [
      row('append of a frame p50, one at a time', 'µs', took),
      row(`frames appended, ${LANES} at a time`, 'frames/s', rates),
    ];
  } finally {
    await connection.close();
    await broker.stop();
  }
}

const FRAME = encodeFrame(
  Array.from({ length: RECORDS }, (_, n) =>
    encodeRecord({
      kind: 'tell',
      to: `receiver/guard-${n}`,
      message: { type: 'work', run: 'guard', expected: -1, text: TEXT },
    }),
  ),
);

/** How long each took, in microseconds. */
async function oneAtATime(log: JetStreamLog, count: number, given: Guard | undefined): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < count; n++) {
    const startUs = nowUs();
    await log.appendFrame(0, FRAME, undefined, given);
    took.push(nowUs() - startUs);
  }
  return took;
}

/** Frames a second, each lane with its own guard and partition. */
async function allLanes(
  log: JetStreamLog,
  count: number,
  guards: readonly (Guard | undefined)[],
): Promise<number> {
  const startUs = nowUs();
  let left = count;
  await Promise.all(
    guards.map(async (given, lane) => {
      while (left-- > 0) await log.appendFrame(lane, FRAME, undefined, given);
    }),
  );
  return count / seconds(startUs);
}
