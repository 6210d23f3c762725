/** The broker dies, or is full: nobody loses a message, and everything goes on by itself. */
import { JetStreamApiError } from '@nats-io/jetstream';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Address } from '../../protocol/address.ts';
import { HEADER } from '../../protocol/headers.ts';
import { EVENTUALLY, TestSystem, useSystem } from '../harness/test-node.ts';

const MESSAGES = 2_000;
const SPREADS = 100;
const LANES = 50;
const KiB = 1024;

describe('a broker that is killed', () => {
  const system = useSystem();
  const target = (number: number): Address => `counter/load-${number % 8}`;

  /** As any publisher must: it repeats, under the same id, until it has its acknowledgement. */
  async function insist(to: Address, message: object, id: string): Promise<void> {
    for (;;) {
      try {
        await system.tell(to, message, { headers: { [HEADER.msgId]: id }, timeoutMs: 1_000 });
        return;
      } catch {
        // The broker is away or the acknowledgement was lost: the next attempt will tell.
      }
    }
  }

  test('while 2,000 messages are on their way: each is applied once, and so is what their turns tell', async () => {
    const killAt = new Set([MESSAGES / 4, MESSAGES / 2]);
    let acknowledged = 0;
    let killed = Promise.resolve();
    const publish = async (lane: number): Promise<void> => {
      for (let number = lane; number < MESSAGES; number += LANES) {
        await insist(target(number), { type: 'add', amount: 1, note: `m${number}` }, `m${number}`);
        if (killAt.has(++acknowledged)) killed = killed.then(() => system.broker.kill());
      }
    };
    const spread = async (): Promise<void> => {
      for (let number = 0; number < SPREADS; number++) {
        const keys = [`spread-${number % 7}`, `spread-${number % 3}`];
        await insist(`counter/spreader-${number % 5}`, { type: 'spread', keys, amount: 1 }, `s${number}`);
      }
    };
    await Promise.all([spread(), ...Array.from({ length: LANES }, (_, lane) => publish(lane))]);
    await killed;
    await expect
      .poll(() => system.sys('health').catch(() => null), EVENTUALLY)
      .toMatchObject({ ready: true });
    await system.idle();

    const notes: string[] = [];
    for (let number = 0; number < 8; number++) {
      const counted = await system.ask<{ note: string }[]>(target(number), 'counted');
      notes.push(...counted.map(({ note }) => note));
    }
    expect(notes.sort()).toEqual(Array.from({ length: MESSAGES }, (_, number) => `m${number}`).sort());
    const spreads = await Promise.all(
      [0, 1, 2, 3, 4, 5, 6].map((key) => system.total(`counter/spread-${key}`)),
    );
    expect(spreads.reduce((sum, { total }) => sum + total, 0)).toBe(2 * SPREADS);
    expect(await system.deadLetters()).toEqual([]);
    const { state } = await system.jsm.streams.info(system.subjects.streams.event);
    expect(state.messages).toBe(MESSAGES + 2 * SPREADS);
  });
});

describe('a mailbox that is full', () => {
  const system = useSystem({ mailbox: { maxBytes: 1024 * KiB } });
  const note = 'n'.repeat(64 * KiB);
  const publish = (number: number) =>
    system.tell(`counter/full-${number % 6}`, { type: 'add', amount: 1, note });

  /** Publishes until the broker refuses; resolves with how many it took. */
  async function fill(): Promise<number> {
    for (let stored = 0; stored < 1_000; stored++) {
      try {
        await publish(stored);
      } catch (error) {
        expect(error).toBeInstanceOf(JetStreamApiError);
        expect((error as JetStreamApiError).code).toBe(10_077);
        return stored;
      }
    }
    throw new Error('the mailbox never became full');
  }

  test('while the node is down refuses publishers; the node drains it, and they are heard again', async () => {
    await system.stop();
    // Even its verdict needs room, before anything behind it can be processed.
    await system.tell('counter/full-0', { type: 'recurse' });
    const stored = await fill();
    expect(stored).toBeGreaterThan(4);
    await system.start();
    await system.idle();
    const totals = await Promise.all([0, 1, 2, 3, 4, 5].map((key) => system.total(`counter/full-${key}`)));
    expect(totals.reduce((sum, { total }) => sum + total, 0)).toBe(stored);
    expect(await system.deadLetter('counter/full-0')).toMatchObject({ error: { code: 'turn.stack' } });
    await expect.poll(() => publish(0).then(() => true, String), EVENTUALLY).toBe(true);
    // And as much as before fits again.
    await system.idle();
    await expect
      .poll(() => system.submit('counter/after', { type: 'add', amount: 1, note }), EVENTUALLY)
      .toMatchObject({ ok: true });
  });

  test('does not keep a node from starting that has something to say itself', async () => {
    const pipeline = new TestSystem({ app: undefined, mailbox: { maxBytes: 512 * KiB } });
    onTestFinished(() => pipeline.close());
    await pipeline.open();
    await pipeline.stop();
    // To the last byte: smaller and smaller messages, each until it is refused.
    for (const size of [64 * KiB, KiB, 1]) {
      const body = { type: 'no such message', note: 'n'.repeat(size) };
      const publishForEver = async (): Promise<never> => {
        for (;;) await pipeline.tell('intake/main', body);
      };
      await expect(publishForEver()).rejects.toThrow('maximum bytes exceeded');
    }
    await pipeline.start();
    await pipeline.idle();
    expect(await pipeline.ask('node/n1', 'status')).toMatchObject({});
    expect((await pipeline.deadLetters('intake/main')).length).toBeGreaterThan(2);
  });

  test('refuses whoever submits or calls with log.full, and when to try again', async () => {
    const limit = async (bytes: number) =>
      system.jsm.streams.update(system.subjects.streams.mailbox, { max_bytes: bytes });
    for (const verb of ['submit', 'call'] as const) {
      const full = async () => {
        // The node makes room again within a second: that is what the test before this one is about.
        await limit(KiB);
        return system[verb]('counter/refused', { type: 'add', amount: 1 });
      };
      await expect.poll(full, EVENTUALLY).toMatchObject({
        ok: false,
        error: { code: 'log.full', recoverable: true, retryAfterMs: expect.any(Number) },
      });
    }
  });

  test('while turns want to tell others makes them wait, and loses none of it', async () => {
    const keys = Array.from({ length: 30 }, (_, key) => `told-${key}`);
    await system.idle();
    const spread = { type: 'spread', keys, amount: 1 };
    await expect.poll(() => system.submit('counter/teller', spread), EVENTUALLY).toMatchObject({ ok: true });
    await system.jsm.streams.update(system.subjects.streams.mailbox, { max_bytes: KiB });
    await system.idle();
    const totals = await Promise.all(keys.map((key) => system.total(`counter/${key}`)));
    expect(totals).toEqual(keys.map(() => ({ total: 1, times: 1 })));
  });
});
