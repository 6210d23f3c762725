/**
 * Checkpoints as the STATE stream keeps them (rule R3): for each partition a head and, for each slot, the last
 * record stored there. A checkpoint is one atomic batch of records and the new head; the head's compare-and-swap
 * is what refuses a former owner.
 */
import type { Cursor } from './cursor.ts';

/** A former owner whose last turns this state may lack, although their effects were sent. */
export interface Predecessor {
  readonly epoch: number;
  /** It was fenced with this entry, so it has turned none behind it. */
  readonly until: number;
}

/** Where a partition's stored state stands. */
export interface Head {
  readonly partition: number;
  /** Of the owner that wrote it. */
  readonly epoch: number;
  readonly owner: string;
  /** Counts this owner's writes, from 0 for the one that takes the stored state over. */
  readonly step: number;
  /** Everything up to here is in the state; null before the first entry. */
  readonly cursor: Cursor | null;
  /** Of the turns that made the state, and perhaps turned entries behind the cursor (rule R13). */
  readonly turnVersion: string;
  /** The owner has left: no entry behind the cursor was turned. */
  readonly released: boolean;
  /** The log that the cursor belongs to (rule R9). */
  readonly identity: string;
  /** Entries before the cursor may be gone from the log; said before the first one goes. */
  readonly trimmed: boolean;
  /** Owners whose tails are not replayed yet, oldest first; decides on verdicts (rule R8). */
  readonly predecessors: readonly Predecessor[];
  /** Records that hold more than one row; see `checkpoint-rows.ts`. */
  readonly bundles: number;
}

export interface StoredHead extends Head {
  readonly seq: number;
  /** When the broker stored it, in milliseconds since the epoch. */
  readonly timeMs: number;
}

/**
 * A record of the state: a slot holds the last one that was stored there. Slots are overwritten and used again,
 * never deleted: after a crash, a server may bring back what a deleted record had overwritten.
 */
export interface StateRecord {
  /** A whole number from 0; used ones lie close together. */
  readonly slot: number;
  readonly data: Uint8Array;
}

/** Records in one batch, without the head: the broker takes 1,000 messages. */
export const BATCH_RECORDS = 999;

/** May throw `log.unavailable` and `log.full`. */
export interface CheckpointLog {
  /** The partition's head as its leader has it, never an older one; undefined when there is none. */
  head(partition: number): Promise<StoredHead | undefined>;
  /**
   * Stores records, at most {@link BATCH_RECORDS} with different slots, and a head, all or nothing, if the
   * partition's last head is still `after` (0: none). Else throws `log.conflict`. After `log.unavailable` it may
   * have been stored: read the head before repeating. Returns the head's sequence.
   */
  writeState(head: Head, after: number, records: readonly StateRecord[]): Promise<number>;
  /**
   * The partition's records up to the head with this sequence, in the order they were stored. A slot that was
   * overwritten since comes in its place behind it, or not at all: only a head that is still the last one when
   * the walk has ended was read in full.
   */
  readState(partition: number, until: number, after?: number): AsyncIterable<StateRecord>;
}
