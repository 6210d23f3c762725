/** The other JavaScript client, and with it any NATS client: its messages count, its requests are answered. */
import { connect, headers, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode, encode } from '../../protocol/codec.ts';
import { HEADER, JSON_CONTENT_TYPE } from '../../protocol/headers.ts';
import { useSystem } from '../harness/test-node.ts';

const system = useSystem();
let foreign: NatsConnection;

beforeAll(async () => {
  foreign = await connect({ servers: system.broker.url });
});
afterAll(() => foreign.close());

const text = (data: Uint8Array): string => Buffer.from(data).toString();

describe.each([
  { encoding: 'msgpack', contentType: undefined, write: encode, read: decode },
  {
    encoding: 'JSON',
    contentType: JSON_CONTENT_TYPE,
    write: (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value)),
    read: (data: Uint8Array): unknown => JSON.parse(text(data)),
  },
])('in $encoding', ({ encoding, contentType, write, read }) => {
  const to = `counter/${encoding}`;
  const carrying = (given: Readonly<Record<string, string>> = {}) => {
    const carried = headers();
    for (const [name, value] of Object.entries(given)) carried.set(name, value);
    if (contentType !== undefined) carried.set(HEADER.contentType, contentType);
    return { headers: carried };
  };
  const request = async (subject: string, body: object) => {
    const reply = await foreign.request(subject, write(body), { ...carrying(), timeout: 5_000 });
    expect(reply.headers?.get(HEADER.contentType) || undefined).toBe(contentType);
    return { body: read(reply.data), headers: reply.headers };
  };

  test('a message is published durably, once', async () => {
    const publish = () =>
      foreign
        .jetstream()
        .publish(
          `banyan.to.counter.${encoding}`,
          write({ type: 'add', amount: 2 }),
          carrying({ [HEADER.msgId]: encoding }),
        );
    expect(await publish()).toMatchObject({ duplicate: false });
    expect(await publish()).toMatchObject({ duplicate: true });
    await system.idle();
    expect(await system.total(to as `counter/${string}`)).toEqual({ total: 2, times: 1 });
  });

  test('a submit is answered with its entry', async () => {
    const { body } = await request(`banyan.submit.counter.${encoding}`, { type: 'add', amount: 3 });
    expect(body).toEqual({ ok: true, seq: expect.any(Number) });
  });

  test("a call is answered with the turn's reply", async () => {
    const { body } = await request(`banyan.call.counter.${encoding}`, { type: 'add', amount: 5 });
    expect(body).toEqual({ ok: true, value: { total: 10 } });
  });

  test('an ask is answered from the state, with its cursor', async () => {
    const { body } = await request(`banyan.ask.counter.${encoding}.total`, {});
    expect(body).toMatchObject({ ok: true, value: { total: 10, times: 3 }, epoch: 1, cursor: { index: 0 } });
  });

  test("a call whose turn throws is answered with the turn's error", async () => {
    const { body } = await request(`banyan.call.counter.${encoding}`, { type: 'fail' });
    expect(body).toMatchObject({
      ok: false,
      error: { code: 'turn.failed', message: 'the message is poison' },
    });
  });

  test.each(['submit.counter', 'call.counter', 'sys.nothing', 'ask.counter.x'])(
    'a refusal of %s is an error, also in the headers of the NATS services protocol',
    async (subject) => {
      const { body, headers: carried } = await request(`banyan.${subject}`, { type: 'add', amount: 5 });
      expect(body).toMatchObject({ ok: false, error: { code: 'request.subject' } });
      expect(carried?.get(HEADER.serviceErrorCode)).toBe('request.subject');
      expect(carried?.get(HEADER.serviceError)).not.toBe('');
    },
  );
});

test('events reach a subscriber that knows nothing of us', async () => {
  const heard = foreign.subscribe('banyan.event.counter.listened.added', { max: 1 });
  await foreign.flush();
  await system.tell('counter/listened', { type: 'add', amount: 4 });
  for await (const event of heard) {
    expect(decode(event.data)).toMatchObject({ type: 'added', actor: 'counter/listened', total: 4 });
  }
});

describe('the services protocol, asked by the other client', () => {
  const every = async <T>(found: Promise<AsyncIterable<T>>): Promise<T[]> => {
    const all: T[] = [];
    for await (const one of await found) all.push(one);
    return all;
  };

  test('finds the node as an instance', async () => {
    const [instance, ...others] = await every(foreign.services.client().ping('banyan'));
    expect(others).toEqual([]);
    expect(instance).toMatchObject({ name: 'banyan', id: 'n1', metadata: { namespace: 'banyan' } });
  });

  test('names submit, call, ask and sys as endpoints', async () => {
    const [info] = await every(foreign.services.client().info('banyan'));
    expect(info?.endpoints.map(({ name, subject }) => [name, subject])).toEqual([
      ['submit', 'banyan.submit.>'],
      ['call', 'banyan.call.>'],
      ['ask', 'banyan.ask.>'],
      ['sys', 'banyan.sys.>'],
    ]);
  });

  test('counts requests and errors', async () => {
    await system.submit('counter/counted', { type: 'add', amount: 1 });
    await system.submit('counter/counted', { type: 'unknown' });
    const [stats] = await every(foreign.services.client().stats('banyan', 'n1'));
    const submit = stats?.endpoints?.find(({ name }) => name === 'submit');
    expect(submit?.num_requests).toBeGreaterThanOrEqual(2);
    expect(submit?.num_errors).toBeGreaterThanOrEqual(1);
    expect(submit?.last_error).toContain('message.unknown_type');
  });
});
