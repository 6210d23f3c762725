/** A log that lost what was already applied is never gone over in silence (rule R9). */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Address } from '../../protocol/address.ts';
import { type HealthReply, healthReplySchema } from '../../protocol/wire.ts';
import { EVENTUALLY, PARTITIONS, useSystem } from '../harness/test-node.ts';

const system = useSystem();
const CUT = 2;
const [cut, cutToo] = system.neighbours(CUT, 2, 'cut');
/** An actor of every other partition. */
const others = Array.from({ length: PARTITIONS }, (_, partition) => partition)
  .filter((partition) => partition !== CUT)
  .map((partition): Address => system.neighbours(partition, 1, 'kept')[0]);

const { mailbox } = system.subjects.streams;
const health = async (): Promise<HealthReply> => healthReplySchema.parse(await system.sys('health'));
const partitions = async () => (await health()).checks.find(({ name }) => name === 'partitions');
const add = (to: Address) => system.call(to, { type: 'add', amount: 1 });

/** Deletes the newest entries of a partition, as a broker restored from an old backup would have lost them. */
async function cutLog(partition: number, entries: number): Promise<void> {
  for (let entry = 0; entry < entries; entry++) {
    const newest = await system.jsm.streams.getMessage(mailbox, {
      last_by_subj: system.subjects.stored(partition),
    });
    if (newest === null) throw new Error('the log has fewer entries');
    await system.jsm.streams.deleteMessage(mailbox, newest.seq);
  }
}

const forgetLocalState = (): void => rmSync(join(system.data, 'shards'), { recursive: true });

test('a partition whose log was cut stops and says what to do; the others serve', async () => {
  for (const to of [cut, cutToo, cut, ...others]) expect(await add(to)).toMatchObject({ ok: true });
  await system.stop();
  await cutLog(CUT, 1);
  await system.start();

  const said = await system.hears(`Partition ${CUT} has stopped`);
  expect(said).toMatchObject({
    partition: CUT,
    error: { code: 'log.truncated', hint: expect.stringMatching(/backup|accept/) },
  });
  const { live, ready } = await health();
  expect({ live, ready }).toEqual({ live: true, ready: false });
  expect(await partitions()).toMatchObject({
    ok: false,
    detail: expect.stringContaining(`${CUT}: log.truncated`),
  });
  const response = await fetch(`${system.node.http}/health/ready`);
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('log.truncated');

  for (const to of others) expect(await add(to)).toEqual({ ok: true, value: { total: 2 } });
  const asked = await system.request(system.subjects.ask(cut, 'total'), {});
  expect(asked).toMatchObject({ ok: false, error: { code: 'log.truncated' } });
  // It would be stored and never answered: its caller is told so instead.
  expect(await system.call(cut, { type: 'add', amount: 1 })).toMatchObject({
    ok: false,
    error: { code: 'log.truncated' },
  });
});

test('it stays stopped when it is started again, also after new messages', async () => {
  await system.tell(cut, { type: 'add', amount: 1 });
  await system.stop();
  await system.start();
  expect(await partitions()).toMatchObject({
    ok: false,
    detail: expect.stringContaining(`${CUT}: log.truncated`),
  });
});

test('removing the local state changes nothing: the checkpoint knows what was applied', async () => {
  await system.stop();
  forgetLocalState();
  await system.start();
  expect(await partitions()).toMatchObject({
    ok: false,
    detail: expect.stringContaining(`${CUT}: log.truncated`),
  });
});

test('an operator accepts the loss: the state stays, and what has come since is applied', async () => {
  await system.stop();
  await system.start({ acceptTruncation: true });
  await system.idle();
  expect(await health()).toMatchObject({ ready: true });
  // Two calls had been applied, and one message came while the partition was stopped.
  expect(await system.total(cut)).toEqual({ total: 3, times: 3 });
  // It is accepted once and for all.
  await system.stop();
  await system.start();
  await system.idle();
  expect(await health()).toMatchObject({ ready: true });
  expect(await system.total(cut)).toEqual({ total: 3, times: 3 });
  expect(await system.total(cutToo)).toEqual({ total: 1, times: 1 });
  for (const to of others) expect(await system.total(to)).toEqual({ total: 2, times: 2 });
});

test('a log without its beginning is no matter: the checkpoint holds what it said', async () => {
  for (const to of [cutToo, ...others]) await add(to);
  await system.stop();
  const { state } = await system.jsm.streams.info(mailbox);
  // Up to the last call of all, which is the last entry of its partition.
  await system.jsm.streams.purge(mailbox, { seq: state.first_seq + 3 });
  await system.start();
  await system.idle();
  expect(await health()).toMatchObject({ ready: true });
  await system.stop();
  forgetLocalState();
  await system.start();
  await system.idle();
  expect(await health()).toMatchObject({ ready: true });
  for (const to of others) expect(await system.total(to)).toEqual({ total: 3, times: 3 });
});

test("another broker's log is refused: the local state is not its", async () => {
  await system.stop();
  forgetLocalState();
  await system.jsm.streams.delete(mailbox);
  await system.jsm.streams.delete(system.subjects.streams.state);
  await system.start();
  for (const to of [cut, ...others]) expect(await add(to)).toEqual({ ok: true, value: { total: 1 } });
  await system.stop();
  await system.jsm.streams.delete(mailbox);
  await system.jsm.streams.delete(system.subjects.streams.state);
  await system.start();
  await system.hears('has stopped');
  await expect.poll(partitions, EVENTUALLY).toMatchObject({ detail: expect.stringContaining('log.foreign') });
});

test('checkpoints of another log are refused, and a log whose checkpoints are gone', async () => {
  await system.stop();
  forgetLocalState();
  await system.jsm.streams.delete(mailbox);
  await system.jsm.streams.delete(system.subjects.streams.state);
  await system.start();
  expect(await add(cut)).toMatchObject({ ok: true });
  await system.stop();
  await system.jsm.streams.delete(mailbox);
  await system.start();
  await expect.poll(partitions, EVENTUALLY).toMatchObject({ detail: expect.stringContaining('log.foreign') });
  await system.stop();
  await system.jsm.streams.delete(system.subjects.streams.state);
  await expect(system.start()).rejects.toMatchObject({ code: 'log.foreign' });
});
