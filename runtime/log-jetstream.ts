/** The log on NATS JetStream. */
import {
  type ConsumerMessages,
  DeliverPolicy,
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { headers, type Msg, type MsgHdrs, type NatsConnection, nuid } from '@nats-io/transport-node';
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError, isErrorCode } from '../protocol/errors.ts';
import type { EffectNumber } from '../protocol/frame.ts';
import { HEADER } from '../protocol/headers.ts';
import type { Subjects } from '../protocol/subjects.ts';
import {
  entryHash,
  type Log,
  type LogEntry,
  type LogReader,
  type LogState,
  parseFrom,
  type Publication,
  type SentMarks,
  type Verdict,
} from './log.ts';
import { raise } from './sent-marks.ts';

const MESSAGE_NOT_FOUND = 10037;
/** Maximum messages, bytes or messages per subject reached; insufficient storage resources. */
const FULL = new Set([10077, 10047, 10023]);
/** What a consumer says of itself when its place on the server is gone or silent. */
const LOST: ReadonlySet<string> = new Set([
  'reset',
  'consumer_not_found',
  'consumer_deleted',
  'stream_not_found',
  'heartbeats_missed',
]);
const PUBLISH_TIMEOUT_MS = 5_000;
/** An atomic batch costs a few milliseconds whatever its size: fewer publications leave faster one by one. */
const SMALLEST_BATCH = 8;
/**
 * What a reader may hold that it did not hand over yet: 26 MiB if all are the largest frames. A limit in bytes
 * is no faster, and the client asks for so few at a time that large frames wait for a request that fits them.
 */
const READ_AHEAD_MESSAGES = 100;

export class JetStreamLog implements Log {
  readonly #subjects: Subjects;
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;
  readonly #connection: NatsConnection;

  private constructor(
    connection: NatsConnection,
    subjects: Subjects,
    js: JetStreamClient,
    jsm: JetStreamManager,
  ) {
    this.#connection = connection;
    this.#subjects = subjects;
    this.#js = js;
    this.#jsm = jsm;
  }

  /** The streams must exist; see `streams.ts`. */
  static async open(connection: NatsConnection, subjects: Subjects): Promise<JetStreamLog> {
    const jsm = await available(() => jetstreamManager(connection));
    return new JetStreamLog(connection, subjects, jetstream(connection), jsm);
  }

  async state(): Promise<LogState> {
    const { created, state } = await available(() => this.#jsm.streams.info(this.#subjects.streams.mailbox));
    return { identity: created, firstSeq: Math.max(1, state.first_seq), lastSeq: state.last_seq };
  }

  async hashAt(seq: number): Promise<string | undefined> {
    const message = await this.#stored({ seq });
    if (message === undefined) return undefined;
    return entryHash({
      seq: message.seq,
      timeMs: message.time.getTime(),
      subject: message.subject,
      data: message.data,
    });
  }

  async end(partition: number): Promise<number> {
    const last = await Promise.all(
      this.#filter(partition).map((subject) => this.#stored({ last_by_subj: subject })),
    );
    return Math.max(...last.map((message) => message?.seq ?? 0));
  }

  read(partition: number, after: number): LogReader {
    const opened = available(() =>
      this.#open(this.#subjects.streams.mailbox, this.#filter(partition), after + 1, false),
    );
    // Whoever reads the entries hears of a failure; nobody may be reading yet.
    opened.catch(() => undefined);
    let stopped = false;
    const subjects = this.#subjects;
    async function* walk(): AsyncGenerator<LogEntry> {
      const messages = await opened;
      try {
        for await (const message of messages) {
          if (stopped) return;
          const place = subjects.parseStored(message.subject);
          if (place !== undefined) yield new JetStreamEntry(message, place);
        }
      } catch (cause) {
        if (!stopped) throw asPortError(cause);
      } finally {
        messages.stop();
      }
      if (!stopped) throw new BanyanError('log.unavailable', { message: 'The consumer ended by itself.' });
    }
    return {
      entries: walk(),
      stop: async () => {
        stopped = true;
        // Not `close`: it waits for the walk, which may be waiting for whoever stops it.
        await opened.then(
          (messages) => messages.stop(),
          () => undefined,
        );
      },
    };
  }

  async appendFrame(partition: number, frame: Uint8Array, from: string | undefined): Promise<number> {
    const carried = headers();
    carried.set(HEADER.frame, '1');
    if (from !== undefined) carried.set(HEADER.from, from);
    const { seq } = await available(() =>
      this.#js.publish(this.#subjects.frame(partition), frame, {
        headers: carried,
        timeout: PUBLISH_TIMEOUT_MS,
      }),
    );
    // An acknowledgement without a sequence says that nothing was stored.
    if (seq === 0)
      throw new BanyanError('log.unavailable', { message: 'The broker acknowledged without storing.' });
    return seq;
  }

  /**
   * Many publications leave as one atomic batch: the server syncs once, and nothing is stored out of order.
   * A batch that was stored although its answer was lost is refused when it is repeated; then each goes alone.
   */
  async publish(publications: readonly Publication[]): Promise<void> {
    if (publications.length < SMALLEST_BATCH || !(await this.#publishBatch(publications))) {
      // One after the other: what is missing after a failure must be a tail, as `sentMarks` assumes.
      await available(async () => {
        for (const one of publications) await this.#publishOne(one);
      });
    }
  }

  async #publishOne({ subject, data, id }: Publication): Promise<void> {
    const carried = headers();
    carried.set(HEADER.from, id);
    await this.#js.publish(subject, data, {
      headers: carried,
      msgID: this.#messageId(id),
      timeout: PUBLISH_TIMEOUT_MS,
    });
  }

  /** False when the server refuses the batch, because it has one of the messages or takes no batches. */
  async #publishBatch(publications: readonly Publication[]): Promise<boolean> {
    const batchId = nuid.next();
    let answer: Msg | undefined;
    await available(async () => {
      for (const [index, { subject, data, id }] of publications.entries()) {
        const carried = headers();
        carried.set(HEADER.from, id);
        carried.set(HEADER.msgId, this.#messageId(id));
        carried.set('Nats-Batch-Id', batchId);
        carried.set('Nats-Batch-Sequence', String(index + 1));
        if (index < publications.length - 1) {
          this.#connection.publish(subject, data, { headers: carried });
        } else {
          carried.set('Nats-Batch-Commit', '1');
          answer = await this.#connection.request(subject, data, {
            headers: carried,
            timeout: PUBLISH_TIMEOUT_MS,
          });
        }
      }
    });
    return answer !== undefined && answer.json<{ error?: unknown }>().error === undefined;
  }

  #messageId(id: string): string {
    return `${this.#subjects.namespace}:${id}`;
  }

  async verdicts(): Promise<readonly Verdict[]> {
    const found: Verdict[] = [];
    await this.#each(this.#subjects.streams.mailbox, this.#subjects.all.verdict, false, (message) => {
      const verdict = decodeMap(message.data);
      if (isVerdict(verdict)) found.push(verdict);
    });
    return found;
  }

  async stamps(): Promise<ReadonlyMap<number, readonly string[]>> {
    const found = new Map<number, string[]>();
    await this.#each(this.#subjects.streams.mailbox, this.#subjects.all.stamp, false, (message) => {
      const { partition, turnVersion } = decodeMap(message.data);
      if (typeof partition !== 'number' || typeof turnVersion !== 'string') return;
      found.set(partition, [...(found.get(partition) ?? []), turnVersion]);
    });
    return found;
  }

  async appendStamp(partition: number, turnVersion: string): Promise<void> {
    await available(() =>
      this.#js.publish(this.#subjects.stamp(partition), encode({ partition, turnVersion }), {
        timeout: PUBLISH_TIMEOUT_MS,
      }),
    );
  }

  async appendVerdict(verdict: Verdict): Promise<void> {
    await available(() =>
      this.#js.publish(this.#subjects.verdict(verdict.partition), encode(verdict), {
        timeout: PUBLISH_TIMEOUT_MS,
      }),
    );
  }

  async sentMarks(): Promise<SentMarks> {
    const frames = new Map<string, EffectNumber>();
    const events = new Map<string, EffectNumber>();
    const deadLetters = new Map<string, EffectNumber>();
    const { streams, all, parseStored } = this.#subjects;
    const collect = (marks: Map<string, EffectNumber>) => (message: JsMsg) => {
      for (const [from, number] of parseFrom(message.headers?.get(HEADER.from) ?? ''))
        raise(marks, String(from), number);
    };
    await Promise.all([
      this.#each(streams.mailbox, all.frame, true, (message) => {
        const to = parseStored(message.subject)?.partition;
        for (const [from, number] of parseFrom(message.headers?.get(HEADER.from) ?? ''))
          raise(frames, `${from}>${to}`, number);
      }),
      this.#each(streams.event, all.event, true, collect(events)),
      this.#each(streams.dead, all.dead, true, collect(deadLetters)),
    ]);
    return {
      frames: (from, to) => frames.get(`${from}>${to}`),
      events: (from) => events.get(String(from)),
      deadLetters: (from) => deadLetters.get(String(from)),
    };
  }

  /** The subjects of a partition's entries. */
  #filter(partition: number): string[] {
    return [this.#subjects.stored(partition), this.#subjects.frame(partition)];
  }

  async #open(
    stream: string,
    filter: string[],
    from: number,
    headersOnly: boolean,
  ): Promise<ConsumerMessages> {
    const consumer = await this.#js.consumers.get(stream, {
      filter_subjects: filter,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from,
      ...(headersOnly ? { headers_only: true } : {}),
    });
    const messages = await consumer.consume({ max_messages: READ_AHEAD_MESSAGES });
    void endWhenLost(messages);
    return messages;
  }

  /** Visits everything that a stream holds under a subject now. */
  async #each(
    stream: string,
    filter: string,
    headersOnly: boolean,
    visit: (message: JsMsg) => void,
  ): Promise<void> {
    const last = await this.#stored({ last_by_subj: filter }, stream);
    if (last === undefined) return;
    await available(async () => {
      const messages = await this.#open(stream, [filter], 1, headersOnly);
      try {
        for await (const message of messages) {
          visit(message);
          // The last one may have been deleted since we looked.
          if (message.seq >= last.seq || message.info.pending === 0) return;
        }
      } finally {
        messages.stop();
      }
      throw new BanyanError('log.unavailable', { message: `The consumer ended before entry ${last.seq}.` });
    });
  }

  async #stored(query: { seq: number } | { last_by_subj: string }, stream = this.#subjects.streams.mailbox) {
    return available(async () => {
      try {
        return (await this.#jsm.streams.getMessage(stream, query)) ?? undefined;
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === MESSAGE_NOT_FOUND) return undefined;
        throw error;
      }
    });
  }
}

class JetStreamEntry implements LogEntry {
  readonly seq: number;
  readonly timeMs: number;
  readonly subject: string;
  readonly place: LogEntry['place'];
  readonly data: Uint8Array;
  readonly #headers: MsgHdrs | undefined;

  constructor(message: JsMsg, place: LogEntry['place']) {
    this.seq = message.seq;
    // Nanoseconds do not fit a number: rounding them would give another hash than the stored entry has.
    this.timeMs = Number(message.timestampNanos / 1_000_000n);
    this.subject = message.subject;
    this.place = place;
    this.data = message.data;
    this.#headers = message.headers;
  }

  header(name: string): string | undefined {
    return this.#headers?.has(name) === true ? this.#headers.get(name) : undefined;
  }
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

/** A start must not depend on what somebody else got stored where only nodes should publish: that is an empty map. */
function decodeMap(data: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value = decode(data);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isVerdict(value: unknown): value is Verdict {
  const { partition, entry, index, code, detail } = value as Partial<Record<keyof Verdict, unknown>>;
  const placed = [partition, entry, index].every((number) => typeof number === 'number');
  return placed && isErrorCode(code) && typeof detail === 'string';
}

/** What the NATS client throws becomes a code of the port: `log.full`, or else `log.unavailable`. */
export async function available<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (cause) {
    throw asPortError(cause);
  }
}

/** What the client throws, as one of the codes of the port. */
function asPortError(cause: unknown): BanyanError {
  if (cause instanceof BanyanError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new BanyanError(isFull(cause) ? 'log.full' : 'log.unavailable', { message, cause });
}

/** Whether the broker refused a message because its stream or its disk has no room. */
export function isFull(cause: unknown): boolean {
  return cause instanceof JetStreamApiError && FULL.has(cause.code);
}
