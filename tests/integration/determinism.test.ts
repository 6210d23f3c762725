/** A turn that reads the clock cannot be replayed: it is found out, and everybody else is left alone. */
import { expect, test } from 'vitest';
import { useSystem } from '../harness/test-node.ts';

const system = useSystem({ determinismSample: 1 });
const REPORT = 'gave two results for one message';

test('a turn that reads the clock is reported with its actor, its message and what differs', async () => {
  const to = 'counter/impure';
  await system.call(to, { type: 'add', amount: 1 });
  await system.call(to, { type: 'later', name: 'far', delayMs: 3_600_000, amount: 1 });
  await system.call(to, { type: 'spread', keys: ['told'], amount: 1 });
  const { seq } = await system.tell(to, { type: 'clock' });
  const report = await system.hears(REPORT);
  expect(report).toMatchObject({
    code: 'turn.nondeterministic',
    actor: to,
    type: 'clock',
    path: expect.stringContaining('total'),
    messageId: `${system.partition(to)}.${seq}.0`,
  });
  await system.idle();
  expect(system.logged.filter(({ msg }) => msg.includes(REPORT))).toHaveLength(1);
});

test('the report changes nothing: the message counts, and its actor goes on', async () => {
  const to = 'counter/impure';
  expect(await system.deadLetters()).toEqual([]);
  expect(await system.call(to, { type: 'add', amount: 1 })).toMatchObject({ ok: true });
});
