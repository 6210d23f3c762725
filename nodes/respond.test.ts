import { headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { HEADER, JSON_CONTENT_TYPE } from '../protocol/headers.ts';
import { startTestBroker, type TestBroker } from '../tests/harness/nats.ts';
import { publishAnswer, respond, respondError } from './respond.ts';

let broker: TestBroker;
let connection: NatsConnection;

beforeAll(async () => {
  broker = await startTestBroker();
  connection = await broker.connect();
});
afterAll(() => broker.stop());

async function answered(json: boolean, body: object): Promise<unknown> {
  const to = '_INBOX.test';
  const subscription = connection.subscribe(to, { max: 1 });
  publishAnswer(connection, { to, id: '', json }, body);
  for await (const { data } of subscription) return json ? Buffer.from(data).toString() : decode(data);
  return undefined;
}

test('an answer in JSON keeps every digit of a whole number', async () => {
  expect(await answered(true, { ok: true, value: 9_007_199_254_740_993n })).toBe(
    '{"ok":true,"value":9007199254740993}',
  );
});

test('an answer that JSON makes too large for the broker is an error', async () => {
  const value = '\u0001'.repeat(300_000);
  expect(await answered(true, { ok: true, value })).toContain('"reply.too_large"');
  expect(await answered(false, { ok: true, value })).toEqual({ ok: true, value });
});

test('an error that holds what somebody sent is answered, whatever its length', async () => {
  const carried = headers();
  carried.set(HEADER.contentType, JSON_CONTENT_TYPE);
  const subscription = connection.subscribe('test.refuse', {
    callback: (_, request) =>
      respondError(
        request,
        new BanyanError('message.invalid', { message: 'x', path: '\u0001'.repeat(250_000) }),
      ),
  });
  const reply = await connection.request('test.refuse', '', { headers: carried, timeout: 2_000 });
  expect(reply.json()).toMatchObject({ ok: false, error: { code: 'message.invalid' } });
  subscription.unsubscribe();
});

test('a reply to a request in JSON keeps every digit too', async () => {
  const carried = headers();
  carried.set(HEADER.contentType, JSON_CONTENT_TYPE);
  const subscription = connection.subscribe('test.respond', {
    callback: (_, request) => respond(request, { value: 2n ** 63n }),
  });
  const reply = await connection.request('test.respond', '', { headers: carried, timeout: 2_000 });
  expect(reply.string()).toBe('{"value":9223372036854775808}');
  subscription.unsubscribe();
});
