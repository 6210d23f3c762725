/**
 * Collects what is published on a NATS subject. The messages of one collection go into the content store together,
 * and each is an item that stands there. A stream's message is acknowledged when its item is read, which is after
 * the node has kept it: a message that was lost before comes again, and one that comes twice is a duplicate by its
 * content.
 */
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { BanyanError } from '../../../../protocol/errors.ts';
import type { Target } from '../../../orchestrator/contract.ts';
import type { NodeSettings } from '../../../settings.ts';
import { type Collector, type CollectorContext, Unreadable } from '../collector.ts';
import { type Collecting, listen, managerOf, type Message, pullMessages, streamOf } from './messages.ts';
import { checkSubject } from './subject-pattern.ts';

/** What a target may say beside its location. */
const options = z.object({
  /** URLs of another broker than the node's own. */
  servers: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  /** Which of a stream's messages a target begins with. */
  from: z.enum(['all', 'new']).default('all'),
});

export function subjectCollector(settings: NodeSettings['subject']): Collector {
  const bundles = new Bundles();
  return {
    type: 'subject',

    async list(target, context) {
      checkSubject(target.location, context.broker?.namespace);
      const { from, servers } = optionsOf(target);
      const collecting: Collecting = {
        subject: target.location,
        consumer: `${context.broker?.namespace ?? 'banyan'}-subject-${context.id.slice(0, 16)}`,
        from,
        settings,
        messagesMax: Math.min(settings.collectionMessages, context.itemsMax),
        signal: context.signal,
      };
      const messages = await throughBroker(servers, context, (connection) => collect(connection, collecting));
      if (messages.length === 0) return [];
      const bundle = await context.content.put(Buffer.from(JSON.stringify(messages)));
      return messages.map(({ bytes }, at) => ({
        name: `${bundle.sha256}:${String(at).padStart(6, '0')}`,
        bytes,
        modifiedMs: 0,
        once: true,
      }));
    },

    async read(target, name, context) {
      const [sha256 = '', at] = name.split(':');
      const message = (await bundles.load(sha256, context))[Number(at)];
      if (message === undefined) throw new Unreadable('gone');
      await acknowledge(message, optionsOf(target).servers, context);
      const { text, subject, bytes, kept } = message;
      if (text === null || text.includes('\0')) throw new Unreadable('not_text');
      if (text.trim() === '') throw new Unreadable('empty');
      if (bytes > context.itemMaxBytes) throw new Unreadable('too_large');
      return {
        content: text,
        contentType: isJson(text) ? 'json' : 'text',
        source: `nats:${subject}${kept === undefined ? '' : `#${kept.stream}/${kept.seq}`}`,
        domain: subject.split('.', 1)[0] ?? subject,
        bytes,
        modifiedMs: kept?.timeMs ?? 0,
        metadata: { subject },
      };
    },
  };
}

async function collect(connection: NatsConnection, collecting: Collecting): Promise<Message[]> {
  const manager = await managerOf(connection);
  const stream = manager && (await streamOf(manager, collecting.subject));
  return manager === undefined || stream === undefined
    ? listen(connection, collecting)
    : pullMessages(connection, manager, stream, collecting);
}

type Servers = z.infer<typeof options>['servers'];

function optionsOf({ metadata }: Target): z.infer<typeof options> {
  const parsed = options.safeParse(metadata);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = `metadata.${issue?.path.join('.')}`;
  throw new BanyanError('target.refused', { message: `${path}: ${issue?.message}`, path });
}

/** The node's own broker, or the one that the target names, for as long as `use` takes. */
async function throughBroker<T>(
  servers: Servers,
  { broker }: CollectorContext,
  use: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  if (servers === undefined) {
    if (broker !== undefined) return use(broker.connection);
    throw new BanyanError('target.refused', { message: 'There is no broker: name one in metadata.servers.' });
  }
  const connection = await connect({ servers: [servers].flat(), name: 'banyan collector', reconnect: false });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** Without an acknowledgement the message comes again, and is a duplicate: nothing is lost by one that fails. */
async function acknowledge({ kept }: Message, servers: Servers, context: CollectorContext): Promise<void> {
  if (kept === undefined) return;
  await throughBroker(servers, context, async (connection) => {
    connection.publish(kept.ack, '+ACK');
    if (servers !== undefined) await connection.flush();
  }).catch(() => undefined);
}

function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The bundle that was read last: its items are read one after the other. */
class Bundles {
  #sha256 = '';
  #messages: Promise<readonly Message[]> = Promise.resolve([]);

  async load(sha256: string, { content }: CollectorContext): Promise<readonly Message[]> {
    if (this.#sha256 !== sha256) {
      this.#sha256 = sha256;
      this.#messages = content
        .get(sha256)
        .then((bytes) => JSON.parse(Buffer.from(bytes).toString()) as readonly Message[]);
    }
    try {
      return await this.#messages;
    } catch (cause) {
      this.#sha256 = '';
      if (cause instanceof BanyanError && cause.code === 'content.not_found')
        throw new Unreadable('gone', { cause });
      throw new Unreadable('content', { transient: true, cause });
    }
  }
}
