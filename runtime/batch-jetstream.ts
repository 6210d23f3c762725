/** Atomic batches: the server stores all messages or none, one behind the other. */
import { JetStreamApiError } from '@nats-io/jetstream';
import { headers, type Msg, type NatsConnection, nuid } from '@nats-io/transport-node';
import { BanyanError } from '../protocol/errors.ts';

/** A server takes 50 open batches of a stream, from all connections together. */
const BATCHES_AT_ONCE = 16;
const ANSWER_TIMEOUT_MS = 5_000;
/** What a slow disk still takes in; a batch may wait longer for its answer by what it holds. */
const BYTES_PER_MS = 4 * 1024;

export interface BatchMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

interface BatchAnswer {
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string };
  readonly seq?: number;
  readonly batch?: string;
  readonly count?: number;
}

export class AtomicBatches {
  readonly #connection: NatsConnection;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /**
   * Stores messages of one stream, at most 1,000, and returns their sequences. Throws what the client throws, a
   * `JetStreamApiError` when the server refused; after anything else the batch may have been stored.
   */
  async store(messages: readonly BatchMessage[]): Promise<readonly number[]> {
    if (this.#underWay < BATCHES_AT_ONCE) this.#underWay++;
    // Whoever ends hands its place over.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#send(messages);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay--;
      else next();
    }
  }

  /**
   * Only the last message is answered. Whatever is wrong with one before it, or happened to it on the way, makes
   * the server refuse the last one too: it counts them.
   */
  async #send(messages: readonly BatchMessage[]): Promise<readonly number[]> {
    const id = nuid.next();
    const last = messages.at(-1);
    if (last === undefined) return [];
    for (const [index, message] of messages.slice(0, -1).entries())
      this.#connection.publish(message.subject, message.data, { headers: carried(message, id, index + 1) });
    const committed = carried(last, id, messages.length);
    committed.set('Nats-Batch-Commit', '1');
    const bytes = messages.reduce((sum, { data }) => sum + data.byteLength, 0);
    const timeout = ANSWER_TIMEOUT_MS + bytes / BYTES_PER_MS;
    const answer = read(
      await this.#connection.request(last.subject, last.data, { headers: committed, timeout }),
    );
    if (answer.error !== undefined) throw new JetStreamApiError(answer.error);
    const { seq = 0, batch, count } = answer;
    if (seq === 0 || batch !== id || count !== messages.length)
      throw new BanyanError('log.unavailable', {
        message: 'The broker acknowledged without storing the batch.',
      });
    return messages.map((_, index) => seq - count + 1 + index);
  }
}

function carried(message: BatchMessage, batch: string, sequence: number) {
  const carrier = headers();
  for (const [name, value] of Object.entries(message.headers ?? {})) carrier.set(name, value);
  carrier.set('Nats-Batch-Id', batch);
  carrier.set('Nats-Batch-Sequence', String(sequence));
  return carrier;
}

function read(answer: Msg): BatchAnswer {
  // A commit is never answered with nothing, unless by somebody who is no stream.
  return answer.data.byteLength === 0 ? {} : answer.json<BatchAnswer>();
}
