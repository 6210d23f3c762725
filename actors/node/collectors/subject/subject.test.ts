import { jetstream, jetstreamManager, RetentionPolicy } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createActorHarness } from '../../../../tests/harness/actor-harness.ts';
import { startTestBroker, type TestBroker } from '../../../../tests/harness/nats.ts';
import { defaultPipelineSettings } from '../../../settings.ts';
import type { ListedItem } from '../collector.ts';
import { subjectCollector } from './subject.ts';
import { checkSubject, covers } from './subject-pattern.ts';

let broker: TestBroker;
let connection: NatsConnection;
beforeAll(async () => {
  broker = await startTestBroker();
  connection = await broker.connect();
});
afterAll(() => broker.stop());

let targets = 0;
/** One target's collections through a broker of its own or the node's. */
function collecting(location: string, metadata: Record<string, unknown> = {}, id = `target${++targets}`) {
  const settings = { ...defaultPipelineSettings.node.subject, ackWaitMs: 1_000, listenMs: 500 };
  const collector = subjectCollector(settings);
  const target = { type: 'subject', location, priority: 5, metadata };
  const context = {
    id,
    itemMaxBytes: 1_000,
    itemsMax: 1_000,
    signal: new AbortController().signal,
    content: createActorHarness([]).content,
    broker: { namespace: 'banyan', connection },
  };
  const list = async () => (await collector.list(target, context)) as ListedItem[];
  const read = (name: string) => collector.read(target, name, context);
  const collect = async () => Promise.all((await list()).map(({ name }) => read(name)));
  return { list, read, collect, id };
}

async function withStream(name: string, retention: RetentionPolicy = RetentionPolicy.Limits) {
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name, subjects: [`${name}.>`], retention });
  const js = jetstream(connection);
  return { manager, publish: (subject: string, text: string) => js.publish(`${name}.${subject}`, text) };
}

describe('a subject that a stream keeps', () => {
  test('yields each message once, in later collections only what is new', async () => {
    const { publish } = await withStream('orders');
    await publish('new', '{"id": 1}');
    await publish('paid', 'order 1 was paid');
    const { collect } = collecting('orders.>');
    expect(await collect()).toMatchObject([
      { contentType: 'json', content: '{"id": 1}', source: 'nats:orders.new#orders/1', domain: 'orders' },
      { contentType: 'text', content: 'order 1 was paid', metadata: { subject: 'orders.paid' } },
    ]);
    await connection.flush();
    expect(await collect()).toEqual([]);
    await publish('new', '{"id": 2}');
    expect(await collect()).toMatchObject([{ content: '{"id": 2}' }]);
  });

  test('acknowledges a message when its item is read: one that was only listed comes again', async () => {
    const { publish, manager } = await withStream('work', RetentionPolicy.Workqueue);
    await publish('a', 'one');
    await publish('a', 'two');
    const lost = collecting('work.a');
    const [first] = await lost.list();
    await lost.read(first?.name ?? '');
    await connection.flush();
    expect((await manager.streams.info('work')).state.messages).toBe(1);
    const again = collecting('work.a', {}, lost.id);
    const found: string[] = [];
    while (found.length === 0) found.push(...(await again.collect()).map(({ content }) => content));
    expect(found).toEqual(['two']);
  });

  test('may begin with what comes from now on', async () => {
    const { publish } = await withStream('news');
    await publish('a', 'old');
    const { collect } = collecting('news.>', { from: 'new' });
    expect(await collect()).toEqual([]);
    await publish('a', 'fresh');
    expect(await collect()).toMatchObject([{ content: 'fresh' }]);
  });

  test('is read from another broker that the target names', async () => {
    const { publish } = await withStream('remote');
    await publish('a', 'from afar');
    const { collect } = collecting('remote.a', { servers: broker.url });
    expect(await collect()).toMatchObject([{ content: 'from afar' }]);
    expect(await collect()).toEqual([]);
  });
});

test('a subject that no stream keeps is listened to for a while', async () => {
  const { list, read } = collecting('live.>');
  let heard = false;
  const talking = (async () => {
    while (!heard) {
      connection.publish('live.a', 'spoken');
      connection.publish('live.a', Uint8Array.from([0xff, 0x00]));
      await connection.flush();
    }
  })();
  const items = await list();
  heard = true;
  await talking;
  expect(await read(items[0]?.name ?? '')).toMatchObject({ content: 'spoken', source: 'nats:live.a' });
  await expect(read(items[1]?.name ?? '')).rejects.toMatchObject({ reason: 'not_text' });
});

test.each([
  'banyan.event.>',
  'banyan.to.intake.main',
  '>',
  '*.orders',
  '$JS.API.>',
  '_INBOX.>',
  'a..b',
  'a b',
  '',
])('the subject %j is refused', async (subject) => {
  await expect(collecting(subject).list()).rejects.toMatchObject({ code: 'target.refused' });
});

test.each([
  ['orders.>', 'orders.new', true],
  ['orders.*', 'orders.new', true],
  ['orders.*', 'orders.*', true],
  ['>', 'orders.>', true],
  ['orders.*', 'orders.>', false],
  ['orders.new', 'orders.*', false],
  ['orders.>', 'orders', false],
  ['orders', 'orders.new', false],
])('%s covers %s: %s', (outer, inner, expected) => {
  expect(covers(outer, inner)).toBe(expected);
  expect(() => checkSubject(inner, 'banyan')).not.toThrow();
});
