/** The process of a worker: imports its module, calls its function, and ends with it or with the node. */
import { Worker } from 'node:worker_threads';
import { provideLibrary } from '../provide-library.ts';
import { syntaxPlace } from '../syntax-place.ts';
import type { FromWorker, ToWorker, WorkerFault, WorkerStart } from './messages.ts';
import type { WorkerFunction } from './worker-context.ts';

/** For what the function does once it is told that the node is gone. */
const ORPHAN_GRACE_MS = 1_000;
/** How much longer the guard waits for the process to end by itself. */
const GUARD_MS = 1_000;
const FAILED = 1;

const stopping = new AbortController();
let started = false;

const say = (message: FromWorker, then?: () => void): void => {
  // The node may be gone: then the lifeline and 'disconnect' say so too.
  if (process.connected) process.send?.(message, undefined, undefined, () => then?.());
  else then?.();
};

process.on('message', (message: ToWorker) => {
  if (message.type === 'ping') say({ type: 'pong' });
  else if (message.type === 'stop') stopping.abort();
  else if (!started) {
    started = true;
    void run(message.start);
  }
});
process.once('disconnect', () => {
  stopping.abort();
  setTimeout(() => process.exit(FAILED), ORPHAN_GRACE_MS);
});
new Worker(new URL('./worker-guard.ts', import.meta.url), {
  workerData: { graceMs: ORPHAN_GRACE_MS + GUARD_MS },
  execArgv: [],
  env: {},
}).unref();

async function run({ module, context }: WorkerStart): Promise<void> {
  say({ type: 'loading' });
  try {
    provideLibrary();
    const called = callOf(await import(module), module)({ ...context, signal: stopping.signal });
    say({ type: 'ready' });
    await called;
    end();
  } catch (thrown) {
    if (isOrderly(thrown)) end();
    else end(faultOf(thrown));
  }
}

function callOf(exported: unknown, module: string): WorkerFunction {
  const { default: call } = exported as { default?: unknown };
  if (typeof call === 'function') return call as WorkerFunction;
  throw new TypeError(`${module} has no default export that is a function`);
}

/** Being told to end may end the function with what `signal` makes of it. */
function isOrderly(thrown: unknown): boolean {
  const { signal } = stopping;
  return (
    signal.aborted && (thrown === signal.reason || (thrown as { name?: unknown })?.name === 'AbortError')
  );
}

/** Whatever else is open does not keep the process: its work is done. */
function end(fault?: WorkerFault): void {
  say({ type: 'ended', ...(fault === undefined ? {} : { fault }) }, () =>
    process.exit(fault === undefined ? 0 : FAILED),
  );
}

function faultOf(thrown: unknown): WorkerFault {
  if (!(thrown instanceof Error)) return { name: 'Error', message: String(thrown) };
  const { name, message, stack } = thrown;
  return { name, message: `${message}${syntaxPlace(thrown)}`, stack };
}
