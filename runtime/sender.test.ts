import { describe, expect, test } from 'vitest';
import { LIMITS } from '../config/limits.ts';
import { BanyanError } from '../protocol/errors.ts';
import { decodeFrame, type EffectNumber, encodeRecord } from '../protocol/frame.ts';
import { HEADER } from '../protocol/headers.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import { VirtualClock } from './clock.ts';
import type { LogEntry, Publication } from './log.ts';
import { MemoryLog } from './log-memory.ts';
import { seededRandomness } from './randomness.ts';
import { type Fence, type Outgoing, Sender } from './sender.ts';

const subjects = subjectsOf('test');

/** A log whose broker refuses what the test says, sometimes after storing it. */
class UnreliableLog extends MemoryLog {
  /** What the next attempts meet; then all is well. */
  readonly troubles: ('refused' | 'answer lost' | 'full')[] = [];
  attempts = 0;
  atOnce = 0;
  mostAtOnce = 0;

  override appendFrame(partition: number, frame: Uint8Array, from: string | undefined): Promise<number> {
    // Refusals by a guard are the shard's tests' matter.
    return this.#attempt(() => super.appendFrame(partition, frame, from));
  }

  override publish(publications: readonly Publication[]): Promise<void> {
    return this.#attempt(() => super.publish(publications));
  }

  async #attempt<T>(store: () => Promise<T>): Promise<T> {
    this.attempts++;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    const trouble = this.troubles.shift();
    try {
      await Promise.resolve();
      if (trouble === 'full') throw new BanyanError('log.full');
      if (trouble === 'refused') throw new BanyanError('log.unavailable');
      const result = await store();
      if (trouble === 'answer lost') throw new BanyanError('log.unavailable');
      return result;
    } finally {
      this.atOnce--;
    }
  }
}

/** Nobody has fenced it, and its log does not look. */
const unfenced: Fence = {
  // The lanes of a new log begin with its first entry.
  guard: (lane) => ({ owner: 'test', lane, seq: lane + 1 }),
  conflict: async () => {},
};

function open() {
  const clock = new VirtualClock();
  const log = new UnreliableLog(subjects, 4, clock);
  void log.openLanes('test');
  const refusals: string[] = [];
  const sender = new Sender(log, clock, seededRandomness('seed'), unfenced, (error) => {
    refusals.push(error.code);
    // The lane sets its timer right after this.
    queueMicrotask(() => clock.advance(2_000));
  });
  return { clock, log, refusals, sender };
}

const outgoing = (
  i: number,
  bodyBytes = 0,
  from: Outgoing['from'] = { partition: 1, number: [i, 0, 0] },
): Outgoing => ({
  record: encodeRecord({
    kind: 'tell',
    to: 'order/1',
    message: { type: 'm', i, pad: 'x'.repeat(bodyBytes) },
  }),
  partition: 1,
  from,
});

async function entriesOf(log: MemoryLog, partition: number): Promise<LogEntry[]> {
  const end = await log.end(partition);
  const entries: LogEntry[] = [];
  if (end === 0) return entries;
  for await (const entry of log.read(partition, 0).entries) {
    entries.push(entry);
    if (entry.seq === end) break;
  }
  return entries;
}

const numbersIn = (entries: readonly LogEntry[]): number[] =>
  entries.flatMap(({ data }) =>
    decodeFrame(data).map(({ message }) => (message as unknown as { i: number }).i),
  );

describe('a lane', () => {
  test('sends everything of one moment in as few frames as hold it, in order', async () => {
    const { log, sender } = open();
    const done: number[] = [];
    for (let i = 0; i < 600; i++) sender.send(0, outgoing(i), () => done.push(i));
    expect(sender.unacknowledged).toBe(600);
    await sender.idle();
    const entries = await entriesOf(log, 0);
    expect(entries.map(({ data }) => decodeFrame(data).length)).toEqual([
      LIMITS.frameRecords,
      LIMITS.frameRecords,
      600 - 2 * LIMITS.frameRecords,
    ]);
    expect(numbersIn(entries)).toEqual(Array.from({ length: 600 }, (_, i) => i));
    expect(done).toEqual(Array.from({ length: 600 }, (_, i) => i));
    expect(sender.unacknowledged).toBe(0);
  });

  test('closes a frame before it grows past its target; a single larger record travels alone', async () => {
    const { log, sender } = open();
    const sizes = [100_000, 100_000, 100_000, LIMITS.messageBodyBytes - 64, 10, 20];
    sizes.forEach((size, i) => sender.send(0, outgoing(i, size), () => {}));
    await sender.idle();
    const entries = await entriesOf(log, 0);
    expect(entries.map(({ data }) => decodeFrame(data).length)).toEqual([2, 1, 1, 2]);
    for (const { data } of entries) expect(data.byteLength).toBeLessThanOrEqual(LIMITS.frameBytes);
  });

  test('has one frame on its way; what comes meanwhile leaves as the next', async () => {
    const { log, sender } = open();
    for (let i = 0; i < 5; i++)
      sender.send(
        0,
        outgoing(i),
        () => i === 0 && [10, 11, 12].forEach((j) => sender.send(0, outgoing(j), () => {})),
      );
    await sender.idle();
    expect(log.mostAtOnce).toBe(1);
    expect(numbersIn(await entriesOf(log, 0))).toEqual([0, 1, 2, 3, 4, 10, 11, 12]);
  });

  test('does not wait for another: each partition has its own', async () => {
    const { log, sender } = open();
    for (const partition of [0, 1, 2]) sender.send(partition, outgoing(partition), () => {});
    await sender.idle();
    expect(log.mostAtOnce).toBe(3);
  });

  test('says in the header the last number of each sending partition, and nothing for what has none', async () => {
    const { log, sender } = open();
    const from = (partition: number, ...number: EffectNumber) => ({ partition, number });
    sender.send(0, outgoing(0, 0, from(1, 5, 0, 0)), () => {});
    sender.send(0, outgoing(1, 0, from(2, 3, 1, 0)), () => {});
    sender.send(0, outgoing(2, 0, from(1, 5, 0, 2)), () => {});
    sender.send(3, { ...outgoing(3), from: undefined }, () => {});
    await sender.idle();
    expect((await entriesOf(log, 0))[0]?.header(HEADER.from)).toBe('1:5.0.2,2:3.1.0');
    expect((await entriesOf(log, 3))[0]?.header(HEADER.from)).toBeUndefined();
  });
});

describe('a refusal', () => {
  test('is reported, and the lane repeats until it is acknowledged: none is lost, none is out of order', async () => {
    const { log, refusals, sender } = open();
    log.troubles.push('refused', 'full', 'refused');
    const done: number[] = [];
    for (let i = 0; i < 3; i++) sender.send(0, outgoing(i), () => done.push(i));
    await sender.idle();
    expect(refusals).toEqual(['log.unavailable', 'log.full', 'log.unavailable']);
    expect(numbersIn(await entriesOf(log, 0))).toEqual([0, 1, 2]);
    expect(done).toEqual([0, 1, 2]);
  });

  test('whose frame was stored all the same repeats a whole prefix, so that receivers can drop it', async () => {
    const { log, sender } = open();
    log.troubles.push('answer lost');
    sender.send(0, outgoing(0), () => {});
    sender.send(0, outgoing(1), () => {});
    await sender.idle();
    sender.send(0, outgoing(2), () => {});
    await sender.idle();
    expect(numbersIn(await entriesOf(log, 0))).toEqual([0, 1, 0, 1, 2]);
  });

  test('holds up nothing but its own lane', async () => {
    const { log, sender } = open();
    log.troubles.push('refused');
    const order: string[] = [];
    sender.send(0, outgoing(0), () => order.push('refused first'));
    sender.send(1, outgoing(1), () => order.push('other lane'));
    await sender.idle();
    expect(order).toEqual(['other lane', 'refused first']);
  });
});

describe('publications', () => {
  const publication = (lane: 'event' | 'dead', i: number): Publication => ({
    subject: lane === 'event' ? subjects.event('order/1', 'e') : subjects.dead('order/1'),
    data: Buffer.from(`${i}`),
    id: `${lane === 'event' ? 0 : 1}.${i}.0.0`,
  });

  test('leave in order, events and dead letters apart, and are repeated until they are stored', async () => {
    const { log, sender } = open();
    log.troubles.push('refused', 'answer lost');
    const done: string[] = [];
    for (let i = 0; i < 5; i++) {
      sender.publishEvent(0, publication('event', i), () => done.push(`e${i}`));
      sender.publishDeadLetter(0, publication('dead', i), () => done.push(`d${i}`));
    }
    await sender.idle();
    const ids = [...log.published.keys()];
    expect(ids.filter((id) => id.startsWith('0.'))).toEqual([0, 1, 2, 3, 4].map((i) => `0.${i}.0.0`));
    expect(ids.filter((id) => id.startsWith('1.'))).toEqual([0, 1, 2, 3, 4].map((i) => `1.${i}.0.0`));
    expect(done.filter((one) => one.startsWith('e'))).toEqual(['e0', 'e1', 'e2', 'e3', 'e4']);
    expect(log.attempts).toBe(4);
  });
});

describe('the room for more', () => {
  test('is told of after every acknowledgement, and bytes count as well as items', async () => {
    const log = new MemoryLog(subjects, 4, new VirtualClock());
    await log.openLanes('test');
    const left: [items: number, bytes: number][] = [];
    const sender: Sender = new Sender(
      log,
      new VirtualClock(),
      seededRandomness('seed'),
      unfenced,
      () => {},
      () => left.push([sender.unacknowledged, sender.unacknowledgedBytes]),
    );
    const one = outgoing(1, 10_000);
    // Firings and task results have nobody else who would hear of it.
    for (let i = 0; i < LIMITS.frameRecords; i++) sender.send(0, one, () => {});
    expect(sender.unacknowledgedBytes).toBe(LIMITS.frameRecords * one.record.byteLength);
    await sender.idle();
    expect(left.length).toBeGreaterThan(1);
    expect(left.at(-1)).toEqual([0, 0]);
  });

  test('publications leave in batches that the broker can take in time', async () => {
    const { log, sender } = open();
    const data = new Uint8Array(512 * 1024);
    for (let i = 0; i < 20; i++)
      sender.publishDeadLetter(0, { subject: subjects.dead('order/1'), data, id: `0.${i}.0.0` }, () => {});
    await sender.idle();
    expect(log.published.size).toBe(20);
    expect(log.attempts).toBe(3);
  });
});

describe('stopping', () => {
  test('sends nothing more, and whoever waited for acknowledgements goes on', async () => {
    const { log, sender } = open();
    log.troubles.push('refused');
    let done = false;
    sender.send(0, outgoing(0), () => (done = true));
    const idle = sender.idle();
    sender.stop();
    await idle;
    sender.send(0, outgoing(1), () => (done = true));
    await sender.idle();
    expect([log.attempts, await log.end(0), done, sender.unacknowledged]).toEqual([0, 0, false, 2]);
  });
});
