/** Events that actors emit, read from their stream: those to come, or also those that it still holds. */
import {
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamClient,
  JetStreamApiError,
  type JsMsg,
} from '@nats-io/jetstream';
import { type Address, isKey, isKind } from '../../protocol/address.ts';
import { decodeBody } from '../../protocol/codec.ts';
import { BanyanError } from '../../protocol/errors.ts';
import { HEADER } from '../../protocol/headers.ts';
import type { Subjects } from '../../protocol/subjects.ts';

/** Which events; what is absent matches all. */
export interface EventFilter {
  readonly kind?: string;
  readonly key?: string;
  readonly name?: string;
  /** `new` (what comes from now on), `all` (what the stream holds), or the entry to begin with. */
  readonly from?: 'new' | 'all' | number;
}

/** Delivered at least once: `id` is stable, so a consumer that must not see one twice can tell. */
export interface BanyanEvent<Payload = Readonly<Record<string, unknown>>> {
  readonly id: string;
  /** Its entry in the event stream; pass `seq + 1` as `from` to continue after it. */
  readonly seq: number;
  readonly name: string;
  /** The actor that emitted it. */
  readonly actor: Address;
  /** Message time of the turn, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly payload: Payload;
}

/** Iterate to receive; leaving the loop, or `stop`, ends it. */
export interface EventStream<Payload> extends AsyncIterable<BanyanEvent<Payload>> {
  stop(): Promise<void>;
}

const STREAM_NOT_FOUND = 10059;

/** Opens a stream of events. Throws `node.unreachable` when the namespace has none. */
export async function openEvents<Payload>(
  js: JetStreamClient,
  subjects: Subjects,
  filter: EventFilter,
): Promise<EventStream<Payload>> {
  const { kind = '*', key = '*', name = '*', from = 'new' } = filter;
  if (
    (kind !== '*' && !isKind(kind)) ||
    (key !== '*' && !isKey(key)) ||
    !/^(?:\*|[A-Za-z0-9_-]+)$/.test(name)
  ) {
    throw new BanyanError('event.invalid', {
      message: 'The filter is not a kind, a key and the name of an event.',
    });
  }
  const messages = await open(js, subjects.streams.event, {
    filter_subjects: [subjects.all.event.replace('>', `${kind}.${key}.${name}`)],
    ...(typeof from === 'number'
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from }
      : { deliver_policy: from === 'all' ? DeliverPolicy.All : DeliverPolicy.New }),
  });
  const stop = async (): Promise<void> => {
    await messages.close();
  };
  return {
    stop,
    async *[Symbol.asyncIterator]() {
      try {
        for await (const message of messages) {
          const event = readEvent<Payload>(message);
          if (event !== undefined) yield event;
        }
      } finally {
        await stop();
      }
    },
  };
}

async function open(
  js: JetStreamClient,
  stream: string,
  options: NonNullable<Exclude<Parameters<JetStreamClient['consumers']['get']>[1], string>>,
): Promise<ConsumerMessages> {
  try {
    return await (await js.consumers.get(stream, options)).consume();
  } catch (cause) {
    if (cause instanceof JetStreamApiError && cause.code === STREAM_NOT_FOUND) {
      throw new BanyanError('node.unreachable', {
        message: `The broker has no stream ${stream}.`,
        hint: 'Start a node, or name the right namespace.',
        cause,
      });
    }
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new BanyanError('broker.unreachable', { message: `The events cannot be read: ${message}`, cause });
  }
}

/** Undefined for what is no event of ours: anybody with the permission can publish there. */
function readEvent<Payload>(message: JsMsg): BanyanEvent<Payload> | undefined {
  const [kind, key] = message.subject.split('.').slice(-3);
  try {
    const body = decodeBody(message.data, message.headers?.get(HEADER.contentType) || undefined);
    const { type: name, actor, at, ...payload } = body;
    return {
      id: message.headers?.get(HEADER.msgId) || `${message.info.stream}:${message.seq}`,
      seq: message.seq,
      name,
      actor: (typeof actor === 'string' ? actor : `${kind}/${key}`) as Address,
      atMs: typeof at === 'number' ? at : Math.floor(message.info.timestampNanos / 1e6),
      payload: payload as Payload,
    };
  } catch {
    return undefined;
  }
}
