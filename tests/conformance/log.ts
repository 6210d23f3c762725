/** What every log does; each implementation runs it. */
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../config/limits.ts';
import type { Address } from '../../protocol/address.ts';
import { HEADER } from '../../protocol/headers.ts';
import { partitionOf } from '../../protocol/partition-of.ts';
import type { Subjects } from '../../protocol/subjects.ts';
import type { Head } from '../../runtime/checkpoint-log.ts';
import { entryHash, type Log, type LogEntry, type LogReader, type Publication } from '../../runtime/log.ts';

export const PARTITIONS = 4;

/** A log of its own for one test, and what others can do to it. */
export interface LogPlace {
  readonly log: Log;
  readonly subjects: Subjects;
  /** Publishes as another system would; resolves with the entry's sequence. */
  publish(subject: string, data: Uint8Array, headers?: Readonly<Record<string, string>>): Promise<number>;
  /** Deletes an entry, as an operator may do. */
  remove(seq: number): Promise<void>;
  /** Deletes the whole log and makes it anew. */
  recreate(): Promise<Log>;
}

/** A head to begin with. */
export const HEAD: Head = {
  partition: 0,
  epoch: 1,
  owner: 'me',
  step: 0,
  cursor: null,
  turnVersion: 'v1',
  released: false,
  identity: 'i',
  trimmed: false,
  predecessors: [],
  bundles: 0,
};

export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const text = (data: Uint8Array): string => Buffer.from(data).toString();

/** The address of some actor in a partition; `nth` tells several apart. */
export function actorIn(partition: number, nth = 0): Address {
  for (let i = nth * 1_000; ; i++)
    if (partitionOf('order', `o${i}`, PARTITIONS) === partition) return `order/o${i}` as Address;
}

/** The next entries of a reader, which is then stopped. */
export async function take(reader: LogReader, count: number): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const entry of reader.entries) if (entries.push(entry) === count) break;
  await reader.stop();
  return entries;
}

export function describeLog(title: string, open: () => Promise<LogPlace>): void {
  describe.each([title])('%s', () => {
    test('an empty log has no entries, no end, no marks and no verdicts', async () => {
      const { log } = await open();
      expect(await log.state()).toMatchObject({ firstSeq: 1, lastSeq: 0 });
      expect(await log.end(0)).toBe(0);
      expect(await log.hashAt(1)).toBeUndefined();
      expect(await log.verdicts()).toEqual([]);
      expect((await log.claims()).size).toBe(0);
      expect(await log.head(0)).toBeUndefined();
      expect(await log.laneOwners()).toEqual([]);
      const marks = await log.sentMarks(0);
      expect([marks.events(0), marks.deadLetters(0)]).toEqual([undefined, undefined]);
    });

    test('a message lies in the partition of its actor, with its kind, key, headers and bytes', async () => {
      const { log, subjects, publish } = await open();
      for (let i = 0; i < 20; i++)
        await publish(subjects.to(`order/o${i}` as Address), bytes(`${i}`), { 'X-Mine': `h${i}` });
      const partitions = Array.from({ length: 20 }, (_, i) => partitionOf('order', `o${i}`, PARTITIONS));
      for (const partition of new Set(partitions)) {
        const count = partitions.filter((one) => one === partition).length;
        const entries = await take(log.read(partition, 0), count);
        expect(entries).toHaveLength(count);
        for (const entry of entries) {
          const i = text(entry.data);
          expect(entry.place).toEqual({ kind: 'message', partition, actorKind: 'order', actorKey: `o${i}` });
          expect(entry.subject).toBe(`${subjects.namespace}.log.${partition}.order.o${i}`);
          expect([entry.header('X-Mine'), entry.header('X-Other')]).toEqual([`h${i}`, undefined]);
          expect(Number.isSafeInteger(entry.timeMs)).toBe(true);
        }
      }
    });

    test('a partition is read in order, with the gaps that other partitions make, from any cursor', async () => {
      const { log, subjects, publish } = await open();
      const stored: { seq: number; partition: number }[] = [];
      for (let i = 0; i < 60; i++) {
        const partition = (i * 7 + Math.floor(i / 3)) % PARTITIONS;
        const seq =
          i % 5 === 0
            ? await log.appendFrame(partition, bytes('frame'), undefined)
            : await publish(subjects.to(actorIn(partition, i % 2)), bytes('message'));
        stored.push({ seq, partition });
      }
      expect(stored.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
      expect((await log.state()).lastSeq).toBe(60);
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const own = stored.filter((one) => one.partition === partition).map(({ seq }) => seq);
        expect(await log.end(partition)).toBe(own.at(-1));
        const [first = 0, , , fourth = 0] = own;
        for (const after of [0, first, fourth, fourth + 1, (own.at(-1) ?? 0) - 1]) {
          const expected = own.filter((seq) => seq > after);
          expect((await take(log.read(partition, after), expected.length)).map(({ seq }) => seq)).toEqual(
            expected,
          );
        }
      }
    });

    test('a reader at the end gets what is stored from then on', async () => {
      const { log, subjects, publish } = await open();
      const seq = await publish(subjects.to(actorIn(1)), bytes('before'));
      const reader = log.read(1, seq);
      const reading = take(reader, 3);
      for (const word of ['a', 'b']) await publish(subjects.to(actorIn(1)), bytes(word));
      await publish(subjects.to(actorIn(2)), bytes('elsewhere'));
      await log.appendFrame(1, bytes('c'), undefined);
      expect((await reading).map(({ data }) => text(data))).toEqual(['a', 'b', 'c']);
    });

    test('the hash of an entry is the same when it is read and when it is looked up', async () => {
      const { log, subjects, publish } = await open();
      for (let i = 0; i < 40; i++) {
        if (i % 4 === 0) await log.appendFrame(2, new Uint8Array(i), '0:1.0.0');
        else
          await publish(subjects.to(actorIn(2, i % 3)), new Uint8Array(i * 10), {
            'Content-Type': 'application/json',
          });
      }
      const entries = await take(log.read(2, 0), 40);
      for (const entry of entries) expect(await log.hashAt(entry.seq)).toBe(entryHash(entry));
      expect(new Set(entries.map(entryHash)).size).toBe(40);
      expect(await log.hashAt(41)).toBeUndefined();
    });

    test('an entry that was deleted has no hash and is passed over; the first sequence moves', async () => {
      const { log, subjects, publish, remove } = await open();
      for (const word of ['a', 'b', 'c', 'd']) await publish(subjects.to(actorIn(0)), bytes(word));
      await remove(1);
      await remove(3);
      expect([await log.hashAt(1), await log.hashAt(3)]).toEqual([undefined, undefined]);
      expect((await take(log.read(0, 0), 2)).map(({ seq }) => seq)).toEqual([2, 4]);
      expect(await log.state()).toMatchObject({ firstSeq: 2, lastSeq: 4 });
      await remove(2);
      await remove(4);
      expect(await log.state()).toMatchObject({ firstSeq: 5, lastSeq: 4 });
      expect(await log.end(0)).toBe(0);
    });

    test('a log that was made anew has another identity; the same one keeps it', async () => {
      const place = await open();
      const { identity } = await place.log.state();
      await place.publish(place.subjects.to(actorIn(0)), bytes('a'));
      expect((await place.log.state()).identity).toBe(identity);
      const again = await place.recreate();
      expect((await again.state()).identity).not.toBe(identity);
      expect((await again.state()).lastSeq).toBe(0);
    });

    test('a message whose id the stream has seen is not stored again', async () => {
      const { log, subjects, publish } = await open();
      const to = subjects.to(actorIn(3));
      const first = await publish(to, bytes('a'), { [HEADER.msgId]: 'shop:order/1:1' });
      expect(await publish(to, bytes('a'), { [HEADER.msgId]: 'shop:order/1:1' })).toBe(first);
      const second = await publish(to, bytes('b'), { [HEADER.msgId]: 'shop:order/1:2' });
      expect((await take(log.read(3, 0), 2)).map(({ seq }) => seq)).toEqual([first, second]);
      expect(await log.end(3)).toBe(second);
    });

    test('the largest frames arrive among small messages, whole and in order', async () => {
      const { log, subjects, publish } = await open();
      const sizes = Array.from({ length: 60 }, (_, i) => (i % 6 === 5 ? LIMITS.frameBytes : i));
      for (const [i, size] of sizes.entries()) {
        if (size === LIMITS.frameBytes) await log.appendFrame(1, new Uint8Array(size).fill(i), '1:2.3.4');
        else await publish(subjects.to(actorIn(1)), new Uint8Array(size).fill(i));
      }
      const entries = await take(log.read(1, 0), sizes.length);
      expect(entries.map(({ data }) => data.byteLength)).toEqual(sizes);
      expect(entries.every(({ data }, i) => data.every((byte) => byte === i))).toBe(true);
      const frames = entries.filter(({ place }) => place.kind === 'frame');
      expect(frames.map((frame) => [frame.header(HEADER.frame), frame.header(HEADER.from)])).toEqual(
        frames.map(() => ['1', '1:2.3.4']),
      );
    });

    test('thousands of messages are read in order', async () => {
      const { log, subjects, publish } = await open();
      const to = subjects.to(actorIn(0));
      for (let i = 0; i < 3_000; i += 500)
        await Promise.all(Array.from({ length: 500 }, (_, j) => publish(to, bytes(`${i + j}`))));
      const entries = await take(log.read(0, 0), 3_000);
      expect(entries.map(({ data }) => Number(text(data)))).toEqual(
        Array.from({ length: 3_000 }, (_, i) => i),
      );
    });

    test('marks of events and dead letters are apart; one and many may be published, and repeated', async () => {
      const { log, subjects } = await open();
      const actor = actorIn(0);
      const event = (id: string): Publication => ({
        subject: subjects.event(actor, 'placed'),
        data: bytes(id),
        id,
      });
      const dead = (id: string): Publication => ({ subject: subjects.dead(actor), data: bytes(id), id });
      const many = Array.from({ length: 30 }, (_, i) => event(`2.${i}.0.0`));
      await log.publish([event('1.4.0.0')]);
      await log.publish(many);
      await log.publish([...many, event('2.30.1.0')]);
      await log.publish([event('1.4.0.0')]);
      await log.publish([dead('1.3.0.1')]);
      const marks = await log.sentMarks(0);
      expect([marks.events(1), marks.events(2), marks.events(3)]).toEqual([[4, 0, 0], [30, 1, 0], undefined]);
      expect([marks.deadLetters(1), marks.deadLetters(2)]).toEqual([[3, 0, 1], undefined]);
      expect((await log.state()).lastSeq).toBe(0);
    });

    test('marks count what was published since a time', async () => {
      const { log, subjects } = await open();
      const one = (id: string): Publication[] => [
        { subject: subjects.event(actorIn(0), 'e'), data: bytes(id), id },
        { subject: subjects.dead(actorIn(0)), data: bytes(id), id: `${id}0` },
      ];
      for (const publication of one('1.1.0.0')) await log.publish([publication]);
      const before = Date.now();
      while (Date.now() < before + 2) await log.state();
      const sinceMs = Date.now();
      for (const publication of one('2.1.0.0')) await log.publish([publication]);
      const marks = await log.sentMarks(sinceMs);
      expect([marks.events(1), marks.events(2)]).toEqual([undefined, [1, 0, 0]]);
      expect([marks.deadLetters(1), marks.deadLetters(2)]).toEqual([undefined, [1, 0, 0]]);
      const later = await log.sentMarks(Date.now() + 60_000);
      expect([later.events(2), later.deadLetters(2)]).toEqual([undefined, undefined]);
    });

    test('verdicts are kept in order and are no entries of a partition', async () => {
      const { log, subjects, publish } = await open();
      const verdict = (entry: number) => ({
        partition: 1,
        entry,
        index: 0,
        code: 'turn.deadline',
        detail: 'ran for 30 s',
      });
      const seq = await publish(subjects.to(actorIn(1)), bytes('a'));
      for (const entry of [4, 2]) await log.appendVerdict(verdict(entry));
      expect(await log.verdicts()).toEqual([verdict(4), verdict(2)]);
      expect(await log.end(1)).toBe(seq);
      await publish(subjects.to(actorIn(1)), bytes('b'));
      expect((await take(log.read(1, 0), 2)).map(({ data }) => text(data))).toEqual(['a', 'b']);
    });

    test('stopping ends a walk that waits, one that has not begun, and one in the middle', async () => {
      const { log, subjects, publish } = await open();
      for (let i = 0; i < 5; i++) await publish(subjects.to(actorIn(0)), bytes('a'));
      const waiting = log.read(0, 5);
      const waited = take(waiting, 1);
      const unread = log.read(0, 0);
      const middle = log.read(0, 0);
      const seen: number[] = [];
      const walked = (async () => {
        for await (const { seq } of middle.entries) {
          seen.push(seq);
          if (seq === 2) await middle.stop();
        }
      })();
      await Promise.all([waiting.stop(), unread.stop(), unread.stop()]);
      expect([await waited, await take(unread, 1)]).toEqual([[], []]);
      await walked;
      expect(seen).toEqual([1, 2]);
    });
  });
}
