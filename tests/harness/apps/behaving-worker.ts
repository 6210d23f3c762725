/** The module of a worker that does what its variable BEHAVIOUR says, as soon as it is up. */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { TransientFault, type WorkerContext } from '../../../nodes/library.ts';

const { BEHAVIOUR: behaviour = 'work', ONCE: once, MARKS: marks = '' } = process.env;

const until = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

const forEver = (): Promise<never> => new Promise(() => {});

function startHelper(stdio: 'ignore' | 'inherit'): void {
  const helper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio });
  console.log(`helper ${helper.pid}`);
}

const behaviours: Readonly<Record<string, (context: WorkerContext) => Promise<unknown>>> = {
  work: ({ signal }) => until(signal),
  return: async () => {},
  throw: async () => {
    throw new RangeError('the work is too hard');
  },
  /** The first four incarnations; each leaves a file. */
  busy: async ({ signal }) => {
    const left = [1, 2, 3, 4].map((attempt) => `${marks}.${attempt}`).find((mark) => !existsSync(mark));
    if (left === undefined) return until(signal);
    writeFileSync(left, '');
    throw new TransientFault('the device is busy');
  },
  /** As everything that takes a signal does. */
  abort: async ({ signal }) => {
    await until(signal);
    throw signal.reason;
  },
  exit: async () => {
    setImmediate(() => process.exit(3));
    return forEver();
  },
  deaf: async ({ signal }) => {
    await until(signal);
    console.log('I do not listen');
    return forEver();
  },
  stray: async () => {
    setImmediate(() => {
      throw new Error('nobody catches this');
    });
    return forEver();
  },
  block: async () => {
    setImmediate(() => {
      for (;;);
    });
    return forEver();
  },
  exhaust: async () => {
    const kept: unknown[] = [];
    for (;;) kept.push(Array<number>(100_000).fill(0.5));
  },
  print: async (context) => {
    console.log(`I am ${context.id} of ${context.node} in ${context.namespace}`);
    console.error('x'.repeat(10_000));
    await until(context.signal);
  },
  record: async ({ signal }) => {
    await until(signal);
    writeFileSync(`${once}.end`, '');
  },
  helped: async ({ signal }) => {
    startHelper('ignore');
    await until(signal);
  },
  leave: async () => {
    startHelper('inherit');
    setImmediate(() => process.exit(3));
    return forEver();
  },
};

if (behaviour === 'broken') {
  console.error('about to break');
  throw new Error('the module is broken');
}
if (behaviour === 'die') {
  console.error('the last words');
  process.exit(4);
}
if (behaviour === 'stall') for (;;);

/** With ONCE, only the first incarnation misbehaves: it leaves that file. */
function chosen(): (context: WorkerContext) => Promise<unknown> {
  const works = behaviours['work'] as (context: WorkerContext) => Promise<unknown>;
  if (once === undefined) return behaviours[behaviour] ?? works;
  if (existsSync(once)) return works;
  writeFileSync(once, '');
  return behaviours[behaviour] ?? works;
}

export default behaviour === 'none'
  ? undefined
  : async (context: WorkerContext): Promise<void> => {
      await chosen()(context);
    };
