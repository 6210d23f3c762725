/** A durable actor that is killed by an order, and one whose turn throws: until it answers again. */
import { connect } from '@nats-io/transport-node';
import { fileURLToPath } from 'node:url';
import type { Address } from '../../protocol/address.ts';
import { encode } from '../../protocol/codec.ts';
import { type BenchNode, startBenchNode } from './bench-node.ts';
import { startBroker } from './broker.ts';
import type { ErlangReference } from './erlang-reference.ts';
import { median, type Measurement, nowUs, percentile } from './measurement.ts';

export const SUPERVISION_APP = fileURLToPath(new URL('./supervision-app.ts', import.meta.url));

const RUNS = 5;
const SAMPLES = 200;
const WARM_UP = 300;

export async function durableActors(_erlang: ErlangReference): Promise<Measurement[]> {
  const broker = await startBroker('2m');
  const connection = await connect({ servers: broker.url });
  const node = await startBenchNode(broker, connection, {
    app: SUPERVISION_APP,
    determinismSample: 0,
    // Each message that a turn throws on is a warning.
    logLevel: 'error',
  });
  try {
    await node.ready();
    let used = 0;
    /** An actor of its own for each: one that keeps failing is paused. */
    const fresh = async (): Promise<Address> => {
      const address: Address = `counter/measured-${++used}`;
      await node.request(node.subjects.call(address), { type: 'add', amount: 1 });
      return address;
    };
    const timed = async (count: number, once: (address: Address) => Promise<unknown>): Promise<number[]> => {
      const took: number[] = [];
      for (let n = 0; n < count; n++) {
        const address = await fresh();
        const startUs = nowUs();
        await once(address);
        took.push(nowUs() - startUs);
      }
      return took;
    };
    const ordered = (order: string) => (address: Address) => orderAndAsk(node, address, order);
    const told = (message: object) => async (address: Address) => {
      connection.publish(node.subjects.to(address), encode(message));
      await node.request(node.subjects.call(address), { type: 'add', amount: 1 });
    };
    const compared = async (
      what: string,
      ours: (address: Address) => Promise<unknown>,
      raw: (address: Address) => Promise<unknown>,
      note: string,
    ): Promise<Measurement[]> => {
      const runs: { ours: number[]; raw: number[] }[] = [];
      await timed(WARM_UP, ours);
      await timed(WARM_UP, raw);
      for (let run = 0; run < RUNS; run++)
        runs.push({ raw: await timed(SAMPLES, raw), ours: await timed(SAMPLES, ours) });
      return [50, 99].map((percent) => {
        const values = runs.map((run) => percentile(run.ours, percent));
        const rawValue = median(runs.map((run) => percentile(run.raw, percent)));
        return {
          ...{ bench: 'supervision', measure: `durable actor, ${what} p${percent}`, unit: 'µs', note },
          ...{ value: median(values), raw: rawValue, ratio: median(values) / rawValue, runs: values },
        };
      });
    };
    return [
      ...(await compared(
        'from a kill order until it answers an ask',
        ordered('kill'),
        ordered('resume'),
        'raw is the order `resume`, which ends nothing, and the same ask',
      )),
      ...(await compared(
        'from a message that its turn throws on until the next is answered',
        told({ type: 'fail' }),
        told({ type: 'add', amount: 1 }),
        'raw is the same with a message that is taken',
      )),
    ];
  } finally {
    await node.party.stop();
    await connection.close();
    await broker.stop();
  }
}

/** The ask reads behind the order. */
async function orderAndAsk(node: BenchNode, address: Address, order: string): Promise<void> {
  const { seq } = (await node.request(node.subjects.sys('order'), { address, order })) as { seq: number };
  await node.request(node.subjects.ask(address, 'total'), { input: {}, after: { seq } });
}
