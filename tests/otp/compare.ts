/** Where two recordings of the same schedule differ. */
import type { OracleRecording } from './erlang.ts';
import { type Recording, renderRecording } from './record.ts';
import { type Schedule, childrenById } from './schedule.ts';

/**
 * The first difference in words, or undefined. The total order is compared, except where OTP has none, or ours need
 * not have the same one: then the order that each child sees.
 */
export function difference(schedule: Schedule, oracle: OracleRecording, ours: Recording): string | undefined {
  const simple = [...childrenById(schedule).values()].some(
    (child) => child.type === 'supervisor' && child.strategy === 'simple_one_for_one',
  );
  return (
    (oracle.apart || simple ? differenceApart(oracle, ours) : differenceInOrder(oracle, ours)) ??
    differenceAtRest(oracle, ours) ??
    differenceOfAnswers(oracle, ours)
  );
}

function differenceInOrder(oracle: Recording, ours: Recording): string | undefined {
  for (const [index, { step, events }] of oracle.steps.entries()) {
    const mine = ours.steps[index]?.events ?? [];
    const where = firstDifference(readyFirst(events), readyFirst(mine));
    if (where !== undefined) return `step ${index} (${step}): ${where}`;
  }
  return undefined;
}

function differenceApart(oracle: Recording, ours: Recording): string | undefined {
  const [theirs, mine] = [byChild(oracle), byChild(ours)];
  for (const id of new Set([...theirs.keys(), ...mine.keys()])) {
    const where = firstDifference(theirs.get(id) ?? [], mine.get(id) ?? []);
    if (where !== undefined) return `what happened to ${id}: ${where}`;
  }
  return undefined;
}

/** What each child sees: events are `what id …`. */
function byChild({ steps }: Recording): Map<string, string[]> {
  const events = steps.flatMap((step) => readyFirst(step.events));
  return Map.groupBy(events, (event) => event.split(' ')[1] ?? 'root');
}

/** That it is ready is heard by whoever started the root, while the root already does what has waited meanwhile. */
function readyFirst(events: readonly string[]): string[] {
  return [...events.filter((event) => event === 'ready'), ...events.filter((event) => event !== 'ready')];
}

function differenceAtRest(oracle: Recording, ours: Recording): string | undefined {
  for (const [index, { step, snapshot }] of oracle.steps.entries()) {
    const mine = ours.steps[index]?.snapshot;
    if (mine !== snapshot) return `after step ${index} (${step}): OTP has ${snapshot}, ours ${mine}`;
  }
  return undefined;
}

function differenceOfAnswers(oracle: Recording, ours: Recording): string | undefined {
  const where = firstDifference(oracle.answers, ours.answers);
  return where === undefined ? undefined : `answers: ${where}`;
}

function firstDifference(theirs: readonly string[], mine: readonly string[]): string | undefined {
  for (let index = 0; index < Math.max(theirs.length, mine.length); index++) {
    const [otp, banyan] = [theirs[index], mine[index]];
    if (otp !== banyan) return `at ${index} OTP has ${otp ?? 'nothing'}, ours ${banyan ?? 'nothing'}`;
  }
  return undefined;
}

/** Both recordings, the difference, and how to see it again. */
export function renderDifference(
  schedule: Schedule,
  what: string,
  oracle: Recording,
  ours: Recording,
): string {
  return [
    `seed ${schedule.seed}: ${what}`,
    `again: npm run campaign -- otp --runs 1 --seed ${schedule.seed}`,
    `--- the tree`,
    JSON.stringify(schedule.root),
    `--- OTP`,
    renderRecording(oracle),
    `--- ours`,
    renderRecording(ours),
  ].join('\n');
}
