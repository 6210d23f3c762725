import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { findByArgument, identify, isAlive, isSameProcess } from './process-identity.ts';

test('a running process is known by pid, start time and arguments, and is gone when it has ended', async () => {
  const marker = `banyan-marker-${process.pid}`;
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()', marker], { stdio: 'pipe' });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const identity = identify(pid);
  expect(identity?.pid).toBe(pid);
  expect(isSameProcess({ pid, startTime: identity?.startTime ?? '' })).toBe(true);
  expect(findByArgument(marker).map((found) => found.pid)).toEqual([pid]);
  const exited = once(child, 'exit');
  child.stdin.end();
  await exited;
  expect(isAlive(pid)).toBe(false);
});

test('the same pid with another start time is another process', () => {
  expect(isSameProcess({ pid: process.pid, startTime: 'long ago' })).toBe(false);
});

test.each([0, -1, 1.5, Number.NaN])('%s is no process', (pid) => {
  expect(identify(pid)).toBeUndefined();
});
