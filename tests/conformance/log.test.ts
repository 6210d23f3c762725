/** Both logs run the conformance suite; JetStream's broker is also killed, frozen and filled. */
import { jetstream, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HEADER } from '../../protocol/headers.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { LogReader } from '../../runtime/log.ts';
import { JetStreamLog } from '../../runtime/log-jetstream.ts';
import { MemoryLog } from '../../runtime/log-memory.ts';
import { ensureStreams } from '../../runtime/streams.ts';
import { startTestBroker, type TestBroker } from '../harness/nats.ts';
import { actorIn, bytes, describeLog, type LogPlace, PARTITIONS, take, text } from './log.ts';

let broker: TestBroker;
let connection: NatsConnection;
let jsm: JetStreamManager;
let namespaces = 0;
/** Of a publication by others; a test that kills the broker does not wait for answers that were lost. */
let publishTimeoutMs = 15_000;

beforeAll(async () => {
  broker = await startTestBroker();
  connection = await broker.connect();
  jsm = await jetstreamManager(connection);
});
afterAll(() => broker.stop());

const settings = { partitions: PARTITIONS, mailboxBytes: 256 * 1024 ** 2, replicas: 1 };

async function openJetStream(mailboxBytes = settings.mailboxBytes): Promise<LogPlace> {
  const subjects: Subjects = subjectsOf(`log${++namespaces}`);
  const make = async (): Promise<JetStreamLog> => {
    await ensureStreams(jsm, subjects, { ...settings, mailboxBytes });
    return JetStreamLog.open(connection, subjects);
  };
  return {
    log: await make(),
    subjects,
    async publish(subject, data, given = {}) {
      const carried = headers();
      for (const [name, value] of Object.entries(given)) carried.set(name, value);
      return (
        await jetstream(connection).publish(subject, data, { headers: carried, timeout: publishTimeoutMs })
      ).seq;
    },
    remove: async (seq) => void (await jsm.streams.deleteMessage(subjects.streams.mailbox, seq)),
    async recreate() {
      await jsm.streams.delete(subjects.streams.mailbox);
      return make();
    },
  };
}

describeLog('MemoryLog', async () => {
  const subjects = subjectsOf('memory');
  const log = new MemoryLog(subjects, PARTITIONS, systemClock, 'first');
  return {
    log,
    subjects,
    publish: (subject, data, given) => log.publishMessage(subject, data, given),
    remove: async (seq) => log.delete(seq),
    recreate: async () => new MemoryLog(subjects, PARTITIONS, systemClock, 'second'),
  };
});

describeLog('JetStreamLog', () => openJetStream());

describe('JetStreamLog: streams', () => {
  test('making them again changes nothing; another number of partitions is refused', async () => {
    const { log, subjects, publish } = await openJetStream();
    await publish(subjects.to(actorIn(0)), bytes('a'));
    const before = await log.state();
    await ensureStreams(jsm, subjects, settings);
    expect(await log.state()).toEqual(before);
    const wrong = ensureStreams(jsm, subjects, { ...settings, partitions: PARTITIONS + 1 });
    await expect(wrong).rejects.toMatchObject({ code: 'partition.count' });
  });

  test('a mailbox that is full refuses frames with log.full, and takes them again once there is room', async () => {
    const { log, subjects } = await openJetStream(64 * 1024);
    const frame = new Uint8Array(10_000);
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await log.appendFrame(0, frame, undefined);
    };
    await expect(fill()).rejects.toMatchObject({ code: 'log.full', recoverable: true });
    const { lastSeq } = await log.state();
    expect(lastSeq).toBeGreaterThan(3);
    await jsm.streams.purge(subjects.streams.mailbox);
    expect(await log.appendFrame(0, frame, undefined)).toBe(lastSeq + 1);
  });
});

describe('JetStreamLog: a broker that is away', () => {
  test('every method says log.unavailable while the broker does not answer, and works when it does', async () => {
    const { log, subjects, publish } = await openJetStream();
    await publish(subjects.to(actorIn(0)), bytes('a'));
    const publications = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        subject: subjects.event(actorIn(0), 'e'),
        data: bytes('e'),
        id: `0.1.0.${i}`,
      }));
    const attempts = () => [
      log.state(),
      log.hashAt(1),
      log.end(0),
      log.verdicts(),
      log.stamps(),
      log.sentMarks(),
      log.appendFrame(0, bytes('f'), undefined),
      log.appendVerdict({ partition: 0, entry: 9, index: 0, code: 'turn.stack', detail: '' }),
      log.appendStamp(0, 'v'),
      log.publish(publications(1)),
      log.publish(publications(20)),
      take(log.read(0, 0), 1),
    ];
    const thaw = broker.freeze();
    const outcomes = await Promise.allSettled(attempts());
    thaw();
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'log.unavailable', recoverable: true },
      });
    await Promise.all(attempts());
    // What timed out may have been stored all the same; the marks tell.
    expect((await log.sentMarks()).events(0)).toEqual([1, 0, 19]);
  });

  test('readers over a broker that is killed miss nothing and get nothing twice', async () => {
    const { log, subjects, publish } = await openJetStream();
    const COUNT = 240;
    publishTimeoutMs = 1_000;
    const got: { seq: number; word: string }[] = [];
    let reader: LogReader | undefined;
    // As a shard reads: from behind the last entry, again whenever the reader ends.
    const reading = (async () => {
      while (got.length < COUNT) {
        try {
          reader = log.read(1, got.at(-1)?.seq ?? 0);
          for await (const entry of reader.entries) {
            got.push({ seq: entry.seq, word: text(entry.data) });
            if (got.length === COUNT) break;
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'log.unavailable' });
          if (connection.isClosed()) throw error;
        }
        await reader?.stop();
      }
    })();
    for (let i = 0; i < COUNT; i++) {
      const killed = i === 80 || i === 160 ? broker.kill() : undefined;
      for (let stored = false; !stored;) {
        // The id makes a repetition harmless: an attempt without an answer may have been stored.
        stored = await publish(subjects.to(actorIn(1, i % 3)), bytes(`${i}`), {
          [HEADER.msgId]: `w:${i}`,
        }).then(
          () => true,
          (error: unknown) => {
            if (connection.isClosed()) throw error;
            return false;
          },
        );
      }
      await killed;
    }
    await reading;
    expect(got.map(({ word }) => word)).toEqual(Array.from({ length: COUNT }, (_, i) => String(i)));
    expect(got.map(({ seq }) => seq)).toEqual(got.map(({ seq }) => seq).toSorted((a, b) => a - b));
    expect(await log.end(1)).toBe(got.at(-1)?.seq);
  });

  test('a connection that was closed is log.unavailable, for readers too', async () => {
    const { subjects } = await openJetStream();
    const own = await broker.connect();
    const log = await JetStreamLog.open(own, subjects);
    const reading = take(log.read(0, 0), 1);
    const opened = log.end(0);
    await opened;
    await own.close();
    await expect(log.state()).rejects.toMatchObject({ code: 'log.unavailable' });
    await expect(take(log.read(0, 0), 1)).rejects.toMatchObject({ code: 'log.unavailable' });
    await expect(reading).rejects.toMatchObject({ code: 'log.unavailable' });
  });
});
