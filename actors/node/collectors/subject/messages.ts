/** The messages of one collection: from the stream that keeps them, else whatever comes while it listens. */
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstream,
  type JetStreamManager,
  jetstreamManager,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { NodeSettings } from '../../../settings.ts';
import { covers } from './subject-pattern.ts';

/** One message; the bundle of a collection is a list of them. */
export interface Message {
  readonly subject: string;
  /** Null when it is not UTF-8. */
  readonly text: string | null;
  readonly bytes: number;
  /** Of a stream. */
  readonly kept?: {
    readonly stream: string;
    readonly seq: number;
    readonly timeMs: number;
    /** Where its acknowledgement goes. */
    readonly ack: string;
  };
}

export interface Collecting {
  readonly subject: string;
  /** Of the consumer that remembers for the target what it has acknowledged. */
  readonly consumer: string;
  readonly from: 'all' | 'new';
  readonly settings: NodeSettings['subject'];
  readonly messagesMax: number;
  readonly signal: AbortSignal;
}

/** A consumer that nobody has asked for so long is gone, so that it does not hold a stream's messages for ever. */
const inactiveMs = 30 * 24 * 3_600_000;
const nanosPerMs = 1_000_000;
/** The least that a pull may wait for. */
const pullMs = 1_000;

/** The stream that keeps every message of a subject; undefined when there is none. */
export async function streamOf(manager: JetStreamManager, subject: string): Promise<string | undefined> {
  for await (const stream of manager.streams.names(subject)) {
    const { config } = await manager.streams.info(stream);
    if (config.subjects.some((outer) => covers(outer, subject))) return stream;
  }
  return undefined;
}

/** Undefined where there is no JetStream. */
export async function managerOf(connection: NatsConnection): Promise<JetStreamManager | undefined> {
  try {
    return await jetstreamManager(connection);
  } catch (error) {
    if (connection.isClosed()) throw error;
    return undefined;
  }
}

/** Messages of a stream that are not acknowledged yet; they come again until they are. */
export async function pullMessages(
  connection: NatsConnection,
  manager: JetStreamManager,
  stream: string,
  { subject, consumer, from, settings, messagesMax, signal }: Collecting,
): Promise<Message[]> {
  const known = await manager.consumers.info(stream, consumer).catch((error: unknown) => {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound)
      return undefined;
    throw error;
  });
  const info =
    known ??
    (await manager.consumers.add(stream, {
      durable_name: consumer,
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
      ack_wait: settings.ackWaitMs * nanosPerMs,
      deliver_policy: from === 'all' ? DeliverPolicy.All : DeliverPolicy.New,
      // Those of a collection that was lost wait for their time; they must not keep the others back.
      max_ack_pending: messagesMax * 4,
      inactive_threshold: inactiveMs * nanosPerMs,
    }));
  const max = Math.min(messagesMax, info.num_pending + info.num_ack_pending);
  if (max === 0) return [];
  const found: Message[] = [];
  let bytes = 0;
  const pulled = await (
    await jetstream(connection).consumers.get(stream, consumer)
  ).fetch({
    max_messages: max,
    expires: pullMs,
  });
  for await (const message of pulled) {
    signal.throwIfAborted();
    bytes += message.data.byteLength;
    const kept = {
      stream,
      seq: message.seq,
      timeMs: message.time.getTime(),
      // The interface keeps it to itself; another process may have to send it.
      ack: (message as typeof message & { readonly reply: string }).reply,
    };
    found.push({ ...bodyOf(message.subject, message.data), kept });
    if (bytes >= settings.collectionBytes) break;
  }
  return found;
}

/** Whatever is published while it listens; what came before or comes after is not seen. */
export async function listen(
  connection: NatsConnection,
  { subject, settings, messagesMax, signal }: Collecting,
): Promise<Message[]> {
  const found: Message[] = [];
  let bytes = 0;
  const subscription = connection.subscribe(subject, { max: messagesMax });
  const until = AbortSignal.any([signal, AbortSignal.timeout(settings.listenMs)]);
  until.addEventListener('abort', () => subscription.unsubscribe(), { once: true });
  for await (const message of subscription) {
    found.push(bodyOf(message.subject, message.data));
    bytes += message.data.byteLength;
    if (bytes >= settings.collectionBytes) break;
  }
  subscription.unsubscribe();
  signal.throwIfAborted();
  return found;
}

function bodyOf(subject: string, data: Uint8Array): Message {
  let text: string | null = null;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    // Not text: the item says so.
  }
  return { subject, text, bytes: data.byteLength };
}
