/** A timer fires once, in the order of the clock and not of the settings, whatever happens to the node. */
import { expect, test } from 'vitest';
import { EVENTUALLY, useSystem } from '../harness/test-node.ts';
import { startNodeProcess } from '../harness/node-process.ts';

const system = useSystem();
type Counted = readonly { readonly note: string; readonly at: number }[];

test('a timer of 2 s that was set before one of 200 ms fires after it, each once', async () => {
  const to = 'counter/two-timers';
  const { seq } = await system.tell(to, { type: 'later', name: 'slow', delayMs: 2_000, amount: 1 });
  await system.tell(to, { type: 'later', name: 'fast', delayMs: 200, amount: 1 });
  const set = await system.jsm.streams.getMessage(system.subjects.streams.mailbox, { seq });
  await expect.poll(async () => (await system.total(to)).times, EVENTUALLY).toBe(2);
  await system.idle();
  const fired = await system.ask<Counted>(to, 'counted');
  expect(fired.map(({ note }) => note)).toEqual(['fast', 'slow']);
  // Not before its time; by how much it is late is nobody's promise.
  const [fast = 0, slow = 0] = fired.map(({ at }) => at - (set?.time.getTime() ?? Number.NaN));
  expect(fast).toBeGreaterThanOrEqual(200);
  expect(slow).toBeGreaterThanOrEqual(2_000);
});

test('a timer that is set again counts with its new time only', async () => {
  const to = 'counter/set-again';
  await system.tell(to, { type: 'later', name: 'same', delayMs: 100, amount: 1 });
  await system.tell(to, { type: 'later', name: 'same', delayMs: 300, amount: 10 });
  await expect.poll(async () => (await system.total(to)).times, EVENTUALLY).toBe(1);
  await system.tell(to, { type: 'later', name: 'last', delayMs: 300, amount: 100 });
  await expect.poll(async () => (await system.total(to)).times, EVENTUALLY).toBe(2);
  expect(await system.total(to)).toEqual({ total: 110, times: 2 });
});

test('timers survive the SIGKILL of their node: those that fell due meanwhile fire once, in order', async () => {
  const to = 'counter/killed';
  await system.stop();
  const killed = await startNodeProcess(system.settings(), system.broker.url);
  await system.call(to, { type: 'add', amount: 1, note: 'before' });
  await system.call(to, { type: 'later', name: 'second', delayMs: 1_500, amount: 1 });
  await system.call(to, { type: 'later', name: 'first', delayMs: 200, amount: 1 });
  await killed.kill();
  await system.start();
  await expect.poll(async () => (await system.total(to)).times, EVENTUALLY).toBe(3);
  // Both were due before this one was set: what fires twice would have fired by now.
  await system.call(to, { type: 'later', name: 'last', delayMs: 100, amount: 1 });
  await expect.poll(async () => (await system.total(to)).times, EVENTUALLY).toBe(4);
  await system.idle();
  const fired = await system.ask<Counted>(to, 'counted');
  expect(fired.map(({ note }) => note)).toEqual(['before', 'first', 'second', 'last']);
});
