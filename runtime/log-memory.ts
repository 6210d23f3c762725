/**
 * The log in memory: for simulation, replay and tests. Passes the same conformance suite as JetStream. It has no
 * clock and no chance of its own, and whatever it is asked is answered within the microtasks of now.
 */
import { decode, encode } from '../protocol/codec.ts';
import type { EffectNumber } from '../protocol/frame.ts';
import { HEADER } from '../protocol/headers.ts';
import { partitionOf } from '../protocol/partition-of.ts';
import type { StoredSubject, Subjects } from '../protocol/subjects.ts';
import type { Head, StateRecord, StoredHead } from './checkpoint-log.ts';
import { MemoryCheckpoints } from './checkpoints-memory.ts';
import type { Guard, Lanes, NewClaim, StoredClaim } from './claim-log.ts';
import { MemoryClaims } from './claims-memory.ts';
import type { Clock } from './clock.ts';
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
import { MemoryStream } from './stream-memory.ts';

export class MemoryLog implements Log {
  readonly published = new Map<string, Publication>();
  readonly #publishedMs: { readonly id: string; readonly timeMs: number }[] = [];
  readonly #subjects: Subjects;
  readonly #partitions: number;
  readonly #clock: Clock;
  readonly #identity: string;
  readonly #mailbox: MemoryStream;
  readonly #claims: MemoryClaims;
  readonly #checkpoints: MemoryCheckpoints;
  readonly #ids = new Map<string, number>();
  readonly #verdicts: number[] = [];

  constructor(subjects: Subjects, partitions: number, clock: Clock, identity = 'memory') {
    this.#subjects = subjects;
    this.#partitions = partitions;
    this.#clock = clock;
    this.#identity = identity;
    this.#mailbox = new MemoryStream(clock);
    this.#claims = new MemoryClaims(this.#mailbox, subjects);
    this.#checkpoints = new MemoryCheckpoints(subjects, clock);
  }

  /**
   * Publishes as another system would, to `<ns>.to.<kind>.<key>`; `Nats-Msg-Id` de-duplicates. Takes the subjects
   * of the runtime's own entries too, as a broker without permissions does.
   */
  async publishMessage(
    subject: string,
    data: Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    const id = headers[HEADER.msgId];
    const known = id === undefined ? undefined : this.#ids.get(id);
    if (known !== undefined) return known;
    const [stored, place] = this.#mapped(subject);
    const seq = this.#append(stored, place, data, headers);
    if (id !== undefined) this.#ids.set(id, seq);
    return seq;
  }

  /** Deletes an entry, as an operator may do behind our back. */
  delete(seq: number): void {
    this.#mailbox.remove(seq);
  }

  /** The entries that were trimmed, by sequence; what {@link delete} took is not among them. */
  get trimmed(): ReadonlyMap<number, LogEntry> {
    return this.#mailbox.trimmed;
  }

  async state(): Promise<LogState> {
    const { firstSeq, lastSeq } = this.#mailbox;
    return { identity: this.#identity, firstSeq, lastSeq };
  }

  async hashAt(seq: number): Promise<string | undefined> {
    const entry = this.#mailbox.get(seq);
    return entry === undefined ? undefined : entryHash(entry);
  }

  async end(partition: number): Promise<number> {
    return this.#mailbox.lastMail(partition)?.seq ?? 0;
  }

  read(partition: number, after: number): LogReader {
    const mailbox = this.#mailbox;
    let stopped = false;
    let wake = (): void => {};
    const stopWaking = mailbox.onAppend(partition, () => wake());
    async function* walk(): AsyncGenerator<LogEntry> {
      let at = after;
      try {
        while (!stopped) {
          const entry = mailbox.after(partition, at);
          if (entry === undefined) {
            await new Promise<void>((resolve) => (wake = resolve));
          } else {
            at = entry.seq;
            yield entry;
          }
        }
      } finally {
        stopWaking();
      }
    }
    return {
      entries: walk(),
      stop: async () => {
        stopped = true;
        stopWaking();
        wake();
      },
    };
  }

  async appendFrame(
    partition: number,
    frame: Uint8Array,
    from: string | undefined,
    guard?: Guard,
  ): Promise<number> {
    this.#claims.check(guard);
    return this.#append(this.#subjects.frame(partition), { kind: 'frame', partition }, frame, {
      [HEADER.frame]: '1',
      ...(from === undefined ? {} : { [HEADER.from]: from }),
    });
  }

  async publish(publications: readonly Publication[]): Promise<void> {
    for (const publication of publications) {
      const { id } = publication;
      if (this.published.has(id)) continue;
      this.published.set(id, publication);
      this.#publishedMs.push({ id, timeMs: this.#clock.now() });
    }
  }

  async verdicts(): Promise<readonly Verdict[]> {
    return this.#verdicts.flatMap((seq) => {
      const entry = this.#mailbox.get(seq);
      return entry === undefined ? [] : [decode(entry.data) as Verdict];
    });
  }

  async appendVerdict(verdict: Verdict, guard?: Guard): Promise<void> {
    const { partition } = verdict;
    this.#claims.check(guard);
    this.#append(this.#subjects.verdict(partition), { kind: 'verdict', partition }, encode(verdict), {});
  }

  async sentMarks(sinceMs: number): Promise<SentMarks> {
    const events = new Map<string, EffectNumber>();
    const deadLetters = new Map<string, EffectNumber>();
    const first = this.#publishedMs.findLastIndex(({ timeMs }) => timeMs < sinceMs) + 1;
    for (const { id } of this.#publishedMs.slice(first)) {
      const [mark] = parseFrom(id);
      const isDead = this.published.get(id)?.subject.startsWith(`${this.#subjects.namespace}.dead.`) === true;
      if (mark !== undefined) raise(isDead ? deadLetters : events, String(mark[0]), mark[1]);
    }
    return {
      events: (from) => events.get(String(from)),
      deadLetters: (from) => deadLetters.get(String(from)),
    };
  }

  async trim(partition: number, before: number): Promise<void> {
    this.#mailbox.trim(partition, before);
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

  /** How the stream stores a subject, and what that says. */
  #mapped(subject: string): [string, StoredSubject] {
    const own = this.#subjects.parseStored(subject);
    if (own !== undefined) return [subject, own];
    const [, , kind = '', key = ''] = subject.split('.');
    const partition = partitionOf(kind, key, this.#partitions);
    const stored = `${this.#subjects.namespace}.log.${partition}.${kind}.${key}`;
    return [stored, { kind: 'message', partition, actorKind: kind, actorKey: key }];
  }

  #append(
    subject: string,
    place: StoredSubject,
    data: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): number {
    const seq = this.#mailbox.append(subject, place, data, headers);
    if (place.kind === 'verdict') this.#verdicts.push(seq);
    return seq;
  }
}
