/** Whatever somebody sends: a coded error or a dead letter, and everybody else is served as before. */
import { connect as connectSocket } from 'node:net';
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../config/limits.ts';
import { encode } from '../../protocol/codec.ts';
import { encodeFrame, encodeRecord } from '../../protocol/frame.ts';
import { HEADER } from '../../protocol/headers.ts';
import { EVENTUALLY, type RequestOptions, useSystem } from '../harness/test-node.ts';

/** With so little memory, a shard that builds what it is sent does not survive this file. */
const system = useSystem({ shards: 2, shardMemoryMb: 96 });
let healthy = 0;

afterEach(async () => {
  // In every partition, so that no shard and no reader was lost.
  for (let partition = 0; partition < 2; partition++) {
    const [to] = system.neighbours(partition, 1, 'healthy');
    const reply = await system.call(to, { type: 'add', amount: 1 });
    expect(reply.ok).toBe(true);
  }
  healthy++;
  expect(system.logged.filter(({ msg }) => msg.includes('ended its shard'))).toEqual([]);
});

const DEPTH = 10_000;
const utf8 = (text: string): Uint8Array => Buffer.from(text);
/** `{type: 'add', amount: <value>}` in msgpack, with a value that no encoder would make. */
const withAmount = (value: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(0x82), encode('type'), encode('add'), encode('amount'), value]);

interface BadBody {
  readonly what: string;
  readonly body: Uint8Array | object;
  readonly json?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly code: string;
  readonly path?: string;
}

const bodies: readonly BadBody[] = [
  { what: 'an empty body', body: new Uint8Array(), code: 'message.malformed' },
  { what: 'a list', body: encode([1, 2, 3]), code: 'message.malformed' },
  {
    what: 'a map that ends too early',
    body: encode({ type: 'add', amount: 1 }).subarray(0, 9),
    code: 'message.malformed',
  },
  {
    what: 'half a JSON object',
    body: utf8('{"type":"add","amount":1'),
    json: true,
    code: 'message.malformed',
  },
  {
    what: 'msgpack nested 10,000 deep',
    body: withAmount(new Uint8Array(DEPTH).fill(0x91)),
    code: 'message.too_deep',
  },
  {
    what: 'JSON nested 10,000 deep',
    body: utf8(`{"type":"add","amount":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}`),
    json: true,
    code: 'message.too_deep',
  },
  {
    what: 'more elements than allowed',
    body: encode({ type: 'add', amount: Array(LIMITS.messageItems + 1).fill(0) }),
    code: 'message.too_many_items',
  },
  {
    what: 'a count of 4 thousand million elements',
    body: withAmount(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)),
    code: 'message.malformed',
  },
  {
    what: 'a key __proto__ in msgpack',
    body: withAmount(Buffer.concat([Uint8Array.of(0x81), encode('__proto__'), encode({ polluted: true })])),
    code: 'message.forbidden_key',
  },
  {
    what: 'a key __proto__ in JSON',
    body: utf8('{"type":"add","amount":1,"__proto__":{"polluted":true}}'),
    json: true,
    code: 'message.forbidden_key',
  },
  {
    what: 'a text that is not UTF-8',
    body: withAmount(Uint8Array.of(0xa2, 0xc3, 0x28)),
    code: 'message.invalid_utf8',
  },
  {
    what: 'JSON that is not UTF-8',
    body: Buffer.concat([utf8('{"type":"add","amount":1,"note":"'), Uint8Array.of(0xff), utf8('"}')]),
    json: true,
    code: 'message.invalid_utf8',
  },
  {
    what: 'a body above the limit',
    body: { type: 'add', amount: 1, note: 'x'.repeat(LIMITS.messageBodyBytes) },
    code: 'message.too_large',
  },
  {
    what: 'another content type',
    body: utf8('<add/>'),
    headers: { [HEADER.contentType]: 'text/xml' },
    code: 'message.content_type',
  },
  {
    what: 'a foreign extension',
    body: withAmount(Uint8Array.of(0xd4, 0x01, 0x00)),
    code: 'message.unsupported_extension',
  },
  { what: 'no type', body: { amount: 1 }, code: 'message.no_type' },
  { what: 'a type that is a number', body: { type: 7, amount: 1 }, code: 'message.no_type' },
  { what: 'an unknown type', body: { type: 'subtract', amount: 1 }, code: 'message.unknown_type' },
  {
    what: 'a type that every object has',
    body: { type: 'constructor', amount: 1 },
    code: 'message.unknown_type',
  },
  { what: 'xstate.stop', body: { type: 'xstate.stop' }, code: 'message.reserved_type' },
  { what: 'xstate.init', body: { type: 'xstate.init', input: {} }, code: 'message.reserved_type' },
  {
    what: 'a field of another type',
    body: { type: 'add', amount: '1' },
    code: 'message.invalid',
    path: 'amount',
  },
  { what: 'a missing field', body: { type: 'add' }, code: 'message.invalid', path: 'amount' },
  {
    what: 'a sequence that is no number',
    body: { type: 'add', amount: 1 },
    headers: { [HEADER.sender]: 'anna', [HEADER.seq]: 'seven' },
    code: 'message.sequence',
  },
  {
    what: "another actor's name as its sender",
    body: { type: 'add', amount: 1 },
    headers: { [HEADER.sender]: 'counter/healthy' },
    code: 'message.sender_reserved',
  },
  {
    what: "a task's name as its sender",
    body: { type: 'add', amount: 1 },
    headers: { [HEADER.sender]: 'task!0.1.0.0' },
    code: 'message.sender_reserved',
  },
  {
    what: 'a reply address that is none',
    body: { type: 'add', amount: 1 },
    headers: { [HEADER.replyTo]: 'banyan.to.counter.healthy' },
    code: 'address.invalid',
  },
];

const optionsOf = ({ json, headers }: BadBody): RequestOptions => ({
  ...(json === undefined ? {} : { json }),
  ...(headers === undefined ? {} : { headers }),
});
let cases = 0;
const nextActor = () => `counter/bad-${++cases}` as const;

describe.each(bodies)('$what', (bad) => {
  const expected = { code: bad.code, ...(bad.path === undefined ? {} : { path: bad.path }) };

  test('published, it is a dead letter with a code', async () => {
    const to = nextActor();
    await system.tell(to, bad.body, optionsOf(bad));
    const letter = await system.deadLetter(to);
    expect(letter.error).toMatchObject(expected);
    expect(await system.total(to)).toEqual({ total: 0, times: 0 });
  });

  test.each(['submit', 'call'] as const)('as a %s, it is refused with a code', async (verb) => {
    const to = nextActor();
    expect(await system[verb](to, bad.body, optionsOf(bad))).toMatchObject({ ok: false, error: expected });
    await system.idle();
    expect(await system.total(to)).toEqual({ total: 0, times: 0 });
    expect(await system.deadLetters(to)).toEqual([]);
  });
});

test.each(
  bodies.filter(
    ({ body, code }) => body instanceof Uint8Array && body.length > 0 && code !== 'message.no_type',
  ),
)('a query with $what as its input is refused with $code', async (bad) => {
  const reply = await system.request(system.subjects.ask('counter/asked', 'total'), bad.body, optionsOf(bad));
  expect(reply).toMatchObject({ ok: false, error: { code: bad.code } });
});

test.each([
  ['an unknown query', 'banyan.ask.counter.asked.sum', 'actor.unknown_query'],
  ['a query that every object has', 'banyan.ask.counter.asked.constructor', 'actor.unknown_query'],
  ['an unknown kind, asked', 'banyan.ask.nobody.asked.total', 'actor.unknown_kind'],
  ['an unknown kind, called', 'banyan.call.nobody.asked', 'actor.unknown_kind'],
  ['an unknown kind, submitted to', 'banyan.submit.nobody.asked', 'actor.unknown_kind'],
  ['a kind that every object has', 'banyan.call.constructor.asked', 'actor.unknown_kind'],
  ['an endpoint that is none', 'banyan.sys.shutdown', 'request.subject'],
  ['an ask without a query', 'banyan.ask.counter.asked', 'request.subject'],
  ['an ask with a token too many', 'banyan.ask.counter.asked.total.now', 'request.subject'],
  ['a submit without a key', 'banyan.submit.counter', 'request.subject'],
  ['a submit with a token too many', 'banyan.submit.counter.a.b', 'request.subject'],
  ['a call without kind and key', 'banyan.call.x', 'request.subject'],
  ['a call with a token too many', 'banyan.call.counter.a.b', 'request.subject'],
  ['a kind in capitals', 'banyan.call.Counter.a', 'address.invalid'],
  ['a key that is too long', `banyan.call.counter.${'k'.repeat(LIMITS.keyChars + 1)}`, 'address.invalid'],
  ['a key that is not ASCII, called', 'banyan.call.counter.caf\u00e9', 'address.invalid'],
  ['a key that is not ASCII, asked', 'banyan.ask.counter.caf\u00e9.total', 'address.invalid'],
  ['a key with a slash', 'banyan.submit.counter.a/b', 'address.invalid'],
])('%s is refused with a code', async (_what, subject, code) => {
  const reply = await system.request(subject, { type: 'add', amount: 1 });
  expect(reply).toMatchObject({ ok: false, error: { code } });
});

/** Writes protocol lines that no client library would; resolves with what the server said before it hung up or answered. */
async function say(text: string | Uint8Array): Promise<string> {
  const { hostname, port } = new URL(system.broker.url);
  const socket = connectSocket(Number(port), hostname);
  let heard = '';
  const done = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      if (heard.includes('PONG') || heard.includes('-ERR')) resolve();
    });
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
  });
  socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n');
  socket.write(text);
  socket.write('PING\r\n');
  await done;
  socket.destroy();
  return heard;
}

const publish = (subject: string, body: object): Uint8Array => {
  const data = encode(body);
  return Buffer.concat([utf8(`PUB ${subject} ${data.length}\r\n`), data, utf8('\r\n')]);
};

test.each([
  ['a star', 'banyan.to.counter.*'],
  ['a greater-than', 'banyan.to.counter.>'],
  ['an accent', 'banyan.to.counter.caf\u00e9'],
  ['a slash', 'banyan.to.counter.a/b'],
  ['a NUL', 'banyan.to.counter.a\0b'],
  ['a key that is too long', `banyan.to.counter.${'k'.repeat(LIMITS.keyChars + 1)}`],
  ['a kind in capitals', 'banyan.to.Counter.a'],
  ['a token too few', 'banyan.to.counter'],
  ['a token too many', 'banyan.to.counter.a.b'],
  ['an empty key', 'banyan.to.counter.'],
  ['an empty kind', 'banyan.to..a'],
  ['two spaces', 'banyan.to.counter.a b c'],
])('published under a subject with %s, a message takes effect on nobody', async (_what, subject) => {
  const actors = async () => {
    const { value } = await system.sys('actors', { limit: 1_000 });
    return (value as { actors: { address: string }[] }).actors.map(({ address }) => address);
  };
  await system.idle();
  const before = await actors();
  await say(publish(subject, { type: 'add', amount: 1 }));
  await system.idle();
  expect(await actors()).toEqual(before);
});

test('a stored message whose key breaks the rules is a dead letter for nobody, with its bytes', async () => {
  const before = (await system.deadLetters()).length;
  await say(publish('banyan.to.counter.na\u00efve', { type: 'add', amount: 1 }));
  await expect.poll(async () => (await system.deadLetters()).length, EVENTUALLY).toBe(before + 1);
  const letter = (await system.deadLetters()).at(-1);
  expect(letter).toMatchObject({ to: null, error: { code: 'address.invalid' } });
  expect(Buffer.from(letter?.body ?? [])).toEqual(Buffer.from(encode({ type: 'add', amount: 1 })));
});

test('random bytes are refused with a code, and are dead letters when they are published', async () => {
  const noise = Array.from({ length: 40 }, (_, seed) => {
    const block = createHash('sha512').update(`noise ${seed}`).digest();
    return Buffer.concat(Array<Buffer>(1 + (seed % 7)).fill(block)).subarray(seed % 5);
  });
  const to = 'counter/noise';
  for (const [at, body] of noise.entries()) {
    const reply = await system.submit(to, body, { json: at % 2 === 1 });
    expect(reply).toMatchObject({ ok: false, error: { code: expect.stringMatching(/^message\./) } });
    await system.tell(to, body, { json: at % 2 === 1 });
  }
  await system.idle();
  expect(await system.deadLetters(to)).toHaveLength(noise.length);
  expect(await system.total(to)).toEqual({ total: 0, times: 0 });
});

test('a body of 100 MiB is refused by the client, and by the broker if the client does not', async () => {
  const size = 100 * 1024 ** 2;
  await expect(system.tell('counter/huge', new Uint8Array(size))).rejects.toThrow();
  await expect(system.submit('counter/huge', new Uint8Array(size))).rejects.toThrow();
  expect(await say(`PUB banyan.to.counter.huge ${size}\r\n`)).toMatch(/Maximum Payload/i);
});

test('garbage among the frames is a dead letter each, and the partition goes on', async () => {
  const [to] = system.neighbours(0, 1, 'after-garbage');
  const before = (await system.deadLetters()).length;
  const good = encodeFrame([encodeRecord({ kind: 'tell', to, message: { type: 'add', amount: 1 } })]);
  const frames = [
    new Uint8Array(),
    createHash('sha512').update('frame').digest(),
    utf8('{"type":"add"}'),
    new Uint8Array(DEPTH).fill(0x91),
    encode([99, []]),
    encode([1, [[0, 'no address', { type: 'add', amount: 1 }]]]),
    encode([1, [[0, to, 'no message']]]),
    good.subarray(0, good.length - 2),
  ];
  for (const frame of frames) await system.js.publish(system.subjects.frame(0), frame);
  await system.js.publish(system.subjects.frame(0), good);
  await system.idle();
  expect((await system.deadLetters()).length - before).toBe(frames.length);
  expect(await system.total(to)).toEqual({ total: 1, times: 1 });
});

test('the node starts again on a log full of garbage', async () => {
  const { subjects } = system;
  await system.js.publish('banyan.frame.4711', utf8('nobody reads this'));
  await system.js.publish('banyan.frame.x', utf8('nor this'));
  await system.js.publish(subjects.verdict(0), utf8('no verdict'));
  const letters = await system.deadLetters();
  await system.stop();
  await system.start();
  await system.idle();
  expect(await system.deadLetters()).toEqual(letters);
  const [to] = system.neighbours(0, 1, 'healthy');
  expect(await system.total(to)).toEqual({ total: healthy, times: healthy });
});
