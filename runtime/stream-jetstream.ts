/** Looking into streams: single messages through their leader, and walks. */
import {
  type ConsumerMessages,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  type OrderedConsumerOptions,
  type StoredMsg,
} from '@nats-io/jetstream';
import { BanyanError } from '../protocol/errors.ts';
import { available } from './jetstream-errors.ts';

const MESSAGE_NOT_FOUND = 10037;
/** What a consumer says of itself when its place on the server is gone or silent. */
const LOST: ReadonlySet<string> = new Set([
  'reset',
  'consumer_not_found',
  'consumer_deleted',
  'stream_not_found',
  'heartbeats_missed',
  // In a cluster also of a consumer so new that our server has not heard of it; the client would ask no more.
  'no_responders',
]);
/** Two that are missed say that the consumer's server is gone. */
const HEARTBEAT_MS = 5_000;
/**
 * What a reader may hold that it did not hand over yet: 26 MiB if all are the largest frames. A limit in bytes
 * is no faster, and the client asks for so few at a time that large frames wait for a request that fits them.
 */
const READ_AHEAD_MESSAGES = 100;

/** Where a walk begins: behind a sequence, at a time, or at the newest message of each subject. */
export type From = { readonly after: number } | { readonly sinceMs: number } | 'newest of each';

export interface OpenStream {
  readonly messages: AsyncIterable<JsMsg>;
  /** May be called at any time, and again. */
  readonly stop: () => void;
}

export class StreamReader {
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;

  constructor(js: JetStreamClient, jsm: JetStreamManager) {
    this.#js = js;
    this.#jsm = jsm;
  }

  /** As the stream's leader has it, never an older one. */
  stored(
    stream: string,
    query: { readonly seq: number } | { readonly last_by_subj: string },
  ): Promise<StoredMsg | undefined> {
    return available(async () => {
      try {
        return (await this.#jsm.streams.getMessage(stream, query)) ?? undefined;
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === MESSAGE_NOT_FOUND) return undefined;
        throw error;
      }
    });
  }

  /** The sequence of a subject's last message; 0 when there is none. */
  async lastSeq(stream: string, subject: string): Promise<number> {
    return (await this.stored(stream, { last_by_subj: subject }))?.seq ?? 0;
  }

  /** Messages from a place on, also those to come. They end when their place on the server is lost. */
  async open(
    stream: string,
    filter: readonly string[],
    from: From,
    headersOnly = false,
  ): Promise<OpenStream> {
    const consumer = await this.#js.consumers.get(stream, {
      filter_subjects: [...filter],
      ...beginning(from),
      ...(headersOnly ? { headers_only: true } : {}),
    });
    const messages = await consumer.consume({
      max_messages: READ_AHEAD_MESSAGES,
      idle_heartbeat: HEARTBEAT_MS,
    });
    void endWhenLost(messages);
    let stopped = false;
    return {
      messages,
      stop: () => {
        // Not `close`: it waits for the walk, which may be waiting for whoever stops it.
        messages.stop();
        if (stopped) return;
        stopped = true;
        // Else the server keeps it for five minutes.
        void consumer.delete().catch(() => undefined);
      },
    };
  }

  /** Everything that a stream holds under a subject now, at least. */
  async *all(stream: string, filter: string, from: From, headersOnly = false): AsyncGenerator<JsMsg> {
    const last = await this.stored(stream, { last_by_subj: filter });
    if (last === undefined || isBefore(last, from)) return;
    for await (const message of this.walk(stream, filter, from, headersOnly)) {
      yield message;
      const { pending } = message.info;
      // A replica may be behind its leader, and then has nothing more for now. Of the newest of each subject the
      // last one when we looked may have been replaced by one that comes earlier than another's.
      if (message.seq >= last.seq) {
        if (from !== 'newest of each' || pending === 0) return;
      } else if (pending === 0 && (await this.stored(stream, { seq: last.seq })) === undefined) return;
    }
  }

  /** Messages until whoever walks has seen enough; throws `log.unavailable` when the walk breaks off. */
  async *walk(stream: string, filter: string, from: From, headersOnly = false): AsyncGenerator<JsMsg> {
    const { messages, stop } = await available(() => this.open(stream, [filter], from, headersOnly));
    const next = messages[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await available(() => next.next());
        if (done === true) break;
        yield value;
      }
    } finally {
      stop();
    }
    throw new BanyanError('log.unavailable', { message: `The consumer of ${filter} ended by itself.` });
  }
}

function beginning(from: From): Partial<OrderedConsumerOptions> {
  if (from === 'newest of each') return { deliver_policy: DeliverPolicy.LastPerSubject };
  if ('after' in from) return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.after + 1 };
  return {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: new Date(from.sinceMs).toISOString(),
  };
}

function isBefore(message: StoredMsg, from: From): boolean {
  if (from === 'newest of each') return false;
  return 'after' in from ? message.seq <= from.after : message.time.getTime() < from.sinceMs;
}

/**
 * Ends a consumer that the client had to make anew. It goes on by itself, but counts what the old one still
 * owed it as on the way, asks for too little, and then waits most of a minute for a heartbeat that is missed.
 */
async function endWhenLost(messages: ConsumerMessages): Promise<void> {
  for await (const { type } of messages.status()) {
    if (!LOST.has(type)) continue;
    messages.stop();
    return;
  }
}
