/**
 * What supervision costs, and how fast what has failed serves again, beside Erlang's supervisor on the same machine in
 * the same run. See docs/benchmarks.md.
 */
import { ErlangReference } from './erlang-reference.ts';
import type { Bench, Measurement } from './measurement.ts';
import { bareSupervisors } from './supervision-bare.ts';
import { durableActors } from './supervision-durable.ts';
import { failedShards } from './supervision-shards.ts';
import { workerProcesses } from './supervision-workers.ts';

export const supervision: Bench = { name: 'supervision', run: measure };

async function measure(say: (line: string) => void): Promise<Measurement[]> {
  const erlang = await ErlangReference.start();
  try {
    const measured: Measurement[] = [];
    for (const part of [bareSupervisors, durableActors, failedShards, workerProcesses]) {
      measured.push(...(await part(erlang, say)));
      say(`${measured.length} measured`);
    }
    return measured;
  } finally {
    await erlang.stop();
  }
}
