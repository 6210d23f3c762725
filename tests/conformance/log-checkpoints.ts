/** What every log does with checkpoints (rule R3) and with trimming; each implementation runs it. */
import { describe, expect, test } from 'vitest';
import { BATCH_RECORDS, type Head, type StateRecord } from '../../runtime/checkpoint-log.ts';
import type { Log } from '../../runtime/log.ts';
import { actorIn, bytes, HEAD, type LogPlace, take, text } from './log.ts';

const headOf = (partition: number, step = 0): Head => ({
  ...HEAD,
  partition,
  step,
  cursor: step === 0 ? null : { seq: step, index: 0, rest: 0, hash: 'h' },
  trimmed: step > 1,
  predecessors: step === 0 ? [] : [{ epoch: 2, until: 9 }],
  bundles: 2,
});
const record = (slot: number, data: string): StateRecord => ({ slot, data: bytes(data) });

async function stateOf(log: Log, partition: number, until: number, after?: number): Promise<string[]> {
  const records: string[] = [];
  for await (const { slot, data } of log.readState(partition, until, after))
    records.push(`${slot}=${text(data)}`);
  return records;
}

const conflict = { code: 'log.conflict', recoverable: false };

export function describeCheckpoints(title: string, open: () => Promise<LogPlace>): void {
  describe.each([title])('%s: checkpoints', () => {
    test('a head is stored with records and read back with its sequence', async () => {
      const { log } = await open();
      const first = await log.writeState(headOf(1), 0, []);
      expect(await log.head(1)).toEqual({ ...headOf(1), seq: first, timeMs: expect.any(Number) });
      const second = await log.writeState(headOf(1, 5), first, [record(0, 'a'), record(7, 'b')]);
      expect(await log.head(1)).toEqual({ ...headOf(1, 5), seq: second, timeMs: expect.any(Number) });
      expect([first, second]).toEqual([1, 4]);
      expect(await stateOf(log, 1, second)).toEqual(['0=a', '7=b']);
      expect(await log.head(0)).toBeUndefined();
      expect((await log.state()).lastSeq).toBe(0);
    });

    test('a checkpoint that does not follow the last head is refused and stores nothing', async () => {
      const { log } = await open();
      const first = await log.writeState(headOf(0), 0, [record(1, 'a')]);
      const second = await log.writeState(headOf(0, 1), first, [record(2, 'b')]);
      for (const after of [0, first, second + 1])
        await expect(log.writeState(headOf(0, 9), after, [record(1, 'x')])).rejects.toMatchObject(conflict);
      await expect(log.writeState(headOf(2, 9), second, [record(1, 'x')])).rejects.toMatchObject(conflict);
      expect(await log.head(0)).toMatchObject({ step: 1, seq: second });
      expect(await log.head(2)).toBeUndefined();
      expect(await stateOf(log, 0, second)).toEqual(['1=a', '2=b']);
      expect(await log.writeState(headOf(0, 2), second, [])).toBe(second + 1);
    });

    test('of checkpoints at once exactly one is stored, whole', async () => {
      const { log } = await open();
      const outcomes = await Promise.allSettled(
        [1, 2, 3, 4].map((step) =>
          log.writeState(headOf(0, step), 0, [record(1, `${step}`), record(2, `${step}`)]),
        ),
      );
      const stored = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      expect(stored).toEqual([3]);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(conflict);
      const step = (await log.head(0))?.step;
      expect(await stateOf(log, 0, 3)).toEqual([`1=${step}`, `2=${step}`]);
    });

    test('many partitions write at once', async () => {
      const { log } = await open();
      const partitions = Array.from({ length: 40 }, (_, partition) => partition);
      await Promise.all(
        partitions.map((partition) => log.writeState(headOf(partition), 0, [record(1, 'a')])),
      );
      const steps = await Promise.all(partitions.map(async (partition) => (await log.head(partition))?.step));
      expect(steps).toEqual(partitions.map(() => 0));
    });

    test('a slot holds its last record, in the order they were stored; nothing is a record too', async () => {
      const { log } = await open();
      let head = await log.writeState(headOf(0), 0, [record(1, 'a'), record(2, 'b'), record(3, 'c')]);
      const before = head;
      head = await log.writeState(headOf(0, 1), head, [record(2, 'B'), record(4, 'd')]);
      head = await log.writeState(headOf(0, 2), head, [record(1, ''), record(4, 'D')]);
      expect(await stateOf(log, 0, head)).toEqual(['3=c', '2=B', '1=', '4=D']);
      // A head that was replaced meanwhile: the walk goes on to the one that is there.
      expect(await stateOf(log, 0, before)).toEqual(['3=c', '2=B', '1=', '4=D']);
      expect(await stateOf(log, 0, head, before)).toEqual(['2=B', '1=', '4=D']);
      expect(await stateOf(log, 0, head, head - 2)).toEqual(['4=D']);
    });

    test('partitions have slots of their own', async () => {
      const { log } = await open();
      const first = await log.writeState(headOf(1), 0, [record(1, 'one')]);
      const second = await log.writeState(headOf(11), 0, [record(1, 'eleven')]);
      expect(await stateOf(log, 1, first)).toEqual(['1=one']);
      expect(await stateOf(log, 11, second)).toEqual(['1=eleven']);
    });

    test('the largest batch is stored in one; a larger one, or a slot twice, is a bug', async () => {
      const { log } = await open();
      const records = Array.from({ length: BATCH_RECORDS }, (_, slot) => record(slot, `${slot}`));
      const head = await log.writeState(headOf(0), 0, records);
      expect(head).toBe(BATCH_RECORDS + 1);
      expect(await stateOf(log, 0, head)).toEqual(records.map(({ slot }) => `${slot}=${slot}`));
      const bugs = [
        [...records, record(BATCH_RECORDS, '')],
        [record(1, 'a'), record(1, 'b')],
        [record(-1, 'a')],
      ];
      for (const bug of bugs)
        await expect(log.writeState(headOf(0, 1), head, bug)).rejects.toMatchObject({ code: 'internal' });
      expect(await log.head(0)).toMatchObject({ seq: head });
    });

    test('large records come back whole', async () => {
      const { log } = await open();
      const records = Array.from({ length: 20 }, (_, slot) => ({
        slot,
        data: new Uint8Array(512 * 1024).fill(slot),
      }));
      const head = await log.writeState(headOf(0), 0, records);
      let count = 0;
      for await (const { slot, data } of log.readState(0, head)) {
        expect(slot).toBe(count++);
        expect(data.byteLength === 512 * 1024 && data.every((byte) => byte === slot)).toBe(true);
      }
      expect(count).toBe(20);
    });

    test('reading ends while newer heads are written, and what is read of the last one is everything', async () => {
      const { log } = await open();
      const HEADS = 60;
      const write = (step: number, after: number): Promise<number> =>
        log.writeState(
          headOf(0, step),
          after,
          Array.from({ length: 10 }, (_, i) => record((step * 3 + i) % 40, `${step}`)),
        );
      let head = await write(1, 0);
      const expected = new Map<number, number>();
      const writing = (async () => {
        for (let step = 2; step <= HEADS; step++) head = await write(step, head);
      })();
      for (let done = false; !done;) {
        const until = head;
        done = (await log.head(0))?.step === HEADS;
        await stateOf(log, 0, until);
      }
      await writing;
      for (let step = 1; step <= HEADS; step++)
        for (let i = 0; i < 10; i++) expected.set((step * 3 + i) % 40, step);
      const read = await stateOf(log, 0, head);
      expect(read.toSorted()).toEqual([...expected].map(([slot, step]) => `${slot}=${step}`).toSorted());
    });

    test('a head that is not there cannot be read up to', async () => {
      const { log } = await open();
      await expect(stateOf(log, 0, 1)).rejects.toMatchObject({ code: 'log.unavailable' });
      const head = await log.writeState(headOf(0), 0, []);
      await expect(stateOf(log, 0, head + 1)).rejects.toMatchObject({ code: 'log.unavailable' });
      expect(await stateOf(log, 0, head)).toEqual([]);
    });
  });

  describe.each([title])('%s: trimming', () => {
    test('takes what lies before an entry and old claims, not the entry, the newest claim, verdicts or other partitions', async () => {
      const { log, subjects, publish } = await open();
      await log.openLanes('me');
      const [old = 0] = await log.claim([{ ...claimOf, partition: 1 }], []);
      const [claim = 0] = await log.claim([{ ...claimOf, partition: 1, epoch: 2, after: old }], []);
      await log.appendVerdict({ partition: 1, entry: 1, index: 0, code: 'turn.stack', detail: '' });
      for (let i = 0; i < 5; i++) {
        await publish(subjects.to(actorIn(1)), bytes(`m${i}`));
        await publish(subjects.to(actorIn(2)), bytes(`m${i}`));
        await log.appendFrame(1, bytes(`f${i}`), undefined);
      }
      const end = await log.end(1);
      const [, , , , kept = 0] = (await take(log.read(1, claim), 5)).map(({ seq }) => seq);
      for (const before of [0, 1, claim, kept, kept]) await log.trim(1, before);
      const left = await take(log.read(1, 0), 7);
      expect(left.map(({ data, place }) => (place.kind === 'claim' ? 'claim' : text(data)))).toEqual([
        'claim',
        'm2',
        'f2',
        'm3',
        'f3',
        'm4',
        'f4',
      ]);
      expect(await take(log.read(2, 0), 5)).toHaveLength(5);
      expect([await log.end(1), (await log.verdicts()).length, (await log.claims()).get(1)?.seq]).toEqual([
        end,
        1,
        claim,
      ]);
      expect([await log.hashAt(kept - 1), await log.hashAt(kept - 2)]).toEqual([
        undefined,
        expect.any(String),
      ]);
      expect(await log.hashAt(kept)).toEqual(expect.any(String));
    });

    test('everything may go; the sequence goes on', async () => {
      const { log, subjects, publish } = await open();
      for (let i = 0; i < 4; i++) await publish(subjects.to(actorIn(i % 2)), bytes('m'));
      await log.trim(0, 5);
      expect([await log.end(0), await log.end(1)]).toEqual([0, 4]);
      expect(await log.state()).toMatchObject({ firstSeq: 2, lastSeq: 4 });
      await log.trim(1, 5);
      expect(await log.state()).toMatchObject({ firstSeq: 5, lastSeq: 4 });
      expect(await publish(subjects.to(actorIn(0)), bytes('m'))).toBe(5);
    });

    test('readers ahead of it go on, readers behind it pass over what is gone', async () => {
      const { log, subjects, publish } = await open();
      const to = subjects.to(actorIn(0));
      const send = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) await publish(to, bytes('m'));
      };
      await send(10);
      const ahead = log.read(0, 0);
      const seen: number[] = [];
      for await (const { seq } of ahead.entries) {
        seen.push(seq);
        if (seq === 10) {
          await log.trim(0, 8);
          await send(5);
        }
        if (seq === 15) break;
      }
      await ahead.stop();
      expect(seen).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
      expect((await take(log.read(0, 3), 8)).map(({ seq }) => seq)).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
    });
  });
}

const claimOf = { epoch: 1, owner: 'me', turnVersion: 'v1', after: 0 };
