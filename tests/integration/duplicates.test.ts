/** A message takes effect once, however often it is sent. */
import { expect, test } from 'vitest';
import { HEADER } from '../../protocol/headers.ts';
import { useSystem } from '../harness/test-node.ts';

const system = useSystem({ shards: 2 });
const COPIES = 1_000;

// First, because a server that remembers an id already goes on remembering it for its old window.
test("a message repeated after the broker's window has one effect, by its sender's number", async () => {
  const to = 'counter/late';
  const { config } = await system.jsm.streams.info(system.subjects.streams.mailbox);
  const repeat = (id: string) =>
    system.tell(
      to,
      { type: 'add', amount: 1 },
      { headers: { [HEADER.msgId]: id, [HEADER.sender]: 'till-7', [HEADER.seq]: '41' } },
    );
  await system.jsm.streams.update(system.subjects.streams.mailbox, { duplicate_window: 100_000_000 });
  try {
    expect(await repeat('first')).toMatchObject({ duplicate: false });
    await expect
      .poll(async () => (await repeat('first')).duplicate, { timeout: 10_000, interval: 150 })
      .toBe(false);
    // Nor does another id help: the sender's number is what counts.
    for (let copy = 0; copy < 100; copy++) await repeat(`again-${copy}`);
  } finally {
    await system.jsm.streams.update(system.subjects.streams.mailbox, {
      duplicate_window: config.duplicate_window,
    });
  }
  await system.idle();
  expect(await system.total(to)).toEqual({ total: 1, times: 1 });
});

test('a message published 1,000 times with one Nats-Msg-Id has one effect', async () => {
  const to = 'counter/repeated';
  const copies = Array.from({ length: COPIES }, () =>
    system.tell(to, { type: 'add', amount: 1 }, { headers: { [HEADER.msgId]: 'once' } }),
  );
  const duplicates = (await Promise.all(copies)).filter(({ duplicate }) => duplicate);
  expect(duplicates).toHaveLength(COPIES - 1);
  await system.idle();
  expect(await system.total(to)).toEqual({ total: 1, times: 1 });
});

test('a number that a sender has used up is dropped, the next one is applied', async () => {
  const to = 'counter/numbered';
  const send = (seq: string, sender = 'till-8') =>
    system.submit(
      to,
      { type: 'add', amount: 1 },
      { headers: { [HEADER.sender]: sender, [HEADER.seq]: seq } },
    );
  for (const seq of ['1', '2', '2', '1', '3']) expect(await send(seq)).toMatchObject({ ok: true });
  expect(await send('1', 'till-9')).toMatchObject({ ok: true });
  await system.idle();
  expect(await system.total(to)).toEqual({ total: 4, times: 4 });
});

test('one Nats-Msg-Id, submitted to two actors by two senders, has two effects at each', async () => {
  const actors = ['counter/left', 'counter/right'] as const;
  for (const to of actors) {
    for (const sender of ['anna', 'bert']) {
      const headers = { [HEADER.msgId]: '1', [HEADER.sender]: sender };
      expect(await system.submit(to, { type: 'add', amount: 1 }, { headers })).not.toHaveProperty(
        'duplicate',
      );
      expect(await system.submit(to, { type: 'add', amount: 1 }, { headers })).toMatchObject({
        duplicate: true,
      });
    }
  }
  await system.idle();
  for (const to of actors) expect(await system.total(to)).toEqual({ total: 2, times: 2 });
});

test('a call repeated with its id gets the kept answer, without a second turn', async () => {
  const to = 'counter/called';
  const options = { headers: { [HEADER.msgId]: 'call-1', [HEADER.sender]: 'anna' } };
  const first = await system.call(to, { type: 'add', amount: 5 }, options);
  expect(first).toEqual({ ok: true, value: { total: 5 } });
  await system.call(to, { type: 'add', amount: 1 });
  expect(await system.call(to, { type: 'add', amount: 5 }, options)).toEqual(first);
  expect(await system.total(to)).toEqual({ total: 6, times: 2 });
});

test('a turn that tells many actors reaches each of them once, also when the node is started again', async () => {
  const keys = Array.from({ length: 50 }, (_, key) => `spread-${key}`);
  await system.tell('counter/spreader', { type: 'spread', keys, amount: 1 });
  await system.stop();
  await system.start();
  await system.idle();
  const totals = await Promise.all(keys.map((key) => system.total(`counter/${key}`)));
  expect(totals).toEqual(keys.map(() => ({ total: 1, times: 1 })));
});
