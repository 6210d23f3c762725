/** One schedule on both sides; when they differ, the smallest part of it that still does. */
import { difference, renderDifference } from './compare.ts';
import { drawSchedule } from './draw-schedule.ts';
import type { Erlang, OracleRecording } from './erlang.ts';
import { renderRecording } from './record.ts';
import { runSchedule } from './run-schedule.ts';
import type { Schedule, ScheduledSupervisor } from './schedule.ts';

export interface Checked {
  readonly oracle: OracleRecording;
  /** What differs, with both recordings; undefined when nothing does. */
  readonly failure: string | undefined;
}

/** Runs a seed's schedule on both sides. */
export async function checkSeed(erlang: Erlang, seed: number): Promise<Checked> {
  const schedule = drawSchedule(seed);
  const checked = await checkSchedule(erlang, schedule);
  return checked.failure === undefined ? checked : shrunk(erlang, schedule, checked);
}

/** Runs a schedule on both sides. */
export async function checkSchedule(erlang: Erlang, schedule: Schedule): Promise<Checked> {
  const oracle = await erlang.run(schedule);
  const ours = await runSchedule(schedule, oracle).catch((error: unknown) => error as Error);
  if (ours instanceof Error) {
    return {
      oracle,
      failure: `seed ${schedule.seed}: ${ours.stack ?? ours.message}\n${renderRecording(oracle)}`,
    };
  }
  const what = difference(schedule, oracle, ours);
  return { oracle, failure: what === undefined ? undefined : renderDifference(schedule, what, oracle, ours) };
}

/** Leaves out steps and children, one at a time, as long as the sides still differ. */
async function shrunk(erlang: Erlang, schedule: Schedule, checked: Checked): Promise<Checked> {
  for (const smaller of smallerThan(schedule)) {
    const again = await checkSchedule(erlang, smaller);
    if (again.failure !== undefined) return shrunk(erlang, smaller, again);
  }
  return checked;
}

function* smallerThan(schedule: Schedule): Generator<Schedule> {
  const { steps, root } = schedule;
  for (let index = steps.length - 1; index >= 0; index--)
    yield { ...schedule, steps: steps.toSpliced(index, 1) };
  for (const smaller of smallerTrees(root)) yield { ...schedule, root: smaller };
}

function* smallerTrees(root: ScheduledSupervisor): Generator<ScheduledSupervisor> {
  const { children } = root;
  for (let index = children.length - 1; index >= 0; index--) {
    yield { ...root, children: children.toSpliced(index, 1) };
    const child = children[index];
    if (child?.type !== 'supervisor') continue;
    for (const smaller of smallerTrees(child))
      yield { ...root, children: children.toSpliced(index, 1, smaller) };
  }
}
