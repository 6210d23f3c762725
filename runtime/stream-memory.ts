/** One stream in memory, with the partitions' entries by sequence. */
import { BanyanError } from '../protocol/errors.ts';
import type { StoredSubject } from '../protocol/subjects.ts';
import type { Clock } from './clock.ts';
import type { LogEntry } from './log.ts';
import { SequenceList } from './sequence-list.ts';

/** A broker takes no larger message. */
const MESSAGE_BYTES = 2 ** 20;

/** Anything that a stream holds; what belongs to no partition has no place. */
export type StoredEntry = Omit<LogEntry, 'place'> & { readonly place: StoredSubject | undefined };

/** What is read of one partition. Trimming leaves the claims. */
interface Slice {
  readonly mail: SequenceList<LogEntry>;
  readonly claims: SequenceList<LogEntry>;
  /** Whoever waits for the next entry. */
  readonly waiting: Set<() => void>;
}

export class MemoryStream {
  /** Entries that {@link trim} removed, by sequence. */
  readonly trimmed = new Map<number, LogEntry>();
  readonly #clock: Clock;
  /** In the order of their sequences, which is the order of insertion. */
  readonly #entries = new Map<number, StoredEntry>();
  readonly #slices = new Map<number, Slice>();
  #lastSeq = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get firstSeq(): number {
    return this.#entries.keys().next().value ?? this.#lastSeq + 1;
  }

  get(seq: number): StoredEntry | undefined {
    return this.#entries.get(seq);
  }

  append(
    subject: string,
    place: StoredSubject | undefined,
    data: Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): number {
    if (data.byteLength > MESSAGE_BYTES) throw new BanyanError('message.too_large');
    const seq = ++this.#lastSeq;
    const stored = {
      seq,
      timeMs: this.#clock.now(),
      subject,
      data: Uint8Array.from(data),
      header: (name: string) => headers[name],
    };
    this.#entries.set(seq, { ...stored, place });
    if (place === undefined || place.kind === 'verdict') return seq;
    const slice = this.#slice(place.partition);
    (place.kind === 'claim' ? slice.claims : slice.mail).push({ ...stored, place });
    for (const wake of slice.waiting) wake();
    return seq;
  }

  remove(seq: number): void {
    const place = this.#entries.get(seq)?.place;
    this.#entries.delete(seq);
    if (place === undefined) return;
    const slice = this.#slice(place.partition);
    slice.mail.remove(seq);
    slice.claims.remove(seq);
  }

  trim(partition: number, before: number): void {
    const { mail, claims } = this.#slice(partition);
    // The newest claim is the one that counts.
    const old = claims.takeBefore(claims.last?.seq ?? 0);
    for (const entry of [...mail.takeBefore(before), ...old]) {
      this.#entries.delete(entry.seq);
      this.trimmed.set(entry.seq, entry);
    }
  }

  /** The last message or frame of a partition. */
  lastMail(partition: number): LogEntry | undefined {
    return this.#slices.get(partition)?.mail.last;
  }

  claimsOf(partition: number): Iterable<LogEntry> & { readonly last: LogEntry | undefined } {
    return this.#slice(partition).claims;
  }

  /** Every partition of which something was stored. */
  partitions(): IterableIterator<number> {
    return this.#slices.keys();
  }

  /** The next entry of a partition behind a sequence. */
  after(partition: number, seq: number): LogEntry | undefined {
    const { mail, claims } = this.#slice(partition);
    const [message, claim] = [mail.after(seq), claims.after(seq)];
    if (message === undefined || claim === undefined) return message ?? claim;
    return message.seq < claim.seq ? message : claim;
  }

  /** Calls back whenever an entry of the partition was stored; the result stops it. */
  onAppend(partition: number, wake: () => void): () => void {
    const { waiting } = this.#slice(partition);
    waiting.add(wake);
    return () => void waiting.delete(wake);
  }

  #slice(partition: number): Slice {
    let slice = this.#slices.get(partition);
    if (slice === undefined) {
      slice = { mail: new SequenceList(), claims: new SequenceList(), waiting: new Set() };
      this.#slices.set(partition, slice);
    }
    return slice;
  }
}
