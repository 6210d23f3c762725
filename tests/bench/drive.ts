/** The loads that benchmarks put on a node, from its drivers to its receivers. */
import type { JetStreamClient } from '@nats-io/jetstream';
import { encode } from '../../protocol/codec.ts';
import { RECEIVERS, TEXT } from './bench-app.ts';
import type { BenchNode } from './bench-node.ts';
import { nowUs, seconds } from './measurement.ts';

export const DRIVERS = 8;
/** Bounded by what a partition may have unacknowledged; a multiple of the receivers. */
export const PER_TURN = 960;

/** Messages a second of one run to a few receivers, until all have applied and committed what they got. */
export async function driveFew(
  node: BenchNode,
  js: JetStreamClient,
  run: string,
  turns: number,
): Promise<number> {
  const { subjects } = node;
  const count = DRIVERS * PER_TURN * turns;
  const expected = count / RECEIVERS;
  const full = node.request(subjects.call(`sink/${run}`), { type: 'wait', from: RECEIVERS });
  const startUs = nowUs();
  const drive = encode({ type: 'drive', run, turns, perTurn: PER_TURN, expected, text: TEXT });
  await Promise.all(
    Array.from({ length: DRIVERS }, (_, n) => js.publish(subjects.to(`driver/${run}-${n}`), drive)),
  );
  await full;
  const took = seconds(startUs);
  for (let n = 0; n < RECEIVERS; n++) {
    const counted = await node.request(subjects.ask(`receiver/${run}-${n}`, 'count'));
    if (counted !== expected) throw new Error(`receiver/${run}-${n} has ${String(counted)} of ${expected}.`);
  }
  return count / took;
}

/** Messages a second of one run in which each of `actors` receivers gets one. */
export async function driveMany(
  node: BenchNode,
  js: JetStreamClient,
  run: string,
  actors: number,
): Promise<number> {
  const { subjects } = node;
  const startUs = nowUs();
  const share = Math.ceil(actors / DRIVERS);
  await Promise.all(
    Array.from({ length: DRIVERS }, (_, n) => {
      const from = n * share;
      const until = Math.min(actors, from + share);
      const spread = encode({ type: 'spread', run, from, until, perTurn: PER_TURN, text: TEXT });
      return js.publish(subjects.to(`driver/${run}-${n}`), spread);
    }),
  );
  await node.idle();
  return actors / seconds(startUs);
}
