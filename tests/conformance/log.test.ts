/** Both logs run the conformance suite; JetStream's broker is also killed, frozen and filled. */
import { jetstream, JetStreamApiError, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { HEADER } from '../../protocol/headers.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import { AtomicBatches, type BatchMessage } from '../../runtime/batch-jetstream.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { LogReader } from '../../runtime/log.ts';
import { JetStreamLog } from '../../runtime/log-jetstream.ts';
import { MemoryLog } from '../../runtime/log-memory.ts';
import { ensureStreams } from '../../runtime/streams.ts';
import { startTestBroker, type TestBroker } from '../harness/nats.ts';
import { describeCheckpoints } from './log-checkpoints.ts';
import { describeClaims } from './log-claims.ts';
import { actorIn, bytes, describeLog, HEAD, type LogPlace, PARTITIONS, take, text } from './log.ts';

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
/** The server sets aside what each stream may hold: more namespaces at once would not fit its disk. */
afterEach(async () => {
  for await (const { config } of jsm.streams.list()) await jsm.streams.delete(config.name);
});

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

const CLAIM = { partition: 0, epoch: 1, owner: 'me', turnVersion: 'v', after: 0 };

async function readAll(records: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of records);
}

async function openMemory(): Promise<LogPlace> {
  const subjects = subjectsOf('memory');
  const log = new MemoryLog(subjects, PARTITIONS, systemClock, 'first');
  return {
    log,
    subjects,
    publish: (subject, data, given) => log.publishMessage(subject, data, given),
    remove: async (seq) => log.delete(seq),
    recreate: async () => new MemoryLog(subjects, PARTITIONS, systemClock, 'second'),
  };
}

describeLog('MemoryLog', openMemory);
describeClaims('MemoryLog', openMemory);
describeCheckpoints('MemoryLog', openMemory);

describeLog('JetStreamLog', () => openJetStream());
describeClaims('JetStreamLog', () => openJetStream());
describeCheckpoints('JetStreamLog', () => openJetStream());

describe('MemoryLog', () => {
  test('what was trimmed is told apart from what somebody deleted', async () => {
    const subjects = subjectsOf('memory');
    const log = new MemoryLog(subjects, PARTITIONS, systemClock);
    for (let i = 0; i < 4; i++) await log.publishMessage(subjects.to(actorIn(0)), bytes(`${i}`));
    log.delete(2);
    await log.trim(0, 4);
    expect([...log.trimmed].map(([seq, { data }]) => [seq, text(data)])).toEqual([
      [1, '0'],
      [3, '2'],
    ]);
  });
});

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

  test('two nodes may make them at once', async () => {
    const subjects = subjectsOf(`log${++namespaces}`);
    await Promise.all([ensureStreams(jsm, subjects, settings), ensureStreams(jsm, subjects, settings)]);
    expect(await (await JetStreamLog.open(connection, subjects)).state()).toMatchObject({ lastSeq: 0 });
  });

  test('a mailbox without its checkpoints is refused: what was trimmed is nowhere else', async () => {
    const { log, subjects } = await openJetStream();
    await jsm.streams.delete(subjects.streams.state);
    await expect(ensureStreams(jsm, subjects, settings)).rejects.toMatchObject({ code: 'log.foreign' });
    // A first start that ended between the two goes on.
    await jsm.streams.delete(subjects.streams.mailbox);
    await ensureStreams(jsm, subjects, settings);
    await jsm.streams.delete(subjects.streams.mailbox);
    await ensureStreams(jsm, subjects, settings);
    expect(await log.state()).toMatchObject({ lastSeq: 0 });
  });

  test('the streams of an older release are refused', async () => {
    const subjects = subjectsOf(`log${++namespaces}`);
    await jsm.streams.add({
      name: subjects.streams.mailbox,
      subjects: [subjects.all.to],
      metadata: { 'banyan-partitions': String(PARTITIONS) },
    });
    await expect(ensureStreams(jsm, subjects, settings)).rejects.toMatchObject({ code: 'data.format' });
  });

  test('nothing is read directly from a replica', async () => {
    const { subjects } = await openJetStream();
    for (const stream of [subjects.streams.mailbox, subjects.streams.state])
      expect((await jsm.streams.info(stream)).config.allow_direct).toBe(false);
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

describe('JetStreamLog: claims', () => {
  test('a mailbox that is full takes claims all the same: only an owner can empty it', async () => {
    const { log, subjects } = await openJetStream(64 * 1024);
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 2_000; i++) await log.appendFrame(0, new Uint8Array(i < 6 ? 10_000 : 1), undefined);
    };
    await expect(fill()).rejects.toMatchObject({ code: 'log.full' });
    const former = await log.openLanes('former');
    const [seq = 0] = await log.claim([{ ...CLAIM, owner: 'former' }], []);
    await log.claim([{ ...CLAIM, epoch: 2, after: seq }], ['former']);
    const stale = log.appendFrame(0, bytes('f'), undefined, {
      owner: 'former',
      lane: 0,
      seq: former[0] ?? 0,
    });
    await expect(stale).rejects.toMatchObject({ code: 'log.conflict' });
    expect((await log.claims()).get(0)).toMatchObject({ owner: 'me', epoch: 2 });
    const { config } = await jsm.streams.info(subjects.streams.mailbox);
    expect(config.max_bytes).toBe((64 + 256) * 1024);
  });

  test('whoever looks leaves nothing on the server', async () => {
    const { log, subjects } = await openJetStream();
    await log.claim([CLAIM], []);
    const head = await log.writeState(HEAD, 0, []);
    for (let i = 0; i < 10; i++) {
      await log.claims();
      await readAll(log.readState(0, head));
      await take(log.read(0, 0), 1);
    }
    const left = async (): Promise<number[]> => {
      const { mailbox, state } = subjects.streams;
      const infos = await Promise.all([mailbox, state].map((stream) => jsm.streams.info(stream)));
      return infos.map((info) => info.state.consumer_count);
    };
    // They are deleted without waiting for it.
    await expect.poll(left, { timeout: 20_000 }).toEqual([0, 0]);
  });
});

describe('JetStreamLog: atomic batches', () => {
  test.each([
    ['the broker refuses a message in the middle', 'frame.1', { 'Nats-Expected-Stream': 'other' }],
    ['a message in the middle does not arrive', 'nowhere', {}],
  ])('nothing is stored when %s, though only the last one is answered', async (_, middle, given) => {
    const { log, subjects } = await openJetStream();
    const batches = new AtomicBatches(connection);
    const batch: BatchMessage[] = [
      { subject: subjects.frame(0), data: bytes('a') },
      { subject: `${subjects.namespace}.${middle}`, data: bytes('b'), headers: given },
      { subject: subjects.frame(2), data: bytes('c') },
    ];
    await expect(batches.store(batch)).rejects.toBeInstanceOf(JetStreamApiError);
    expect(await log.state()).toMatchObject({ lastSeq: 0 });
    expect(await batches.store(batch.slice(0, 1))).toEqual([1]);
  });

  test('more batches at once than the broker takes wait for each other', async () => {
    const { log, subjects } = await openJetStream();
    const batches = new AtomicBatches(connection);
    const batch = [0, 1, 2].map((partition) => ({ subject: subjects.frame(partition), data: bytes('f') }));
    const seqs = await Promise.all(Array.from({ length: 200 }, () => batches.store(batch)));
    expect(seqs.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
    expect((await log.state()).lastSeq).toBe(600);
  });
});

describe('JetStreamLog: a broker that is away', () => {
  test('every method says log.unavailable while the broker does not answer, and works when it does', async () => {
    const { log, subjects, publish } = await openJetStream();
    await publish(subjects.to(actorIn(0)), bytes('a'));
    const lanes = await log.openLanes('me');
    const head = await log.writeState(HEAD, 0, [{ slot: 0, data: bytes('r') }]);
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
      log.sentMarks(0),
      log.appendFrame(0, bytes('f'), undefined),
      log.appendVerdict({ partition: 0, entry: 9, index: 0, code: 'turn.stack', detail: '' }),
      log.publish(publications(1)),
      log.publish(publications(20)),
      take(log.read(0, 0), 1),
      log.appendFrame(0, bytes('f'), undefined, { owner: 'me', lane: 2, seq: lanes[2] ?? 0 }),
      log.claims(),
      log.lanes('me'),
      log.laneOwners(),
      log.removeLanes('other'),
      log.head(0),
      readAll(log.readState(0, head)),
      log.trim(0, 1_000),
    ];
    /** What may have been stored is not simply repeated: whoever wants to looks first. */
    const once = () => [
      log.claim([CLAIM], []),
      log.openLanes('new'),
      log.writeState({ ...HEAD, step: 1 }, head, []),
    ];
    const thaw = broker.freeze();
    const outcomes = await Promise.allSettled([...attempts(), ...once()]);
    thaw();
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'log.unavailable', recoverable: true },
      });
    await Promise.all(attempts());
    // What timed out may have been stored all the same; the marks tell.
    expect((await log.sentMarks(0)).events(0)).toEqual([1, 0, 19]);
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

  test('a broker that is killed brings nothing back: not what was replaced, removed or trimmed', async () => {
    const { log, subjects, publish } = await openJetStream();
    const [former, other] = [await log.openLanes('former'), await log.openLanes('other')];
    const [first = 0] = await log.claim([{ ...CLAIM, owner: 'former' }], []);
    for (let i = 0; i < 100; i++) await publish(subjects.to(actorIn(0)), new Uint8Array(1_000));
    const [second = 0] = await log.claim([{ ...CLAIM, epoch: 2, after: first }], ['former', 'other']);
    const fenced = await log.lanes('other');
    await log.removeLanes('former');
    const kept = await log.end(0);
    await log.trim(0, kept);
    let head = 0;
    for (let step = 0; step < 20; step++) {
      const records = Array.from({ length: 30 }, (_, slot) => ({ slot, data: bytes(`${step}`) }));
      head = await log.writeState({ ...HEAD, step }, head, records.slice(step % 3));
    }
    await broker.kill();
    await expect.poll(() => log.state().catch(() => undefined), { timeout: 20_000 }).toBeDefined();
    expect(await log.head(0)).toMatchObject({ step: 19, seq: head });
    const records: string[] = [];
    for await (const { slot, data } of log.readState(0, head)) records.push(`${slot}=${text(data)}`);
    expect(records.toSorted()).toEqual(
      ['0=18', ...Array.from({ length: 29 }, (_, i) => `${i + 1}=19`)].toSorted(),
    );
    expect((await log.claims()).get(0)).toMatchObject({ epoch: 2, seq: second });
    expect(await log.laneOwners()).toEqual(['other']);
    expect(await log.lanes('other')).toEqual(fenced);
    const guards = [former, other].map((lanes, i) => ({
      owner: ['former', 'other'][i] ?? '',
      seq: lanes[0] ?? 0,
    }));
    for (const guard of guards) {
      const stale = log.appendFrame(0, bytes('f'), undefined, { ...guard, lane: 0 });
      await expect(stale).rejects.toMatchObject({ code: 'log.conflict' });
    }
    // The first claim went with what it was followed by.
    expect((await take(log.read(0, 0), 2)).map(({ seq }) => seq)).toEqual([kept, second]);
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
