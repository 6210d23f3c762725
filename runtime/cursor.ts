/** How far a partition has come: the last message applied. Moves with what the message changed. */
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { buckets } from './keys.ts';
import type { Log } from './log.ts';
import type { Overlay } from './overlay.ts';

export interface Cursor {
  /** The message's entry, */
  readonly seq: number;
  /** and its index in it. */
  readonly index: number;
  /** Messages of the entry that are not applied yet. */
  readonly rest: number;
  /** Of the entry; empty when an operator has accepted that the log lost it. */
  readonly hash: string;
}

/** Negative when `a` is behind `b`; undefined is before everything. */
export function compareCursors(a: Cursor | undefined, b: Cursor | undefined): number {
  return (a?.seq ?? 0) - (b?.seq ?? 0) || (a?.index ?? 0) - (b?.index ?? 0);
}

/** The last entry that a cursor has behind it as a whole; 0 when there is none. */
export function positionOf(cursor: Pick<Cursor, 'seq' | 'rest'> | undefined): number {
  if (cursor === undefined) return 0;
  return cursor.rest > 0 ? cursor.seq - 1 : cursor.seq;
}

/** The cursor's row. */
export const CURSOR = 'cursor';

/** Reads a partition's cursor without opening the partition. */
export function readCursor(overlay: Pick<Overlay, 'get'>, partition: number): Cursor | undefined {
  const bytes = overlay.get(buckets.partition(partition), CURSOR);
  return bytes === undefined ? undefined : (decode(bytes) as Cursor);
}

export function saveCursor(overlay: Overlay, partition: number, cursor: Cursor): void {
  overlay.put(buckets.partition(partition), CURSOR, encode(cursor));
}

/**
 * Rule R9: throws `log.truncated` unless the log holds the cursor's entry, unchanged. Trimming keeps it, so
 * nothing else can have taken it away than a loss.
 */
export async function verifyCursor(
  log: Pick<Log, 'hashAt'>,
  partition: number,
  cursor: Cursor | undefined,
): Promise<void> {
  if (cursor === undefined || cursor.hash === '') return;
  const hash = await log.hashAt(cursor.seq);
  if (hash === cursor.hash) return;
  const what = hash === undefined ? 'no longer holds' : 'holds with another content';
  throw new BanyanError('log.truncated', {
    message: `Partition ${partition} has applied entry ${cursor.seq}, which the log ${what}.`,
  });
}
