/**
 * Removes all that a run may leave: processes, mounts, files. Everything that a run starts has a path of the
 * run's own folder among its arguments, and nobody else has.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { identify } from '../../../nodes/broker/process-identity.ts';
import { comes } from './passing-time.ts';

const GONE_MS = 10_000;

export async function sweepUp(folder: string, { keepsFiles = false } = {}): Promise<void> {
  const gone = await comes(GONE_MS, () => {
    const left = processesOf(folder);
    for (const pid of left) kill(pid);
    return left.length === 0;
  });
  if (!gone) throw new Error(`Processes of ${folder} do not end: ${processesOf(folder).join(', ')}.`);
  for (const place of mountsIn(folder)) {
    if (keepsFiles) cpSync(place, `${place}-kept`, { recursive: true });
    spawnSync('umount', [place]);
  }
  if (!keepsFiles) rmSync(folder, { recursive: true, force: true });
}

/**
 * Starts a process that sweeps up when this one ends, however it ends. The result does it now and resolves when
 * everything is gone; with `keepsFiles` all but the files.
 */
export function hireJanitor(folder: string): (options?: { keepsFiles?: boolean }) => Promise<void> {
  const program = fileURLToPath(new URL('./janitor.ts', import.meta.url));
  // A session of its own: a Ctrl-C in the terminal must not end it before it has swept.
  const janitor = spawn(process.execPath, [program, folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(janitor, 'exit');
  janitor.unref();
  return async ({ keepsFiles = false } = {}) => {
    janitor.ref();
    janitor.stdin.end(keepsFiles ? 'keep' : '');
    await ended;
  };
}

/** Processes with a path in the folder among their arguments, except the one that asks. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .filter((pid) => identify(pid)?.command.some((argument) => argument.includes(`${folder}/`)));
}

function mountsIn(folder: string): string[] {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((place) => place.startsWith(`${folder}/`));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
