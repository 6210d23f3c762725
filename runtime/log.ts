/**
 * The log port: the durable mailbox of every actor, cut into partitions, and the streams beside it.
 * Implementations: `log-jetstream.ts` (NATS JetStream), `log-memory.ts` (simulation, replay, tests).
 */
import { createHash } from 'node:crypto';
import type { CheckpointLog } from './checkpoint-log.ts';
import type { ClaimLog, Guard } from './claim-log.ts';
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

/** What the streams already hold of the effects of one sending partition: used to publish nothing twice after a load. */
export interface SentMarks {
  events(from: number): EffectNumber | undefined;
  deadLetters(from: number): EffectNumber | undefined;
}

/** A decision about one message that no owner survives (rule R8). */
export interface Verdict {
  readonly partition: number;
  readonly entry: number;
  readonly index: number;
  /** Why: `turn.deadline`, `turn.stack`, `turn.out_of_memory`. */
  readonly code: string;
  readonly detail: string;
}

/** A verdict that is asked for, because the message has ended the shards of these owners of its partition. */
export interface ProposedVerdict extends Verdict {
  readonly epochs: readonly number[];
}

/**
 * Every method may throw `log.unavailable` (try again), appends also `log.full` and, with a guard, `log.conflict`.
 * An append that throws `log.unavailable` may have been stored all the same: repeat it, receivers drop what
 * they had.
 */
export interface Log extends ClaimLog, CheckpointLog {
  state(): Promise<LogState>;
  /** The hash of an entry, or undefined when the log does not hold it. */
  hashAt(seq: number): Promise<string | undefined>;
  /** The sequence of the partition's last message or frame that is left; 0 when there is none. */
  end(partition: number): Promise<number>;
  /** Messages, frames and claims of a partition behind `after`. */
  read(partition: number, after: number): LogReader;
  /**
   * Resolves once stored, with the entry's sequence. `from` is the frame's `Banyan-From` header: for which
   * partitions it speaks, for people and tests to see. With a guard
   * the frame is stored only if nobody has fenced its sender (rule R1).
   */
  appendFrame(partition: number, frame: Uint8Array, from: string | undefined, guard?: Guard): Promise<number>;
  /** Publishes events or dead letters; resolves when all are stored. Repeating is harmless. */
  publish(publications: readonly Publication[]): Promise<void>;
  verdicts(): Promise<readonly Verdict[]>;
  appendVerdict(verdict: Verdict, guard?: Guard): Promise<void>;
  /** What was published since a time; what is older need not be looked at. */
  sentMarks(sinceMs: number): Promise<SentMarks>;
  /**
   * Deletes a partition's messages and frames before an entry, which itself is kept, and all claims but the
   * newest. Repeating is harmless.
   */
  trim(partition: number, before: number): Promise<void>;
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
