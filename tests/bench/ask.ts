/** An ask of committed state, against a request that a responder in another process answers at once. */
import { encode } from '../../protocol/codec.ts';
import { type BothPaths, startBothPaths } from './both-paths.ts';
import { type Bench, median, type Measurement, nowUs, percentile } from './measurement.ts';

const RUNS = 5;
const SAMPLES = 2_000;
const WARM_UP = 3_000;

export const ask: Bench = { name: 'ask', run: measure };

async function measure(): Promise<Measurement[]> {
  const paths = await startBothPaths('2m');
  try {
    const { subjects: ours } = paths.node;
    // An actor with state, not one that was never heard of.
    const { seq } = await paths.js.publish(
      ours.to('receiver/one'),
      encode({ type: 'work', run: 'r', expected: 2, text: '' }),
    );
    await paths.node.request(ours.ask('receiver/one', 'count'), { input: {}, after: { seq } });
    const subjects = { raw: paths.respondTo, ours: ours.ask('receiver/one', 'count') };
    await requests(paths, subjects.raw, WARM_UP);
    await requests(paths, subjects.ours, WARM_UP);
    const raw: number[][] = [];
    const answered: number[][] = [];
    for (let run = 0; run < RUNS; run++) {
      raw.push(await requests(paths, subjects.raw, SAMPLES));
      answered.push(await requests(paths, subjects.ours, SAMPLES));
    }
    return [50, 99].map((percent) => {
      const runs = answered.map((samples) => percentile(samples, percent));
      const rawValue = median(raw.map((samples) => percentile(samples, percent)));
      return {
        bench: 'ask',
        measure: `ask p${percent}, one at a time`,
        unit: 'µs',
        value: median(runs),
        raw: rawValue,
        ratio: median(runs) / rawValue,
        ...(percent === 50 ? { aim: '<= 1.5' } : {}),
        runs,
      };
    });
  } finally {
    await paths.stop();
  }
}

/** How long each took, in microseconds. */
async function requests({ connection }: BothPaths, subject: string, count: number): Promise<number[]> {
  const body = encode({});
  const took: number[] = [];
  for (let n = 0; n < count; n++) {
    const startUs = nowUs();
    await connection.request(subject, body, { timeout: 5_000 });
    took.push(nowUs() - startUs);
  }
  return took;
}
