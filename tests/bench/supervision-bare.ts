/** Bare supervisors: a crash, many children, and their memory. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BareChildren, type BareStrategy } from './bare-children.ts';
import type { ErlangReference } from './erlang-reference.ts';
import { median, type Measurement, nowUs, percentile } from './measurement.ts';
import { type MemoryOfActors, MEMORY_CHILD } from './memory.ts';

const RUNS = 5;
const FEW_RUNS = 3;
const SAMPLES = 400;
const WARM_UP = 2_000;
const MEMORY = fileURLToPath(new URL('./supervision-memory-child.ts', import.meta.url));

export async function bareSupervisors(
  erlang: ErlangReference,
  say: (line: string) => void,
): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const [strategy, count] of [
    ['one_for_one', 1],
    ['simple_one_for_one', 10],
    ['simple_one_for_one', 10_000],
  ] as const)
    measured.push(...(await crashes(erlang, strategy, count)));
  measured.push(...(await manyChildren(erlang)));
  for (const count of [10_000, 100_000])
    for (const strategy of ['one_for_one', 'simple_one_for_one'] as const) {
      measured.push(await memoryPerChild(erlang, strategy, count));
      say(`memory of ${count} under ${strategy}`);
    }
  return [...measured, memoryPerActor()];
}

async function crashes(
  erlang: ErlangReference,
  strategy: BareStrategy,
  count: number,
): Promise<Measurement[]> {
  const children = await BareChildren.start(strategy);
  await children.add(count);
  const raw: (readonly number[])[] = [];
  const ours: (readonly number[])[] = [];
  await crashSome(children, WARM_UP);
  await erlang.run(`crash ${strategy} ${count} ${WARM_UP}`);
  for (let run = 0; run < RUNS; run++) {
    const { crash = [] } = await erlang.run(`crash ${strategy} ${count} ${SAMPLES}`);
    raw.push(crash.map((ns) => ns / 1_000));
    ours.push(await crashSome(children, SAMPLES));
  }
  await children.supervisor.stop();
  const of = count === 1 ? 'a supervised child' : `one of ${count.toLocaleString('en')} under ${strategy}`;
  return [50, 99].map((percent) => {
    const runs = ours.map((samples) => percentile(samples, percent));
    const rawValue = median(raw.map((samples) => percentile(samples, percent)));
    return {
      ...{ bench: 'supervision', measure: `crash of ${of} until it answers p${percent}`, unit: 'µs' },
      ...{ value: median(runs), raw: rawValue, ratio: median(runs) / rawValue, runs },
    };
  });
}

async function crashSome(children: BareChildren, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < count; n++) {
    took.push(await children.crash());
    // Until its supervisor has heard that it is up.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return took;
}

/** Adding ten thousand, and stopping them. */
async function manyChildren(erlang: ErlangReference): Promise<Measurement[]> {
  const count = 10_000;
  const added = { ours: [] as number[], raw: [] as number[] };
  const stopped = { ours: [] as number[], raw: [] as number[] };
  for (let run = 0; run < RUNS; run++) {
    const { add = [], stop = [] } = await erlang.run(`dynamic ${count}`);
    added.raw.push((add[0] ?? Number.NaN) / 1e6);
    stopped.raw.push((stop[0] ?? Number.NaN) / 1e6);
    const children = await BareChildren.start('simple_one_for_one');
    const startUs = nowUs();
    await children.add(count);
    const addedUs = nowUs();
    await children.supervisor.stop();
    added.ours.push((addedUs - startUs) / 1_000);
    stopped.ours.push((nowUs() - addedUs) / 1_000);
  }
  const row = (what: string, { ours, raw }: typeof added): Measurement => ({
    ...{ bench: 'supervision', measure: `${what} 10,000 children, simple_one_for_one`, unit: 'ms' },
    ...{ value: median(ours), raw: median(raw), ratio: median(ours) / median(raw), runs: ours },
  });
  return [row('adding', added), row('stopping', stopped)];
}

async function memoryPerChild(
  erlang: ErlangReference,
  strategy: BareStrategy,
  count: number,
): Promise<Measurement> {
  const runs: number[] = [];
  const raw: number[] = [];
  // They hardly differ, and a hundred thousand take their time on both sides.
  for (let run = 0; run < (count > 10_000 ? FEW_RUNS : RUNS); run++) {
    runs.push(inChild(MEMORY, strategy, String(count)) as number);
    const { memory = [] } = await erlang.run(`memory ${strategy} ${count}`);
    raw.push(memory[0] ?? Number.NaN);
  }
  const value = median(runs);
  return {
    bench: 'supervision',
    measure: `memory per idle child at ${count.toLocaleString('en')}, ${strategy}`,
    unit: 'bytes',
    value,
    raw: median(raw),
    ratio: value / median(raw),
    runs,
    note: 'raw is a gen_server with what its supervisor grows by; ours a handle and a promise with that',
  };
}

/** What a tree costs a durable actor that is idle: nothing, because its supervisor does not know it. */
function memoryPerActor(): Measurement {
  const runs: number[] = [];
  const raw: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    runs.push((inChild(MEMORY_CHILD, '10000', 'supervised') as MemoryOfActors).resident);
    raw.push((inChild(MEMORY_CHILD, '10000') as MemoryOfActors).resident);
  }
  return {
    bench: 'supervision',
    measure: 'memory per resident durable actor at 10,000, with a tree',
    unit: 'bytes',
    value: median(runs),
    raw: median(raw),
    ratio: median(runs) / median(raw),
    runs,
    note: 'raw is the same without a tree',
  };
}

function inChild(module: string, ...options: string[]): unknown {
  const text = execFileSync(process.execPath, ['--expose-gc', module, ...options], { encoding: 'utf8' });
  return JSON.parse(text) as unknown;
}
