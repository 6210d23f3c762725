/** Simulates the seeds that it is sent, one after the other, and says how each went. */
import { parentPort } from 'node:worker_threads';
import { describeFailure, ruleOf } from './report.ts';
import { shrink } from './shrink.ts';
import { type Outcome, simulate } from './simulate.ts';

/** What a worker answers for a seed. */
export interface Simulated {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly coverage: Outcome['coverage'];
  readonly stats: Outcome['stats'];
  /** Of a failing seed, made small. */
  readonly failure?: string;
}

parentPort?.on('message', (seed: number) => {
  void answer(seed);
});

async function answer(seed: number): Promise<void> {
  const simulated = await run(seed);
  parentPort?.postMessage(simulated);
}

async function run(seed: number): Promise<Simulated> {
  const { violations, coverage, stats, scenario } = await simulate(seed);
  const found = { seed, violations, coverage, stats };
  if (violations.length === 0) return found;
  const breaks = async (candidate: Outcome['scenario']): Promise<string | undefined> => {
    const [first] = (await simulate(candidate)).violations;
    return first === undefined ? undefined : ruleOf(first);
  };
  const small = await shrink(scenario, breaks);
  return { ...found, failure: describeFailure(await simulate(small)) };
}
