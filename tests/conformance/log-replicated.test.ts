/** The log on three servers: a replicated stream refuses what one server takes, and answers may be lost. */
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { subjectsOf } from '../../protocol/subjects.ts';
import type { Guard, Lanes } from '../../runtime/claim-log.ts';
import { JetStreamLog } from '../../runtime/log-jetstream.ts';
import { ensureStreams } from '../../runtime/streams.ts';
import { startTestCluster, type TestCluster } from '../harness/nats-cluster.ts';
import { HEAD, PARTITIONS, take } from './log.ts';

let cluster: TestCluster;
let namespaces = 0;

beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const settings = { partitions: PARTITIONS, mailboxBytes: 256 * 1024 ** 2, replicas: 3 };

/** Two logs of one namespace, each on a connection of its own. */
async function open() {
  const subjects = subjectsOf(`r${++namespaces}`);
  const connections = [await cluster.connect(), await cluster.connect()] as const;
  const jsm = await jetstreamManager(connections[0]);
  await ensureStreams(jsm, subjects, settings);
  const [log, other] = await Promise.all(
    connections.map((connection) => JetStreamLog.open(connection, subjects)),
  );
  return { log: log as JetStreamLog, other: other as JetStreamLog, subjects, jsm };
}

const guardOf = (owner: string, lanes: Lanes, lane: number): Guard => ({
  owner,
  lane,
  seq: lanes[lane] ?? -1,
});

/** Repeats what may have been stored without an answer. */
async function untilStored<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      expect(error).toMatchObject({ code: 'log.unavailable' });
    }
  }
}

describe('JetStreamLog on three servers', () => {
  test('a frame in each lane is taken; more of one lane at once are unavailable, never a conflict', async () => {
    const { log } = await open();
    const lanes = await log.openLanes('me');
    const one = (lane: number) =>
      log.appendFrame(0, new Uint8Array(5_000), undefined, guardOf('me', lanes, lane));
    for (let i = 0; i < 20; i++) await Promise.all(lanes.map((_, lane) => one(lane)));
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => one(3)));
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'log.unavailable' });
    const stored = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(stored).toBeGreaterThan(0);
    expect(await take(log.read(0, 0), 20 * lanes.length + stored)).toHaveLength(20 * lanes.length + stored);
  });

  test('a claim fences an owner that is sending in all lanes; nothing of it lands behind', async () => {
    const { log, other } = await open();
    let after = 0;
    for (let epoch = 1; epoch <= 4; epoch++) {
      const owner = `o${epoch}`;
      const lanes = await log.openLanes(owner);
      const landed: number[] = [];
      let claimed = 0;
      let claiming = false;
      const sending = lanes.map(async (_, lane) => {
        for (let fenced = false; !fenced;) {
          try {
            landed.push(
              await log.appendFrame(1, new Uint8Array(5_000), undefined, guardOf(owner, lanes, lane)),
            );
          } catch (error) {
            const { code } = error as { code: string };
            expect(['log.conflict', 'log.unavailable']).toContain(code);
            fenced = code === 'log.conflict';
          }
          // Another lane may look, refused, before one more frame has landed.
          if (landed.length >= 40 && !claiming) {
            claiming = true;
            const claim = { partition: 1, epoch, owner: 'next', turnVersion: 'v', after };
            [claimed = 0] = await untilStored(() => other.claim([claim], [owner]));
          }
        }
      });
      await Promise.all(sending);
      expect(landed.filter((seq) => seq > claimed)).toEqual([]);
      expect((await other.claims()).get(1)).toMatchObject({ epoch, seq: claimed });
      await other.removeLanes(owner);
      after = claimed;
    }
    expect(await log.laneOwners()).toEqual([]);
  });

  test('whoever looks while others claim misses none that was stored before', async () => {
    const { log, other } = await open();
    const last = new Map<number, number>();
    let looked = false;
    const claiming = (async () => {
      for (let epoch = 1; !looked; epoch++) {
        const claims = [epoch % 7, 10 + (epoch % 5), 20].map((partition) => ({
          partition,
          epoch,
          owner: 'me',
          turnVersion: 'v',
          after: last.get(partition) ?? 0,
        }));
        const seqs = await other.claim(claims, []);
        for (const [place, { partition }] of claims.entries()) last.set(partition, seqs[place] ?? 0);
      }
    })();
    for (let i = 0; i < 100; i++) {
      const before = [...last];
      const known = await untilStored(() => log.claims());
      for (const [partition, seq] of before)
        expect(known.get(partition)?.seq ?? 0).toBeGreaterThanOrEqual(seq);
    }
    looked = true;
    await claiming;
  });

  test('of two that write checkpoints each of one head is stored, and both learn which', async () => {
    const { log, other } = await open();
    const head = (epoch: number, step: number) => ({
      ...HEAD,
      partition: 2,
      epoch,
      owner: `o${epoch}`,
      step,
    });
    const records = Array.from({ length: 20 }, (_, slot) => ({ slot, data: new Uint8Array(500) }));
    let after = 0;
    for (let step = 0; step < 15; step++) {
      const outcomes = await Promise.allSettled([
        log.writeState(head(1, step), after, records),
        other.writeState(head(2, step), after, records),
      ]);
      const stored = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      expect(stored).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected')
          expect(['log.conflict', 'log.unavailable']).toContain((outcome.reason as { code: string }).code);
      after = (await log.head(2))?.seq ?? 0;
      expect(stored).toEqual([after]);
      await expect(other.writeState(head(2, step), after - 1, [])).rejects.toMatchObject({
        code: 'log.conflict',
      });
    }
  });

  test('after its leader was killed, claims, heads, records and entries are all there', async () => {
    const { log, other, subjects, jsm } = await open();
    const lanes = await log.openLanes('me');
    const claim = { partition: 1, epoch: 1, owner: 'me', turnVersion: 'v', after: 0 };
    const [claimed = 0] = await log.claim([claim], []);
    const records = Array.from({ length: 100 }, (_, slot) => ({
      slot,
      data: new Uint8Array(100).fill(slot),
    }));
    const stored = await log.writeState({ ...HEAD, partition: 1 }, 0, records);
    for (let i = 0; i < 20; i++)
      await log.appendFrame(1, Uint8Array.of(i), undefined, guardOf('me', lanes, i % lanes.length));
    const { cluster: placed } = await jsm.streams.info(subjects.streams.mailbox);
    await cluster.kill(placed?.leader ?? '');
    // A frame whose answer was lost may be there twice: receivers drop it.
    await untilStored(() => log.appendFrame(1, Uint8Array.of(20), undefined, guardOf('me', lanes, 0)));
    expect((await untilStored(() => other.claims())).get(1)).toMatchObject({ owner: 'me', seq: claimed });
    expect(await untilStored(() => other.head(1))).toMatchObject({ seq: stored });
    const read = await untilStored(async () => {
      const slots: number[] = [];
      for await (const { slot } of other.readState(1, stored)) slots.push(slot);
      return slots;
    });
    expect(read).toEqual(records.map(({ slot }) => slot));
    const entries = await untilStored(() => take(other.read(1, 0), 22));
    expect(entries.map(({ data, place }) => (place.kind === 'claim' ? 'claim' : data[0]))).toEqual([
      'claim',
      ...Array.from({ length: 21 }, (_, i) => i),
    ]);
  }, 60_000);
});
