/** `up --once` as a process of its own, in a process group of its own, that can be killed at any moment. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findByArgument, identify, type ProcessIdentity } from '../../nodes/broker/process-identity.ts';

const BIN = fileURLToPath(new URL('../../nodes/cli/bin.mjs', import.meta.url));

export interface UpOptions {
  /** Holds `data/`, `out/` and the output of each start, and is the working directory. */
  readonly folder: string;
  readonly source: string;
  readonly shards: number;
  /** Names the files with the output of this start: `<name>.json`, `<name>.log`. */
  readonly name: string;
  /** After so long the start counts as stuck, and is killed. */
  readonly patienceMs: number;
}

export interface UpEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stuck: boolean;
  readonly durationMs: number;
  readonly stdout: string;
}

export interface UpProcess {
  readonly pid: number;
  readonly ended: Promise<UpEnd>;
  /** Ends the node and what it has started in its group; the broker is in a group of its own. */
  kill(): void;
}

export const dataOf = (folder: string): string => join(folder, 'data');
export const outOf = (folder: string): string => join(folder, 'out');

/** Runs a command of ours with nothing of the caller's settings but where nats-server is. */
export function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(BANYAN|NATS|VITEST)_/.test(name) || name === 'BANYAN_NATS_SERVER',
  );
  return { ...Object.fromEntries(kept), NO_COLOR: '1' };
}

/** The arguments of node for a command of ours. */
export const command = (...args: readonly string[]): string[] => [BIN, ...args];

export function startUp({ folder, source, shards, name, patienceMs }: UpOptions): UpProcess {
  const files = [join(folder, `${name}.json`), join(folder, `${name}.log`)] as const;
  const [stdout, stderr] = [openSync(files[0], 'w'), openSync(files[1], 'w')];
  const startedMs = performance.now();
  const args = ['--source', source, '--data', dataOf(folder), '--out', outOf(folder)];
  const child = spawn(
    process.execPath,
    command('up', '--once', '--json', '--shards', String(shards), ...args),
    {
      cwd: folder,
      env: environment(),
      detached: true,
      stdio: ['ignore', stdout, stderr],
    },
  );
  closeSync(stdout);
  closeSync(stderr);
  const { pid } = child;
  if (pid === undefined) throw new Error('The process did not start.');
  let running = true;
  let stuck = false;
  const kill = (): void => {
    if (running) process.kill(-pid, 'SIGKILL');
  };
  const ended = new Promise<UpEnd>((resolve) => {
    const patience = setTimeout(() => {
      stuck = true;
      kill();
    }, patienceMs);
    child.once('exit', (code, signal) => {
      running = false;
      clearTimeout(patience);
      const durationMs = performance.now() - startedMs;
      resolve({ code, signal, stuck, durationMs, stdout: readFileSync(files[0], 'utf8') });
    });
  });
  return { pid, ended, kill };
}

/** The servers of a data directory's store, found by an argument that nobody else gives. */
export function brokersOf(folder: string): ProcessIdentity[] {
  try {
    const config = join(realpathSync(join(dataOf(folder), 'broker')), 'nats-server.conf');
    return findByArgument(`--config=${config}`);
  } catch {
    return [];
  }
}

/** The server that the data directory's record names, if it runs: what an operator would kill. */
export function recordedBroker(folder: string): ProcessIdentity | undefined {
  try {
    const record = JSON.parse(readFileSync(join(dataOf(folder), 'broker', 'broker.json'), 'utf8')) as {
      readonly server?: { readonly pid: number; readonly startTime: string };
    };
    const found = record.server === undefined ? undefined : identify(record.server.pid);
    return found?.startTime === record.server?.startTime ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Sends SIGKILL; nothing happens when the process has just ended. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
