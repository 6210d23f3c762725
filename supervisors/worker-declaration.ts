/** A worker, declared as plain data: an operating-system process for heavy or unsafe work, without durable state. */
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BanyanError } from '../protocol/errors.ts';
import { type RestartType, SHUTDOWN_MS } from './child-spec.ts';

/** What `worker()` gives; a child of a supervisor's declaration. */
export interface WorkerDeclaration {
  readonly type: 'worker';
  /** Unique in the whole tree, among supervisors too. */
  readonly id: string;
  /** File URL of the module whose default export is the worker's function. */
  readonly module: string;
  readonly restart: RestartType;
  /** Its end by itself may end its supervisor; see `autoShutdown`. */
  readonly significant: boolean;
  /** How long it may take to stop before it is killed; 0 kills at once. */
  readonly shutdownMs: number;
  /** How long its event loop may be blocked before it is killed as hung. */
  readonly answerMs: number;
  /** Environment variables beside those of the node. */
  readonly env: Readonly<Record<string, string>>;
  /** Limit of its JavaScript heap, in MiB; Node's own when undefined. */
  readonly heapMb?: number;
}

export interface WorkerOptions {
  /** A file URL, such as `new URL('./embedder.worker.ts', import.meta.url)`, or an absolute path. */
  readonly module: URL | string;
  /** Default `permanent`. */
  readonly restart?: RestartType;
  /** Default false. */
  readonly significant?: boolean;
  /** Default 5 s, as for every child. */
  readonly shutdownMs?: number;
  /** Default 30 s. */
  readonly answerMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly heapMb?: number;
}

const DEFAULT_ANSWER_MS = 30_000;
/** Node's timers overflow past this. */
const LONGEST_MS = 2 ** 31 - 1;
/** Below this Node cannot even start. */
const LEAST_HEAP_MB = 16;
const RESTARTS: readonly string[] = ['permanent', 'transient', 'temporary'] satisfies RestartType[];

/**
 * Declares a worker. Throws `definition.invalid` for an id that does not fit into a path, a module that is no file,
 * and times, memory or variables without a meaning. Whether the module can be imported is seen when it starts.
 */
export function worker(id: string, options: WorkerOptions): WorkerDeclaration {
  const {
    restart = 'permanent',
    significant = false,
    shutdownMs = SHUTDOWN_MS,
    answerMs = DEFAULT_ANSWER_MS,
    env = {},
    heapMb,
  } = options;
  const refuse = (what: string): BanyanError =>
    new BanyanError('definition.invalid', { message: `The worker '${id}' ${what}` });
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) {
    throw refuse('must have an id of 1 to 64 characters of A-Z a-z 0-9 _ -');
  }
  const module = fileUrlOf(options.module);
  if (module === undefined)
    throw refuse(`needs a file URL or an absolute path as its module, not ${String(options.module)}`);
  if (!RESTARTS.includes(restart)) throw refuse(`has no restart type '${restart}'`);
  if (!isWhole(shutdownMs, 0, LONGEST_MS)) throw refuse(`cannot have shutdownMs ${shutdownMs}`);
  if (!isWhole(answerMs, 1, LONGEST_MS)) throw refuse(`cannot have answerMs ${answerMs}`);
  if (heapMb !== undefined && !isWhole(heapMb, LEAST_HEAP_MB, LONGEST_MS))
    throw refuse(`cannot have heapMb ${heapMb}: it is a whole number from ${LEAST_HEAP_MB}`);
  for (const [name, value] of Object.entries(env)) {
    if (!/^[^=\0]+$/.test(name) || typeof value !== 'string' || value.includes('\0'))
      throw refuse(`cannot have the environment variable ${JSON.stringify(name)}`);
  }
  return {
    type: 'worker',
    id,
    module,
    restart,
    significant,
    shutdownMs,
    answerMs,
    env: { ...env },
    ...(heapMb === undefined ? {} : { heapMb }),
  };
}

/** Whether a child of a declaration is a worker. */
export function isWorker(child: object): child is WorkerDeclaration {
  return 'type' in child && child.type === 'worker';
}

function fileUrlOf(module: URL | string): string | undefined {
  if (typeof module === 'string' && isAbsolute(module)) return pathToFileURL(module).href;
  const url = URL.parse(String(module));
  return url?.protocol === 'file:' ? url.href : undefined;
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}
