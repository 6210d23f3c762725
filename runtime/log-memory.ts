/** The log in memory: for simulation, replay and tests. Passes the same conformance suite as JetStream. */
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { EffectNumber } from '../protocol/frame.ts';
import { HEADER } from '../protocol/headers.ts';
import { partitionOf } from '../protocol/partition-of.ts';
import type { StoredSubject, Subjects } from '../protocol/subjects.ts';
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

export class MemoryLog implements Log {
  readonly published = new Map<string, Publication>();
  readonly #subjects: Subjects;
  readonly #partitions: number;
  readonly #clock: Clock;
  readonly #identity: string;
  readonly #entries: (LogEntry | undefined)[] = [];
  readonly #ids = new Map<string, number>();
  readonly #readers = new Set<() => void>();
  readonly #stamps = new Map<number, string[]>();

  constructor(subjects: Subjects, partitions: number, clock: Clock, identity = 'memory') {
    this.#subjects = subjects;
    this.#partitions = partitions;
    this.#clock = clock;
    this.#identity = identity;
  }

  /** Publishes as another system would, to `<ns>.to.<kind>.<key>`; `Nats-Msg-Id` de-duplicates. */
  async publishMessage(
    subject: string,
    data: Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    const [, , kind = '', key = ''] = subject.split('.');
    const id = headers[HEADER.msgId];
    const known = id === undefined ? undefined : this.#ids.get(id);
    if (known !== undefined) return known;
    const place: StoredSubject = {
      kind: 'message',
      partition: partitionOf(kind, key, this.#partitions),
      actorKind: kind,
      actorKey: key,
    };
    const seq = this.#append(
      `${this.#subjects.namespace}.log.${place.partition}.${kind}.${key}`,
      place,
      data,
      headers,
    );
    if (id !== undefined) this.#ids.set(id, seq);
    return seq;
  }

  /** Deletes an entry, as an operator may do behind our back. */
  delete(seq: number): void {
    this.#entries[seq - 1] = undefined;
  }

  async state(): Promise<LogState> {
    const first = this.#entries.findIndex((entry) => entry !== undefined);
    return {
      identity: this.#identity,
      firstSeq: first < 0 ? this.#entries.length + 1 : first + 1,
      lastSeq: this.#entries.length,
    };
  }

  async hashAt(seq: number): Promise<string | undefined> {
    const entry = this.#entries[seq - 1];
    return entry === undefined ? undefined : entryHash(entry);
  }

  async end(partition: number): Promise<number> {
    return (
      this.#entries.findLast(
        (entry) => entry?.place.partition === partition && entry.place.kind !== 'verdict',
      )?.seq ?? 0
    );
  }

  read(partition: number, after: number): LogReader {
    let at = after;
    let stopped = false;
    let wake = (): void => {};
    const notify = (): void => wake();
    this.#readers.add(notify);
    const entries = this.#entries;
    const readers = this.#readers;
    async function* walk(): AsyncGenerator<LogEntry> {
      try {
        while (!stopped) {
          const entry = entries[at];
          if (at >= entries.length) await new Promise<void>((resolve) => (wake = resolve));
          else at++;
          if (!stopped && entry?.place.partition === partition && entry.place.kind !== 'verdict') yield entry;
        }
      } finally {
        readers.delete(notify);
      }
    }
    return {
      entries: walk(),
      stop: async () => {
        stopped = true;
        wake();
      },
    };
  }

  async appendFrame(partition: number, frame: Uint8Array, from: string | undefined): Promise<number> {
    return this.#append(this.#subjects.frame(partition), { kind: 'frame', partition }, frame, {
      [HEADER.frame]: '1',
      ...(from === undefined ? {} : { [HEADER.from]: from }),
    });
  }

  async publish(publications: readonly Publication[]): Promise<void> {
    for (const publication of publications)
      if (!this.published.has(publication.id)) this.published.set(publication.id, publication);
  }

  async verdicts(): Promise<readonly Verdict[]> {
    return this.#entries.flatMap((entry) =>
      entry?.place.kind === 'verdict' ? [decode(entry.data) as Verdict] : [],
    );
  }

  async stamps(): Promise<ReadonlyMap<number, readonly string[]>> {
    return this.#stamps;
  }

  async appendStamp(partition: number, turnVersion: string): Promise<void> {
    this.#stamps.set(partition, [...(this.#stamps.get(partition) ?? []), turnVersion]);
  }

  async appendVerdict(verdict: Verdict): Promise<void> {
    this.#append(
      this.#subjects.verdict(verdict.partition),
      { kind: 'verdict', partition: verdict.partition },
      encode(verdict),
      {},
    );
  }

  async sentMarks(): Promise<SentMarks> {
    const frames = new Map<string, EffectNumber>();
    for (const entry of this.#entries) {
      // Anybody can send the header; only a frame's counts.
      if (entry?.place.kind !== 'frame') continue;
      for (const [from, number] of parseFrom(entry.header(HEADER.from) ?? ''))
        raise(frames, `${from}>${entry.place.partition}`, number);
    }
    const events = new Map<string, EffectNumber>();
    const deadLetters = new Map<string, EffectNumber>();
    for (const { id, subject } of this.published.values()) {
      const [mark] = parseFrom(id);
      if (mark !== undefined)
        raise(
          subject.startsWith(`${this.#subjects.namespace}.dead.`) ? deadLetters : events,
          String(mark[0]),
          mark[1],
        );
    }
    return {
      frames: (from, to) => frames.get(`${from}>${to}`),
      events: (from) => events.get(String(from)),
      deadLetters: (from) => deadLetters.get(String(from)),
    };
  }

  #append(
    subject: string,
    place: StoredSubject,
    data: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): number {
    if (data.byteLength > 2 ** 20) throw new BanyanError('message.too_large');
    const seq = this.#entries.length + 1;
    this.#entries.push({
      seq,
      timeMs: this.#clock.now(),
      subject,
      place,
      data: Uint8Array.from(data),
      header: (name) => headers[name],
    });
    for (const notify of this.#readers) notify();
    return seq;
  }
}
