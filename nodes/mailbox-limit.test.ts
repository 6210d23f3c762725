import { DiscardPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, test } from 'vitest';
import { startTestBroker } from '../tests/harness/nats.ts';
import { adjustMailboxLimit } from './mailbox-limit.ts';

describe('a full mailbox', () => {
  test('is pressed, has room for effects that wait, and gets its limit back', async () => {
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
      let pressed = 0;
      const adjust = (waiting: boolean) =>
        adjustMailboxLimit(jsm, 'full', mailboxBytes, {
          press: async () => void pressed++,
          waiting: async () => waiting,
        });
      await adjust(false);
      await expect(publish()).rejects.toThrow('maximum bytes exceeded');
      await adjust(true);
      await publish();
      expect(pressed).toBe(2);
      // What was processed is trimmed; then the limit is what it was.
      await jsm.streams.purge('full', { keep: 1 });
      await adjust(false);
      expect((await jsm.streams.info('full')).config.max_bytes).toBe(mailboxBytes);
      expect(pressed).toBe(2);
    } finally {
      await broker.stop();
    }
  });
});
