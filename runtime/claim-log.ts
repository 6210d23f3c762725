/**
 * Ownership as the log keeps it (rule R1). A claim is an entry of the partition's own log, appended by
 * compare-and-swap. Whoever claims fences the owner before: it appends to that owner's *lanes*, subjects on
 * which every frame of that owner expects to find the record that it knows. From then on the broker refuses
 * what the former owner sends, until it has looked which of its partitions it lost.
 */

/** Who owns a partition from this entry on. */
export interface Claim {
  readonly partition: number;
  /** Grows with every claim of the partition. */
  readonly epoch: number;
  /** One incarnation of a shard: node, shard and a start nonce. Null when the owner has released the partition. */
  readonly owner: string | null;
  /** What the owner's turns compute (rule R13). */
  readonly turnVersion: string;
}

export interface StoredClaim extends Claim {
  /** The entry's sequence in the log. */
  readonly seq: number;
}

/** A claim to append, and the sequence of the claim that it follows; 0 when it is the first. */
export interface NewClaim extends Claim {
  readonly after: number;
}

/**
 * Proof that a sender was not fenced: the last record of one of its lanes. Several, because a replicated
 * stream takes only one publish under way for each subject that a guard names.
 */
export interface Guard {
  readonly owner: string;
  readonly lane: number;
  readonly seq: number;
}

/** The last record of each lane of an owner. */
export type Lanes = readonly number[];

/** Lanes of an owner: as many of its frames can be under way. */
export const LANES = 8;

/** May throw `log.unavailable` (it may have been stored all the same: look again) and `log.full`. */
export interface ClaimLog {
  /** The newest claim of every partition that has one. */
  claims(): Promise<ReadonlyMap<number, StoredClaim>>;
  /**
   * Appends claims and fences former owners, all or nothing. Throws `log.conflict` when another claim of one of
   * the partitions came in between. Returns the entries' sequences, in order.
   */
  claim(claims: readonly NewClaim[], fenced: readonly string[]): Promise<readonly number[]>;
  /** Opens an owner's lanes, before its first claim. Call once per owner. */
  openLanes(owner: string): Promise<Lanes>;
  /** The lanes as they are now; undefined when they were removed. */
  lanes(owner: string): Promise<Lanes | undefined>;
  /** Removes lanes for good: what a guard of them protects is refused for ever. Repeating is harmless. */
  removeLanes(owner: string): Promise<void>;
  /** Every owner that has lanes. */
  laneOwners(): Promise<readonly string[]>;
}
