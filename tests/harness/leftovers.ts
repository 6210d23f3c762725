/**
 * What a stopped service has left in this process: timers that our code set (also those that keep no process alive),
 * open files and sockets, threads, child processes, and whatever else keeps Node alive. The last-named as Node says,
 * the others as Linux does; elsewhere less is seen.
 */
import { createHook } from 'node:async_hooks';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** How many there are of each thing; what there is none of is absent. */
export type Counts = Readonly<Record<string, number>>;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Who has set a timer that is ours to clear: the layers, and the broker's client on their behalf. */
const OURS = new RegExp(
  `${ROOT}(?:protocol|runtime|supervisors|actors|nodes)/(?!\\S*\\.(?:test|fixture)\\.ts)|node_modules/@nats-io/`,
);
/** Sets timers for others. */
const CLOCK = /runtime\/clock\.ts/;
const STACK_FRAMES = 25;

/** Where each timer that runs was set. */
const timers = new Map<number, string>();

createHook({
  init: (id, type) => {
    if (type === 'Timeout') timers.set(id, stackOf());
  },
  destroy: (id) => void timers.delete(id),
}).enable();

/** Counts what there is now. */
export function countOpen(): Counts {
  const counts: Record<string, number> = {};
  const add = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  for (const stack of timers.values()) {
    const place = placeOf(stack);
    if (place !== undefined) add(`timer of ${place}`);
  }
  // Node lists a timer of anybody; those of the tests are not ours.
  for (const name of process.getActiveResourcesInfo())
    if (!['Timeout', 'Immediate', 'TickObject'].includes(name)) add(`resource ${name}`);
  for (const file of openFiles()) add(`open ${file}`);
  for (const pid of children()) add(`child process ${pid}`);
  entriesOf('/proc/self/task').forEach(() => add('thread'));
  return counts;
}

/** What there is more of than before. */
export function moreThan(before: Counts, now = countOpen()): Counts {
  return Object.fromEntries(
    Object.entries(now).flatMap(([name, count]) => {
      const more = count - (before[name] ?? 0);
      return more > 0 ? [[name, more]] : [];
    }),
  );
}

function stackOf(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_FRAMES;
  const { stack = '' } = new Error('who sets this timer');
  Error.stackTraceLimit = limit;
  return stack;
}

/** The first line of ours; undefined for a timer that is somebody else's. */
function placeOf(stack: string): string | undefined {
  const line = stack.split('\n').find((frame) => OURS.test(frame) && !CLOCK.test(frame));
  return line?.replace(/^\s*at /, '').replace(ROOT, '');
}

/** By kind, because numbers differ from one time to the next. */
function openFiles(): string[] {
  return entriesOf('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replace(/:\[\d+\]$/, '')];
    } catch {
      // The one that lists them.
      return [];
    }
  });
}

function children(): string[] {
  return entriesOf('/proc/self/task').flatMap((thread) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean);
    } catch {
      return [];
    }
  });
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
