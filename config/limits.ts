/**
 * Every limit in one place, with its unit in its name and its relations asserted when the module loads.
 * A leaf: any layer may import it. What an operator may change is a setting (`settings.ts`) instead.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

export const LIMITS = {
  /** The encoded body of one message. Larger content travels by reference to the object store. */
  messageBodyBytes: 256 * KiB,
  /** How deep maps and arrays may nest in a body; the body's own map is the first level. */
  messageDepth: 64,
  /** Array elements and map entries in one body, over all levels. */
  messageItems: 100_000,
  /** The `type` of a message, in characters. */
  messageTypeChars: 128,

  /** What a frame record carries besides its message: addresses, ids, trace context. */
  recordOverheadBytes: 4 * KiB,
  /** Records in one frame. */
  frameRecords: 256,
  /** A sender closes a frame before it grows past this; a single larger record travels alone. */
  frameTargetBytes: 256 * KiB,
  /** The largest frame a reader accepts: one record of the greatest size, or many below the target. */
  frameBytes: 264 * KiB,
  /** Headers of one log entry, client's and runtime's together. */
  headerBytes: 16 * KiB,
  /** The broker's `max_payload`; what we ship configures it, `doctor` checks it. */
  brokerPayloadBytes: 1 * MiB,

  /** The key of an actor, in characters of `A-Z a-z 0-9 _ - :`. */
  keyChars: 128,
  /** The kind of an actor, in characters of `a-z 0-9 -`. */
  kindChars: 32,
  /** The namespace, in characters of `A-Z a-z 0-9 _ -`. */
  namespaceChars: 32,
  /** Query, event, table, task and timer names, in characters. */
  nameChars: 64,
  /** Ids in headers: `Nats-Msg-Id`, `Banyan-Sender`, `Banyan-Correlation-Id`, in characters. */
  idChars: 256,
  /** An id as the store keeps it, `<sender>:<kind>/<key>:<id>`, in UTF-8 bytes. */
  storedIdBytes: 1024,
  /** Whole subjects, in characters; servers refuse them past about 4,000, we stay far below. */
  subjectChars: 512,

  /** The key of a table row, in UTF-8 bytes. */
  rowKeyBytes: 512,
  /** One encoded table row. */
  rowBytes: 256 * KiB,
  /** The encoded snapshot of one actor; large state belongs into tables. */
  snapshotBytes: 512 * KiB,
  /** The longest key that LMDB takes at its default page size. */
  lmdbKeyBytes: 1978,

  /** An actor may fail on so many messages in a row before the next one quarantines it, unless it says otherwise. */
  quarantineAfter: 5,
  /** Actors and workers that one actor watches. */
  watchesPerActor: 1_000,
  /** Actors that watch one actor or worker. */
  watchersPerActor: 1_000,

  /** Turns in one commit window. */
  windowTurns: 512,
  /** Bytes of log entries in one commit window. */
  windowBytes: 4 * MiB,
  /** Effects of one turn. */
  turnEffects: 10_000,
  /** Row changes of one turn: a checkpoint takes an actor's changes in one batch of at most 1,000. */
  turnRowChanges: 900,
  /** What one turn may write and send, in bytes: a checkpoint holds it as a whole. */
  turnBytes: 16 * MiB,
  /** Rows of a partition that no checkpoint holds; past it its turns wait (rule R3). */
  unsavedRows: 4_000,
  /** Bytes of such rows. */
  unsavedBytes: 16 * MiB,
  /** A checkpoint follows so long after the first change, */
  checkpointIntervalMs: 2_000,
  /** or after so many changed rows. */
  checkpointRows: 500,
  /** A stored value longer than this travels in pieces. */
  statePieceBytes: 128 * KiB,
  /** Rows that do not fit a checkpoint one by one gather in records of so many bytes. */
  stateBundleBytes: 512 * KiB,
  /** Processed bytes of a partition that stay in the log, so that earlier states can be shown. */
  trimBytes: 1 * MiB,
  /** Effects that a partition may have committed but not yet seen acknowledged; past it turns wait. */
  unacknowledgedEffects: 10_000,
  /** Bytes of such effects. */
  unacknowledgedBytes: 64 * MiB,
  /** Actors of one shard whose decoded snapshots stay in memory. */
  residentActorsPerShard: 20_000,

  /** Partitions of a namespace when it is created; fixed afterwards (rule R15). */
  defaultPartitions: 64,
  maxPartitions: 1024,
  shardsPerNode: 64,

  /** One reply to a request: submit, call, ask or sys. */
  replyBytes: 512 * KiB,
  /** How long a caller waits when it does not say. */
  askTimeoutMs: 5_000,
  submitTimeoutMs: 5_000,
  callTimeoutMs: 30_000,
  /** How long the result of a submit is kept by its id. */
  resultRetentionMs: 60 * 60_000,

  /** One object in the content store. */
  contentBytes: 64 * MiB,
  /** The greatest delay of a timer: ten years. */
  timerDelayMs: 10 * 365 * 24 * 60 * 60_000,
} as const;

/** Fails the start when two limits contradict each other; a contradiction is a bug, not a fault. */
function assertRelation(holds: boolean, relation: string): void {
  if (!holds) throw new Error(`config/limits.ts contradicts itself: ${relation} does not hold`);
}

assertRelation(
  LIMITS.frameBytes >= LIMITS.messageBodyBytes + LIMITS.recordOverheadBytes,
  'a frame holds one record of the greatest size',
);
assertRelation(LIMITS.frameBytes >= LIMITS.frameTargetBytes, 'frameBytes >= frameTargetBytes');
assertRelation(
  LIMITS.brokerPayloadBytes >= LIMITS.frameBytes + LIMITS.headerBytes,
  'the broker takes the largest frame with its headers',
);
assertRelation(
  LIMITS.brokerPayloadBytes >= LIMITS.replyBytes + LIMITS.headerBytes,
  'the broker takes the largest reply with its headers',
);
assertRelation(
  LIMITS.brokerPayloadBytes >= LIMITS.stateBundleBytes + LIMITS.lmdbKeyBytes + LIMITS.headerBytes &&
    LIMITS.stateBundleBytes >= LIMITS.statePieceBytes,
  'the broker takes pieces of values with their key, and bundles',
);
assertRelation(
  // Unsaved bytes, a window and a turn: in long values, or in bundles. See `runtime/checkpoint-rows.ts`.
  (LIMITS.unsavedBytes + 2 * LIMITS.turnBytes) / (LIMITS.statePieceBytes / 2) <= 800 &&
    (LIMITS.unsavedBytes + 2 * LIMITS.turnBytes) / LIMITS.stateBundleBytes < 128,
  'what a partition may have unsaved fits one batch',
);
assertRelation(LIMITS.rowBytes <= LIMITS.turnBytes, 'a turn can write the largest row');
assertRelation(LIMITS.checkpointRows <= LIMITS.unsavedRows, 'checkpointRows <= unsavedRows');
assertRelation(LIMITS.rowBytes <= LIMITS.snapshotBytes, 'rowBytes <= snapshotBytes');
assertRelation(
  // A stored row key: kind, key, table name, row key and a separator after each of the first three.
  LIMITS.kindChars + LIMITS.keyChars + LIMITS.nameChars + LIMITS.rowKeyBytes + 3 <= LIMITS.lmdbKeyBytes,
  'the longest row key fits an LMDB key',
);
assertRelation(
  // `<ns>.ask.<kind>.<key>.<query>` is the longest subject we build.
  LIMITS.namespaceChars + LIMITS.kindChars + LIMITS.keyChars + LIMITS.nameChars + '.submit...'.length <=
    LIMITS.subjectChars,
  'the longest subject stays within what a server takes',
);
assertRelation(
  // The store's key of a kept answer: partition, a timestamp and the id, with separators.
  LIMITS.storedIdBytes + 64 <= LIMITS.lmdbKeyBytes,
  'the longest id fits an LMDB key',
);
assertRelation(LIMITS.windowTurns >= LIMITS.frameRecords, 'a frame fits one window');
assertRelation(LIMITS.unacknowledgedEffects >= LIMITS.turnEffects, 'one turn may fill the outbox at most');
assertRelation(LIMITS.defaultPartitions <= LIMITS.maxPartitions, 'defaultPartitions <= maxPartitions');
