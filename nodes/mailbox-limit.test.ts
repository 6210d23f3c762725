import { DiscardPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, test } from 'vitest';
import { startTestBroker } from '../tests/harness/nats.ts';
import { adjustMailboxLimit, limitFor } from './mailbox-limit.ts';

describe('the limit of the mailbox', () => {
  test('leaves room for what may wait, however much was processed', () => {
    expect(limitFor(0, 1, 500)).toBe(500);
    expect(limitFor(10_000, 1, 500)).toBe(10_500);
  });

  test('grows with what was processed, so that a full mailbox drains by itself', () => {
    expect(limitFor(500, 0, 500)).toBe(500);
    expect(limitFor(500, 0.5, 500)).toBe(750);
  });

  test('is not misled by a share outside of 0 to 1', () => {
    expect(limitFor(500, -1, 500)).toBe(500);
    expect(limitFor(500, 2, 500)).toBe(1_000);
  });
});

describe('a full mailbox', () => {
  test('has room for effects that wait, however little of it was processed', async () => {
    const broker = await startTestBroker();
    try {
      const connection = await broker.connect();
      const [js, jsm] = [jetstream(connection), await jetstreamManager(connection)];
      const mailboxBytes = 512 * 1024;
      const stream = {
        name: 'full',
        subjects: ['full'],
        discard: DiscardPolicy.New,
        max_bytes: mailboxBytes,
      };
      await jsm.streams.add(stream);
      const publish = () => js.publish('full', new Uint8Array(50_000));
      const fill = async (): Promise<void> => {
        for (;;) await publish();
      };
      await expect(fill()).rejects.toThrow('maximum bytes exceeded');
      const adjust = (effectsWait: boolean) =>
        adjustMailboxLimit(
          jsm,
          'full',
          mailboxBytes,
          async () => 0.01,
          async () => effectsWait,
        );
      await adjust(false);
      await expect(publish()).rejects.toThrow('maximum bytes exceeded');
      await adjust(true);
      await publish();
    } finally {
      await broker.stop();
    }
  });
});
