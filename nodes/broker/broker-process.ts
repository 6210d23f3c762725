/**
 * One nats-server process: spawned by us, or left by a manager that was killed and adopted. A kernel lock
 * (flock) is taken before the server's program starts and inherited by it, so however the managers race, a
 * second server can never open the same store; the lock goes when the server goes.
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { BrokerFiles } from './broker-files.ts';
import { findByArgument, identify, isSameProcess, type ProcessIdentity } from './process-identity.ts';

/** How a process ended; both are null when that cannot be known (an adopted one). */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running server, whoever started it. */
export interface BrokerProcess {
  readonly pid: number;
  readonly startTime: string;
  readonly exited: Promise<ExitStatus>;
  /** Whether it still runs. */
  alive(): boolean;
  /** Sends a signal; nothing happens when the process has ended. */
  signal(signal: NodeJS.Signals): void;
}

/** The exit code of a server that was not started because another holds the store. */
export const STORE_LOCKED = 75;

const ADOPTED_POLL_MS = 50;
const STOP_GRACE_MS = 3_000;

/**
 * Starts the server. It has its own session: a Ctrl-C in a terminal reaches the node alone, which commits first
 * and then stops its broker.
 */
export function spawnBroker(natsServer: string, files: BrokerFiles): BrokerProcess | ExitStatus {
  const [command, ...options] = [...lockPrefix(files), natsServer, configArgument(files)];
  if (command === undefined) throw new Error('an empty command');
  const output = openSync(files.startLog, 'w', 0o600);
  const child = spawn(command, options, { detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  let ended = false;
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true;
      resolve({ code, signal });
    });
    child.once('error', () => {
      ended = true;
      resolve({ code: 127, signal: null });
    });
  });
  const { pid } = child;
  if (pid === undefined) return { code: 127, signal: null };
  return {
    pid,
    startTime: identify(pid)?.startTime ?? '',
    exited,
    alive: () => !ended,
    signal: (signal) => void child.kill(signal),
  };
}

/** Takes over a process that is not our child; its end is seen by looking. */
export function adoptBroker(identity: ProcessIdentity): BrokerProcess {
  const alive = (): boolean => isSameProcess(identity);
  return {
    pid: identity.pid,
    startTime: identity.startTime,
    exited: seeExit(alive),
    alive,
    signal: (signal) => {
      if (alive()) process.kill(identity.pid, signal);
    },
  };
}

async function seeExit(alive: () => boolean): Promise<ExitStatus> {
  while (alive()) await delay(ADOPTED_POLL_MS);
  return { code: null, signal: null };
}

/**
 * Servers of this very store that already run. They are known by an argument that only we give, so the
 * process of a stranger is never among them.
 */
export function findOrphans(files: BrokerFiles, recordedPid: number | undefined): ProcessIdentity[] {
  const argument = configArgument(files);
  const recorded = recordedPid === undefined ? undefined : identify(recordedPid);
  if (recorded?.command.includes(argument)) return [recorded];
  return findByArgument(argument);
}

/** Ends a server: SIGTERM, 3 s of grace, SIGKILL. Resolves when it is gone. */
export async function stopBroker(broker: BrokerProcess): Promise<ExitStatus> {
  broker.signal('SIGTERM');
  const grace = new AbortController();
  const late = delay(STOP_GRACE_MS, true, { signal: grace.signal }).catch(() => false);
  const timedOut = await Promise.race([broker.exited.then(() => false), late]);
  grace.abort();
  if (timedOut) broker.signal('SIGKILL');
  return broker.exited;
}

function configArgument(files: BrokerFiles): string {
  return `--config=${files.config}`;
}

let flockIsHere: boolean | undefined;

/** Only util-linux's flock can replace itself by the server (`--no-fork`), which keeps pid and lock together. */
function lockPrefix(files: BrokerFiles): string[] {
  flockIsHere ??= hasFlock();
  if (!flockIsHere) return [];
  return [
    'flock',
    '--exclusive',
    '--nonblock',
    '--no-fork',
    `--conflict-exit-code=${STORE_LOCKED}`,
    files.lock,
  ];
}

function hasFlock(): boolean {
  try {
    return execFileSync('flock', ['--version'], { encoding: 'utf8', stdio: 'pipe' }).includes('util-linux');
  } catch {
    return false;
  }
}
