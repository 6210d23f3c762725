/** The log on NATS JetStream. */
import {
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError, isErrorCode } from '../protocol/errors.ts';
import type { EffectNumber } from '../protocol/frame.ts';
import { HEADER } from '../protocol/headers.ts';
import type { Subjects } from '../protocol/subjects.ts';
import { AtomicBatches } from './batch-jetstream.ts';
import type { Head, StateRecord, StoredHead } from './checkpoint-log.ts';
import { JetStreamCheckpoints } from './checkpoints-jetstream.ts';
import type { Guard, Lanes, NewClaim, StoredClaim } from './claim-log.ts';
import { JetStreamClaims } from './claims-jetstream.ts';
import { asPortError, available } from './jetstream-errors.ts';
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
import { StreamReader } from './stream-jetstream.ts';

export { available, isFull } from './jetstream-errors.ts';

const PUBLISH_TIMEOUT_MS = 5_000;
/** An atomic batch costs a few milliseconds whatever its size: fewer publications leave faster one by one. */
const SMALLEST_BATCH = 8;

export class JetStreamLog implements Log {
  readonly #subjects: Subjects;
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;
  readonly #reader: StreamReader;
  readonly #batches: AtomicBatches;
  readonly #claims: JetStreamClaims;
  readonly #checkpoints: JetStreamCheckpoints;
  readonly #mailbox: string;

  private constructor(connection: NatsConnection, subjects: Subjects, jsm: JetStreamManager) {
    this.#subjects = subjects;
    this.#js = jetstream(connection);
    this.#jsm = jsm;
    this.#reader = new StreamReader(this.#js, jsm);
    this.#batches = new AtomicBatches(connection);
    this.#claims = new JetStreamClaims(subjects, jsm, this.#reader, this.#batches);
    this.#checkpoints = new JetStreamCheckpoints(subjects, this.#reader, this.#batches);
    this.#mailbox = subjects.streams.mailbox;
  }

  /** The streams must exist; see `streams.ts`. */
  static async open(connection: NatsConnection, subjects: Subjects): Promise<JetStreamLog> {
    return new JetStreamLog(connection, subjects, await available(() => jetstreamManager(connection)));
  }

  async state(): Promise<LogState> {
    const { created, state } = await available(() => this.#jsm.streams.info(this.#mailbox));
    return { identity: created, firstSeq: Math.max(1, state.first_seq), lastSeq: state.last_seq };
  }

  async hashAt(seq: number): Promise<string | undefined> {
    const message = await this.#reader.stored(this.#mailbox, { seq });
    if (message === undefined) return undefined;
    return entryHash({
      seq: message.seq,
      timeMs: message.time.getTime(),
      subject: message.subject,
      data: message.data,
    });
  }

  async end(partition: number): Promise<number> {
    const last = this.#mail(partition).map((subject) => this.#reader.lastSeq(this.#mailbox, subject));
    return Math.max(...(await Promise.all(last)));
  }

  read(partition: number, after: number): LogReader {
    const opened = available(() =>
      this.#reader.open(this.#mailbox, [...this.#mail(partition), this.#subjects.claim(partition)], {
        after,
      }),
    );
    // Whoever reads the entries hears of a failure; nobody may be reading yet.
    opened.catch(() => undefined);
    let stopped = false;
    const subjects = this.#subjects;
    async function* walk(): AsyncGenerator<LogEntry> {
      const { messages, stop } = await opened;
      try {
        for await (const message of messages) {
          if (stopped) return;
          const place = subjects.parseStored(message.subject);
          if (place !== undefined) yield new JetStreamEntry(message, place);
        }
      } catch (cause) {
        if (!stopped) throw asPortError(cause);
      } finally {
        stop();
      }
      if (!stopped) throw new BanyanError('log.unavailable', { message: 'The consumer ended by itself.' });
    }
    return {
      entries: walk(),
      stop: async () => {
        stopped = true;
        await opened.then(
          ({ stop }) => stop(),
          () => undefined,
        );
      },
    };
  }

  async appendFrame(
    partition: number,
    frame: Uint8Array,
    from: string | undefined,
    guard?: Guard,
  ): Promise<number> {
    return this.#append(this.#subjects.frame(partition), frame, guard, {
      [HEADER.frame]: '1',
      ...(from === undefined ? {} : { [HEADER.from]: from }),
    });
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
    const messages = publications.map(({ subject, data, id }) => ({
      subject,
      data,
      headers: { [HEADER.from]: id, [HEADER.msgId]: this.#messageId(id) },
    }));
    return available(async () => {
      try {
        await this.#batches.store(messages);
        return true;
      } catch (error) {
        if (error instanceof JetStreamApiError) return false;
        throw error;
      }
    });
  }

  #messageId(id: string): string {
    return `${this.#subjects.namespace}:${id}`;
  }

  async verdicts(): Promise<readonly Verdict[]> {
    const found: Verdict[] = [];
    for await (const { data } of this.#reader.all(this.#mailbox, this.#subjects.all.verdict, { after: 0 })) {
      const verdict = decodeMap(data);
      if (isVerdict(verdict)) found.push(verdict);
    }
    return found;
  }

  async appendVerdict(verdict: Verdict, guard?: Guard): Promise<void> {
    await this.#append(this.#subjects.verdict(verdict.partition), encode(verdict), guard, {});
  }

  async sentMarks(sinceMs: number): Promise<SentMarks> {
    const { streams, all } = this.#subjects;
    const [events, deadLetters] = await Promise.all([
      this.#marks(streams.event, all.event, sinceMs),
      this.#marks(streams.dead, all.dead, sinceMs),
    ]);
    return {
      events: (from) => events.get(String(from)),
      deadLetters: (from) => deadLetters.get(String(from)),
    };
  }

  async #marks(stream: string, filter: string, sinceMs: number): Promise<Map<string, EffectNumber>> {
    const marks = new Map<string, EffectNumber>();
    for await (const message of this.#reader.all(stream, filter, { sinceMs }, true))
      for (const [from, number] of parseFrom(message.headers?.get(HEADER.from) ?? ''))
        raise(marks, String(from), number);
    return marks;
  }

  async trim(partition: number, before: number): Promise<void> {
    // A purge up to 0 would be one of everything.
    if (before <= 1) return;
    for (const filter of this.#mail(partition))
      await available(() => this.#jsm.streams.purge(this.#mailbox, { filter, seq: before }));
    const filter = this.#subjects.claim(partition);
    await available(() => this.#jsm.streams.purge(this.#mailbox, { filter, keep: 1 }));
  }

  claims(): Promise<ReadonlyMap<number, StoredClaim>> {
    return this.#claims.claims();
  }

  claim(claims: readonly NewClaim[], fenced: readonly string[]): Promise<readonly number[]> {
    return this.#claims.claim(claims, fenced);
  }

  openLanes(owner: string): Promise<Lanes> {
    return this.#claims.openLanes(owner);
  }

  lanes(owner: string): Promise<Lanes | undefined> {
    return this.#claims.lanes(owner);
  }

  removeLanes(owner: string): Promise<void> {
    return this.#claims.removeLanes(owner);
  }

  laneOwners(): Promise<readonly string[]> {
    return this.#claims.laneOwners();
  }

  head(partition: number): Promise<StoredHead | undefined> {
    return this.#checkpoints.head(partition);
  }

  writeState(head: Head, after: number, records: readonly StateRecord[]): Promise<number> {
    return this.#checkpoints.writeState(head, after, records);
  }

  readState(partition: number, until: number, after?: number): AsyncIterable<StateRecord> {
    return this.#checkpoints.readState(partition, until, after);
  }

  /** The subjects of a partition's messages and frames. */
  #mail(partition: number): string[] {
    return [this.#subjects.stored(partition), this.#subjects.frame(partition)];
  }

  async #append(
    subject: string,
    data: Uint8Array,
    guard: Guard | undefined,
    given: Readonly<Record<string, string>>,
  ): Promise<number> {
    const { seq } = await available(() =>
      this.#claims.guarded(guard, (expected) => {
        const carried = headers();
        for (const [name, value] of Object.entries({ ...given, ...expected })) carried.set(name, value);
        return this.#js.publish(subject, data, { headers: carried, timeout: PUBLISH_TIMEOUT_MS });
      }),
    );
    // An acknowledgement without a sequence says that nothing was stored.
    if (seq === 0)
      throw new BanyanError('log.unavailable', { message: 'The broker acknowledged without storing.' });
    return seq;
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
