import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestBroker, type TestBroker } from '../tests/harness/nats.ts';
import { ObjectContentStore } from './content-object-store.ts';

describe('content in the object store', () => {
  let broker: TestBroker;

  beforeAll(async () => {
    broker = await startTestBroker();
  });
  afterAll(() => broker.stop());

  test('outlives a broker that is killed while it is written and read', async () => {
    const store = new ObjectContentStore(await broker.connect(), 'outage');
    const bytes = Buffer.alloc(2_000_000, 'content ');
    const killed = [broker.kill()];
    const { sha256 } = await store.put(bytes);
    await Promise.all(killed);
    killed.push(broker.kill());
    const read = await store.get(sha256);
    await Promise.all(killed);
    expect(Buffer.compare(read, bytes)).toBe(0);
  });

  test('says that content is missing without waiting for it', async () => {
    const store = new ObjectContentStore(await broker.connect(), 'missing');
    await expect(store.get('0'.repeat(64))).rejects.toMatchObject({ code: 'content.not_found' });
  });

  test('fails with a code that passes once its connection is closed', async () => {
    const connection = await broker.connect();
    const store = new ObjectContentStore(connection, 'closed');
    await connection.close();
    await expect(store.put(Buffer.from('x'))).rejects.toMatchObject({ code: 'log.unavailable' });
  });
});
