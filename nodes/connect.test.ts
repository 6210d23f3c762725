import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BanyanError } from '../protocol/errors.ts';
import { startTestBroker, type TestBroker } from '../tests/harness/nats.ts';
import { tryPort } from './broker/free-port.ts';
import { acrossOutage, connectBroker } from './connect.ts';

describe('connecting', () => {
  let broker: TestBroker;

  beforeAll(async () => {
    broker = await startTestBroker();
  });
  afterAll(() => broker.stop());

  test('fails when nobody answers', async () => {
    const url = `nats://127.0.0.1:${await tryPort(0)}`;
    await expect(connectBroker({ url }, 'test')).rejects.toMatchObject({ code: 'broker.unreachable' });
  });

  test('waits, when told to, for a broker that was killed', async () => {
    const back = broker.kill();
    const connection = await connectBroker({ url: broker.url, waits: true }, 'test');
    await back;
    expect(await connection.rtt()).toBeGreaterThanOrEqual(0);
    await connection.close();
  });

  test('repeats what the broker was away for, and nothing else', async () => {
    const connection = await broker.connect();
    const failures = ['log.unavailable', 'log.unavailable', 'log.full'] as const;
    let attempts = 0;
    const attempt = async (): Promise<never> => {
      throw new BanyanError(failures[attempts++] ?? 'internal');
    };
    await expect(acrossOutage(connection, attempt)).rejects.toMatchObject({ code: 'log.full' });
    expect(attempts).toBe(3);
  });

  test('gives up once the connection is closed', async () => {
    const connection = await broker.connect();
    await connection.close();
    const attempt = async (): Promise<never> => {
      throw new BanyanError('log.unavailable');
    };
    await expect(acrossOutage(connection, attempt)).rejects.toMatchObject({ code: 'log.unavailable' });
  });
});
