/**
 * Tells whether a recorded process is still the same one. A pid alone does not say so: the system reuses pids,
 * and we would adopt, or kill, a stranger. Pid, start time and command line together do.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process as the system shows it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process and different for a later one with the same pid. */
  readonly startTime: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
}

/** Looks a process up; undefined when there is none, or only its zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return process.platform === 'linux' ? identifyFromProc(pid) : identifyFromPs(pid);
}

/** Whether a process with this pid runs, whoever it is. */
export function isAlive(pid: number): boolean {
  return identify(pid) !== undefined;
}

/** Whether the very process that was recorded still runs. */
export function isSameProcess(recorded: { readonly pid: number; readonly startTime: string }): boolean {
  return identify(recorded.pid)?.startTime === recorded.startTime;
}

/** Every process of which one argument is exactly `argument`. Empty where the system does not list processes. */
export function findByArgument(argument: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => identify(Number(name)) ?? [])
    .filter(({ command }) => command.includes(argument));
}

function identifyFromProc(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything; count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X' || startTime === undefined) return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    return { pid, startTime, command };
  } catch {
    return undefined;
  }
}

function identifyFromPs(pid: number): ProcessIdentity | undefined {
  try {
    const ps = (field: string): string =>
      execFileSync('ps', ['-ww', '-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();
    if (ps('stat').startsWith('Z')) return undefined;
    return { pid, startTime: ps('lstart'), command: ps('command').split(' ') };
  } catch {
    return undefined;
  }
}
