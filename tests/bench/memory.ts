/** What an actor costs that is in memory and waits: heap after a collection, in a process of its own. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Bench, median, type Measurement } from './measurement.ts';

const RUNS = 3;
export const MEMORY_CHILD = fileURLToPath(new URL('./memory-child.ts', import.meta.url));

export const memory: Bench = {
  name: 'memory',
  run: async () => [await measure(10_000), await measure(100_000)],
};

export interface MemoryOfActors {
  readonly resident: number;
  /** The same machine as XState's own started actor; 0 when that was not asked for. */
  readonly started: number;
}

async function measure(actors: number): Promise<Measurement> {
  const runs = Array.from({ length: RUNS }, () => {
    const text = execFileSync(process.execPath, ['--expose-gc', MEMORY_CHILD, String(actors)], {
      encoding: 'utf8',
    });
    return JSON.parse(text) as MemoryOfActors;
  });
  const value = median(runs.map(({ resident }) => resident));
  const raw = median(runs.map(({ started }) => started));
  return {
    bench: 'memory',
    measure: `memory per resident actor at ${actors.toLocaleString('en')}`,
    unit: 'bytes',
    value,
    raw,
    ratio: value / raw,
    runs: runs.map(({ resident }) => resident),
    note: 'raw is a started XState actor of the same machine; an Erlang process has about 2,700 bytes',
  };
}
