/**
 * Makes a failing scenario small: fewer faults, fewer messages, fewer machines, as long as the same rule is
 * still broken (delta debugging; A. Zeller and R. Hildebrandt, Simplifying and Isolating Failure-Inducing Input,
 * TSE 2002).
 */
import type { Scenario } from './scenario.ts';

/** The rule that the scenario breaks first; undefined when it breaks none. */
export type Breaks = (scenario: Scenario) => Promise<string | undefined>;

/** Runs spent on one failure, at most. */
const MOST_RUNS = 150;

export async function shrink(scenario: Scenario, breaks: Breaks): Promise<Scenario> {
  const rule = await breaks(scenario);
  if (rule === undefined) return scenario;
  let smallest = scenario;
  let runs = 0;
  const accept = async (candidate: Scenario): Promise<boolean> => {
    if (runs++ >= MOST_RUNS || (await breaks(candidate)) !== rule) return false;
    smallest = candidate;
    return true;
  };
  await withoutFaults();
  for (const name of smallest.workloads) {
    const workloads = smallest.workloads.filter((other) => other !== name);
    if (workloads.length > 0) await accept({ ...smallest, workloads });
  }
  while (
    smallest.messages > 4 &&
    (await accept({ ...smallest, messages: Math.floor(smallest.messages / 2) }))
  );
  await accept({ ...smallest, clients: 1 });
  await accept({ ...smallest, skewMs: 0, drift: 0 });
  await withoutFaults();
  return smallest;

  /** Leaves out halves, then quarters, and so on to single faults. */
  async function withoutFaults(): Promise<void> {
    for (
      let size = Math.ceil(smallest.faults.length / 2);
      size >= 1;
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      for (let at = 0; at < smallest.faults.length;) {
        const faults = smallest.faults.toSpliced(at, size);
        if (!(await accept({ ...smallest, faults }))) at += size;
      }
    }
  }
}
