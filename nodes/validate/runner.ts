/** Runs behaviours, each on a system of its own, and says how each ended. */
import { randomSequence } from '../../runtime/randomness.ts';
import type { Behaviour, SettingsByPath, Stage } from './behaviour.ts';
import { concurrently } from './concurrently.ts';
import { type Evidence, holds } from './evidence.ts';
import { BASE_SETTINGS } from './running-system.ts';
import { Sandbox } from './sandbox.ts';

export interface RunOptions {
  /** Decides every text, every moment of a kill, every order. */
  readonly seed: number;
  /** A tenth of the sizes. */
  readonly quick: boolean;
  /** Keep the folder of a behaviour that fails. */
  readonly keep: boolean;
  /** How long one behaviour may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly progress: (behaviour: string, text: string) => void;
  readonly ended: (outcome: Outcome) => void;
}

/** How a behaviour ended. `reason` says why it failed without having come to its checks. */
export interface Outcome extends Evidence {
  readonly name: string;
  readonly promise: string;
  readonly status: 'passed' | 'failed';
  readonly durationMs: number;
  readonly reason: string | null;
  /** The command that does the same again. */
  readonly reproduce: string;
  /** The folder with data, logs and exports, if it was kept. */
  readonly kept: string | null;
}

const QUICK_SHARE = 0.1;
/** Many wait for a timer of the system most of the time; more at once than cores would only be slower. */
const AT_ONCE = 2;

/** Resolves with an outcome for each behaviour, in their order; throws the signal's reason when it aborts. */
export async function runBehaviours(
  behaviours: readonly Behaviour[],
  options: RunOptions,
): Promise<Outcome[]> {
  const sandbox = new Sandbox();
  try {
    const outcomes = await concurrently(behaviours, AT_ONCE, async (behaviour) => {
      if (options.signal.aborted) return [];
      const outcome = await runOne(behaviour, sandbox, options);
      if (!options.signal.aborted) options.ended(outcome);
      return [outcome];
    });
    options.signal.throwIfAborted();
    return outcomes.flat();
  } finally {
    sandbox.dispose();
  }
}

async function runOne(behaviour: Behaviour, sandbox: Sandbox, options: RunOptions): Promise<Outcome> {
  const { name, promise } = behaviour;
  const { seed, quick, keep, timeoutMs } = options;
  const startedMs = performance.now();
  const folder = sandbox.open(name);
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  let doing = 'starting';
  const fail = (reason: Error): void => over.abort(reason);
  const timer = setTimeout(
    () => fail(new Error(`not done within ${Math.round(timeoutMs / 1_000)} s`)),
    timeoutMs,
  );
  const stage: Stage = {
    random: randomSequence(`${name} ${seed}`),
    folder,
    signal,
    size: (full, least = 1) => (quick ? Math.max(least, Math.round(full * QUICK_SHARE)) : full),
    progress: (text) => {
      doing = text;
      options.progress(name, text);
    },
    start: (settings: SettingsByPath = {}) => sandbox.start(folder, settings, signal, fail),
  };
  const reproduce = `banyan validate --only ${name} --seed ${seed}${quick ? ' --quick' : ''}`;
  let ended: Evidence & { reason: string | null };
  try {
    ended = { ...(await untilAborted(behaviour.run(stage), signal)), reason: null };
  } catch (error) {
    const reason = `${error instanceof Error ? error.message : String(error)} (while ${doing})`;
    ended = { sent: [], settings: {}, checks: [], reason };
  } finally {
    clearTimeout(timer);
    // What it left running in the background must not start anything any more.
    over.abort();
  }
  const passed = ended.reason === null && holds(ended.checks);
  const kept = !passed && keep && !options.signal.aborted;
  await sandbox.close(folder, kept);
  return {
    name,
    promise,
    status: passed ? 'passed' : 'failed',
    durationMs: Math.round(performance.now() - startedMs),
    ...ended,
    settings: { ...BASE_SETTINGS, ...ended.settings },
    reproduce,
    kept: kept ? folder : null,
  };
}

/** A run that does not listen to its signal must not keep the rest waiting. */
function untilAborted<T>(run: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    run.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
