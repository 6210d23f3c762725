/** What the system says of a process; Linux only. */
import { readFileSync } from 'node:fs';

/** The kernel counts processor time in these, whatever it schedules by. */
const TICK_US = 10_000;

/** Processor time of all threads since the process started, in microseconds; in steps of 10 ms. */
export function processorUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Resident memory, in bytes. */
export const residentBytes = (pid: number): number => statusBytes(pid, 'VmRSS');

/** Resident memory without mapped files, whose pages the kernel takes back when it needs them; in bytes. */
export const anonymousBytes = (pid: number): number => statusBytes(pid, 'RssAnon');

function statusBytes(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
}
