/**
 * What a partition has already applied (rule R5). One mark per sending partition, many to a row, because a
 * window moves most of them; one row per receiving
 * actor and outside sender or task, which expires a day after its last message, by message time.
 */
import type { Address } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import { compareNumbers, type EffectNumber } from '../protocol/frame.ts';
import { buckets } from './keys.ts';
import type { Overlay } from './overlay.ts';
import type { Dedupe } from './receive.ts';

const SENDER_EXPIRY_MS = 24 * 3_600_000;
/** Neighbours looked at for expiry whenever a sender's row is made: rows go away as new ones come. */
const EXPIRY_SWEEP = 4;

/** Marks of neighbouring partitions share a row. */
const MARKS_PER_ROW = 64;

type MarkRow = readonly (readonly [from: number, number: EffectNumber])[];
type SenderRow = readonly [seq: number, timeMs: number];

export class Marks {
  readonly #overlay: Overlay;
  readonly #partition: number;
  readonly #marks = new Map<number, EffectNumber>();
  readonly #changed = new Set<number>();

  constructor(overlay: Overlay, partition: number) {
    this.#overlay = overlay;
    this.#partition = partition;
    for (const [, bytes] of overlay.range(buckets.marks(partition), {}))
      for (const [from, number] of decode(bytes) as MarkRow) this.#marks.set(from, number);
  }

  /**
   * Whether the message was applied before. If not, it counts as applied from now on, whatever its turn's
   * outcome: a message that throws must not throw again when its sender repeats it.
   */
  seen(dedupe: Dedupe, actor: Address, timeMs: number): boolean {
    if (dedupe === undefined) return false;
    return dedupe.by === 'mark'
      ? this.#seenNumber(dedupe.partition, dedupe.number)
      : this.#seenSender(dedupe.name, dedupe.seq, actor, timeMs);
  }

  /** Writes the marks that moved; once per window, not once per message. */
  save(): void {
    for (const row of this.#changed) {
      const marks = [...this.#marks].filter(([from]) => rowOf(from) === row).sort(([a], [b]) => a - b);
      this.#overlay.put(buckets.marks(this.#partition), String(row), encode(marks satisfies MarkRow));
    }
    this.#changed.clear();
  }

  #seenNumber(from: number, number: EffectNumber): boolean {
    const mark = this.#marks.get(from);
    if (mark !== undefined && compareNumbers(number, mark) <= 0) return true;
    this.#marks.set(from, number);
    this.#changed.add(rowOf(from));
    return false;
  }

  #seenSender(name: string, seq: number, actor: Address, timeMs: number): boolean {
    const bucket = buckets.senders(this.#partition, actor);
    const row = this.#overlay.get(bucket, name);
    if (row !== undefined && seq <= (decode(row) as SenderRow)[0]) return true;
    if (row === undefined) this.#sweep(bucket, name, timeMs);
    this.#overlay.put(bucket, name, encode([seq, timeMs] satisfies SenderRow));
    return false;
  }

  #sweep(bucket: string, after: string, timeMs: number): void {
    for (const [name, bytes] of [...this.#overlay.range(bucket, { gt: after, limit: EXPIRY_SWEEP })]) {
      if ((decode(bytes) as SenderRow)[1] < timeMs - SENDER_EXPIRY_MS) this.#overlay.delete(bucket, name);
    }
  }
}

const rowOf = (from: number): number => Math.floor(from / MARKS_PER_ROW);
