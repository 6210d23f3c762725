import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BanyanClient, connectBanyan, formatAddress } from '../client.ts';
import { endWith, startUntil } from '../cli/cli-process.fixture.ts';
import { counterContract } from '../cli/counter-app.fixture.ts';
import { readRunFile } from '../run-file.ts';

const app = fileURLToPath(new URL('../cli/counter-app.fixture.ts', import.meta.url));
let directory = '';
let node: ChildProcess | undefined;
let client: BanyanClient;
let json: BanyanClient;
let servers = '';

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'banyan-client-'));
  const data = join(directory, 'data');
  node = await startUntil('the node runs', ['up', '--app', app, '--data', data], directory);
  servers = readRunFile(data)?.nats ?? '';
  client = await connectBanyan({ servers });
  json = await connectBanyan({ servers, encoding: 'json' });
});
afterAll(async () => {
  await Promise.all([client.close(), json.close()]);
  if (node !== undefined) await endWith(node, 'SIGTERM');
  rmSync(directory, { recursive: true });
});

describe('a client', () => {
  test('talks to an actor through its contract, in msgpack and in JSON', async () => {
    const to = counterContract.at('typed');
    const { seq, duplicate } = await client.tell(to, { type: 'add', amount: 2 });
    expect({ duplicate, stored: seq > 0 }).toEqual({ duplicate: false, stored: true });
    expect((await client.submit(to, { type: 'add' })).seq).toBeGreaterThan(seq);
    expect((await json.call(to, { type: 'add', amount: 4 })).value).toEqual({ total: 7 });
    expect((await client.ask<number>(to, 'total')).value).toBe(7);
    expect((await json.ask<number>(to, 'plus', { amount: 3 })).value).toBe(10);
    // @ts-expect-error -- the contract has no such message
    await expect(client.submit(to, { type: 'nope' })).rejects.toMatchObject({ code: 'message.unknown_type' });
  });

  test('reads its own writes', async () => {
    const to = counterContract.at('own');
    for (let total = 1; total <= 20; total++) {
      const { seq } = await client.tell(to, { type: 'add' });
      expect((await client.ask<number>(to, 'total', {}, { after: seq })).value).toBe(total);
    }
  });

  test('stores a message with the same id once, and repeats a call without a second turn', async () => {
    const to = counterContract.at('once');
    const first = await client.tell(to, { type: 'add' }, { id: 'x' });
    expect(await client.tell(to, { type: 'add' }, { id: 'x' })).toEqual({ seq: first.seq, duplicate: true });
    const call = () => client.call(to, { type: 'add' }, { id: 'y' });
    expect((await call()).value).toEqual({ total: 2 });
    expect((await call()).value).toEqual({ total: 2 });
  });

  test('hears the events it asked for, those from before too', async () => {
    const to = counterContract.at('loud');
    await client.call(to, { type: 'add', amount: 5 });
    await client.call(to, { type: 'add', amount: 6 });
    await client.call(counterContract.at('other'), { type: 'add' });
    const heard: unknown[] = [];
    for await (const { name, actor, payload } of await client.events({
      kind: 'counter',
      key: 'loud',
      from: 'all',
    })) {
      heard.push({ name, actor, payload });
      if (heard.length === 2) break;
    }
    expect(heard).toEqual([
      { name: 'amount-added', actor: 'counter/loud', payload: { amount: 5, total: 5 } },
      { name: 'amount-added', actor: 'counter/loud', payload: { amount: 6, total: 11 } },
    ]);
  });

  test('gets the code, path and hint of what went wrong', async () => {
    const to = formatAddress('counter', 'wrong');
    await expect(client.call(to, { type: 'add', amount: 'x' })).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'message.invalid',
      path: 'amount',
    });
    await expect(client.call(to, { type: 'fail' })).rejects.toMatchObject({ code: 'turn.failed' });
    await expect(client.tell(to, { type: 'add' }, { sender: 'me' })).rejects.toMatchObject({
      code: 'message.sequence',
    });
    const large = { type: 'add', text: 'x'.repeat(300_000) };
    await expect(client.tell(to, large)).rejects.toMatchObject({ code: 'message.too_large' });
    await expect(client.sys('nothing')).rejects.toMatchObject({ code: 'request.subject' });
  });

  test('needs the token for what only actors may send', async () => {
    const body = { address: 'counter/secret', message: { type: 'reset' } };
    await expect(client.sys('internal', body)).rejects.toMatchObject({ code: 'authorisation' });
  });

  test('says whether a broker or a node is missing', async () => {
    await expect(connectBanyan({ servers: 'nats://127.0.0.1:1' })).rejects.toMatchObject({
      code: 'broker.unreachable',
    });
    await expect(connectBanyan({ servers, namespace: 'a.b' })).rejects.toMatchObject({
      code: 'config.invalid',
    });
    const other = await connectBanyan({ servers, namespace: 'other' });
    const to = counterContract.at('x');
    await expect(other.ask(to, 'total')).rejects.toMatchObject({ code: 'node.unreachable' });
    await expect(other.tell(to, { type: 'add' })).rejects.toMatchObject({ code: 'node.unreachable' });
    await expect(other.events()).rejects.toMatchObject({ code: 'node.unreachable' });
    await other.close();
  });
});
