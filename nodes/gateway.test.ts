import { expect, test, vi } from 'vitest';
import { HEADER } from '../protocol/headers.ts';
import { useSystem } from '../tests/harness/test-node.ts';

const system = useSystem();
const NANOS_PER_MS = 1_000_000;

test('a call that is repeated after the stream has forgotten its id gets the kept answer, without a turn', async () => {
  await system.jsm.streams.update('banyan_MAILBOX', { duplicate_window: 100 * NANOS_PER_MS });
  const options = { headers: { [HEADER.msgId]: 'the id' } };
  const call = () => system.call('counter/a', { type: 'add', amount: 1 }, options);
  expect(await call()).toEqual({ ok: true, value: { total: 1 } });
  const submit = () => system.submit('counter/b', { type: 'add', amount: 1 }, options);
  await submit();
  // What came later is forgotten later.
  await vi.waitFor(async () => expect((await submit()).duplicate).toBeUndefined(), { timeout: 10_000 });
  expect(await call()).toEqual({ ok: true, value: { total: 1 } });
  expect(await system.total('counter/a')).toEqual({ total: 1, times: 1 });
});
