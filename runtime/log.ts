/**
 * The log port: the durable mailbox of every actor, cut into partitions, and the streams beside it.
 * Implementations: `log-jetstream.ts` (NATS JetStream), `log-memory.ts` (simulation, replay, tests).
 */
import { createHash } from 'node:crypto';
import type { EffectNumber } from '../protocol/frame.ts';
import type { StoredSubject } from '../protocol/subjects.ts';

/** One entry: a message from outside, or a frame of many from the runtime. */
export interface LogEntry {
  /** Its sequence in the stream, from 1; shared by all partitions, so one partition's entries have gaps. */
  readonly seq: number;
  /** When the broker stored it, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly subject: string;
  readonly place: StoredSubject;
  readonly data: Uint8Array;
  header(name: string): string | undefined;
}

export interface LogState {
  /** Differs when the stream was deleted and made anew. */
  readonly identity: string;
  /** Of the oldest entry that is left, or of the next one when none is. */
  readonly firstSeq: number;
  /** 0 for an empty log. */
  readonly lastSeq: number;
}

/** A reader of one partition, in order, without gaps; it survives reconnections or fails loudly. */
export interface LogReader {
  readonly entries: AsyncIterable<LogEntry>;
  stop(): Promise<void>;
}

/** An event or dead letter on its way out. */
export interface Publication {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Stable over replays: `<partition>.<entry>.<index>.<effect>`. */
  readonly id: string;
}

/** What the streams already hold of the effects of one sending partition: used to send nothing twice on a rebuild. */
export interface SentMarks {
  frames(from: number, to: number): EffectNumber | undefined;
  events(from: number): EffectNumber | undefined;
  deadLetters(from: number): EffectNumber | undefined;
}

/** An operator's or the watchdog's decision about one entry that no owner survives (rule R8). */
export interface Verdict {
  readonly partition: number;
  readonly entry: number;
  readonly index: number;
  /** Why: `turn.deadline`, `turn.stack`, `turn.out_of_memory`. */
  readonly code: string;
  readonly detail: string;
}

/**
 * Every method may throw `log.unavailable` (try again) and appends also `log.full`. An append that throws
 * `log.unavailable` may have been stored all the same: repeat it, receivers drop what they had.
 */
export interface Log {
  state(): Promise<LogState>;
  /** The hash of an entry, or undefined when the log does not hold it. */
  hashAt(seq: number): Promise<string | undefined>;
  /** The sequence of the partition's last entry; 0 when there is none. */
  end(partition: number): Promise<number>;
  read(partition: number, after: number): LogReader;
  /** Resolves once stored, with the entry's sequence. `from` is the frame's `Banyan-From` header. */
  appendFrame(partition: number, frame: Uint8Array, from: string | undefined): Promise<number>;
  /** Publishes events or dead letters; resolves when all are stored. Repeating is harmless. */
  publish(publications: readonly Publication[]): Promise<void>;
  verdicts(): Promise<readonly Verdict[]>;
  /** The turn versions that each partition's entries were turned with, oldest first (rule R13). */
  stamps(): Promise<ReadonlyMap<number, readonly string[]>>;
  appendStamp(partition: number, turnVersion: string): Promise<void>;
  appendVerdict(verdict: Verdict): Promise<void>;
  sentMarks(): Promise<SentMarks>;
}

/** Identifies an entry by everything that a truncated and regrown log would have differently. */
export function entryHash(entry: Pick<LogEntry, 'seq' | 'timeMs' | 'subject' | 'data'>): string {
  return createHash('sha256')
    .update(`${entry.seq}|${entry.timeMs}|${entry.subject}|`)
    .update(entry.data)
    .digest('base64url')
    .slice(0, 22);
}

/** `Banyan-From` of a frame: the last number of each sending partition in it, `7:12.0.3,9:44.1.0`. */
export function formatFrom(numbers: ReadonlyMap<number, EffectNumber>): string {
  return [...numbers].map(([partition, number]) => `${partition}:${number.join('.')}`).join(',');
}

export function parseFrom(header: string): [partition: number, number: EffectNumber][] {
  return header.split(',').flatMap((part) => {
    const match = /^(\d+)[:.](\d+)\.(\d+)\.(\d+)$/.exec(part);
    if (match === null) return [];
    const [partition, entry, index, effect] = match.slice(1).map(Number) as [number, number, number, number];
    return [[partition, [entry, index, effect]] as [number, EffectNumber]];
  });
}
