/** One schedule on both sides; when they differ, the smallest that still does. */
import fc from 'fast-check';
import { schedules } from './draw-schedules.ts';
import { type ModelRecording, type Recording, renderRecording } from './record.ts';
import { runModel } from './run-model.ts';
import { runSupervisors } from './run-supervisors.ts';
import { type Schedule, renderStep } from './schedule.ts';

export interface Checked {
  readonly model: ModelRecording;
  /** What differs, with both recordings; undefined when nothing does. */
  readonly failure: string | undefined;
}

/** Draws a seed's schedule and runs it; one that fails is shrunk. */
export async function checkSeed(seed: number): Promise<Checked> {
  let first: Checked | undefined;
  let latest: Checked | undefined;
  const holds = fc.asyncProperty(schedules, async (schedule) => {
    const checked = await checkSchedule(schedule);
    first ??= checked;
    if (checked.failure !== undefined) latest = checked;
    return checked.failure === undefined;
  });
  await fc.check(holds, { seed, numRuns: 1, unbiased: true });
  const checked = latest ?? first;
  if (checked === undefined) throw new Error('no schedule was drawn');
  const { model, failure } = checked;
  const again = `again: npm run campaign -- supervision --mode trees --runs 1 --seed ${seed}`;
  return { model, failure: failure === undefined ? undefined : `seed ${seed}: ${failure}\n${again}` };
}

/** Runs a schedule on both sides. */
export async function checkSchedule(schedule: Schedule): Promise<Checked> {
  const model = runModel(schedule);
  const steps = model.steps.map(({ step }) => step);
  const ours = await runSupervisors(schedule.root, steps);
  const what = difference(model, ours);
  if (what === undefined) return { model, failure: undefined };
  const failure = [
    what,
    '--- the tree',
    JSON.stringify(schedule.root, (_, value: unknown) => (value === Infinity ? 'Infinity' : value)),
    '--- the model',
    renderRecording(model),
    '--- ours',
    renderRecording(ours),
  ].join('\n');
  return { model, failure };
}

/** The first difference in words. The total order is compared, except where several things happen at once. */
function difference(model: ModelRecording, ours: Recording): string | undefined {
  // What was rushed may be noted before or after the step that follows.
  let [expected, seen]: [string[], string[]] = [[], []];
  for (const [index, { step, events, apart, snapshot }] of model.steps.entries()) {
    const mine = ours.steps[index];
    expected.push(...events);
    seen.push(...(mine?.events ?? []));
    if (step.rush) continue;
    const where = apart ? firstDifferenceApart(expected, seen) : firstDifference(expected, seen);
    if (where !== undefined) return `step ${index} (${renderStep(step)}): ${where}`;
    if (mine?.snapshot !== snapshot)
      return `after step ${index} (${renderStep(step)}): the model has ${snapshot}, ours ${mine?.snapshot}`;
    [expected, seen] = [[], []];
  }
  const where = firstDifference(model.answers, ours.answers);
  return where === undefined ? undefined : `answers: ${where}`;
}

function firstDifferenceApart(expected: readonly string[], seen: readonly string[]): string | undefined {
  const [theirs, mine] = [byIncarnation(expected), byIncarnation(seen)];
  for (const incarnation of new Set([...theirs.keys(), ...mine.keys()])) {
    const where = firstDifference(theirs.get(incarnation) ?? [], mine.get(incarnation) ?? []);
    if (where !== undefined) return where;
  }
  return undefined;
}

/** Events are `when who what`. */
function byIncarnation(events: readonly string[]): Map<string, string[]> {
  return Map.groupBy(events, (event) => event.split(' ')[1] ?? '');
}

function firstDifference(expected: readonly string[], seen: readonly string[]): string | undefined {
  for (let index = 0; index < Math.max(expected.length, seen.length); index++) {
    const [theirs, mine] = [expected[index], seen[index]];
    if (theirs !== mine) return `at ${index} the model has ${theirs ?? 'nothing'}, ours ${mine ?? 'nothing'}`;
  }
  return undefined;
}
