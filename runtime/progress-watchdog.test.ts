import { expect, test } from 'vitest';
import { encode } from '../protocol/codec.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import { VirtualClock } from './clock.ts';
import { MemoryLog } from './log-memory.ts';
import { ProgressWatchdog } from './progress-watchdog.ts';

/** Lets everything run that waits for nothing but the log, and time pass in between. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    clock.advance(250);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a partition that stands still is read anew until it moves', async () => {
  const clock = new VirtualClock();
  const log = new MemoryLog(subjectsOf('test'), 1, clock);
  const partition = { id: 0, position: 0, goal: 0 };
  let stalls = 0;
  let looks = 0;
  const watchdog = new ProgressWatchdog({
    clock,
    log,
    busy: () => false,
    partitions: () => [partition],
    verify: async () => void looks++,
    stalled: () => stalls++,
  });
  watchdog.start();
  await pass(clock, 20_000);
  expect(stalls).toBe(0);
  await log.publishMessage('test.to.counter.a', encode({ type: 'add' }));
  await pass(clock, 20_000);
  expect(stalls).toBeGreaterThan(1);
  partition.position = 1;
  await pass(clock, 10_000);
  const before = stalls;
  await pass(clock, 20_000);
  expect(stalls).toBe(before);
  // Nobody can have claimed anything in a log that stands still.
  expect(looks).toBeGreaterThan(0);
  const looksBefore = looks;
  await pass(clock, 20_000);
  expect(looks).toBe(looksBefore);
  // Its own claim is no mail, and may be missed all the same.
  await log.openLanes('somebody');
  partition.goal = 2;
  await pass(clock, 10_000);
  expect(stalls).toBeGreaterThan(before);
  watchdog.stop();
});
