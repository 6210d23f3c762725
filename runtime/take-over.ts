/**
 * Takes a claimed partition's stored state over: writes the first head of the new owner, then makes the local
 * state that of the head. The local copy is used if it belongs to the owner before (rule R2), which makes a
 * restart in place cheap; else the checkpoint is loaded (rule R11). Turns begin only afterwards.
 */
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError, toBanyanError } from '../protocol/errors.ts';
import type { Head, Predecessor, StoredHead } from './checkpoint-log.ts';
import type { StoredClaim } from './claim-log.ts';
import type { Clock } from './clock.ts';
import { buildIndexes } from './build-indexes.ts';
import { buckets } from './keys.ts';
import { loadState } from './load-state.ts';
import type { Log } from './log.ts';
import { compareCursors, CURSOR, type Cursor, positionOf, readCursor, verifyCursor } from './cursor.ts';
import { patiently } from './patience.ts';
import type { Store } from './store.ts';
import type { System } from './system.ts';

export interface TakeOverParts {
  readonly log: Log;
  readonly store: Store;
  readonly clock: Clock;
  /** Whose indexes the local state must have. */
  readonly system: System;
  readonly stopped: () => boolean;
  /** The claim that makes us the owner. */
  readonly claim: StoredClaim & { readonly owner: string };
  /** Of the log that is read. */
  readonly identity: string;
  /** An operator accepts that entries are replayed with another version of the actors (rule R13). */
  readonly acceptTail: boolean;
  /** An operator accepts that the log lost entries which the state has applied (rule R9). */
  readonly acceptTruncation: boolean;
}

export interface TakenOver {
  readonly head: StoredHead;
  /** Where the state comes from: this store, the checkpoint, or nowhere because there is none yet. */
  readonly origin: 'local' | 'checkpoint' | 'nothing';
  /** What lies behind the cursor may have been turned, and its effects published, since then. */
  readonly tailSinceMs: number | undefined;
}

/**
 * Throws `log.conflict` when another owner was faster, `log.foreign`, `log.truncated` and `version.tail` when
 * an operator must decide.
 */
export async function takeOver(parts: TakeOverParts): Promise<TakenOver> {
  const { log, store, claim } = parts;
  const local = localState(store, claim.partition);
  const before = await takeHead(parts, local);
  const head = before.taken;
  if (isOf(local, before.head)) {
    await verified(parts, local.cursor);
    await indexed(parts);
    noteOwner(store, claim);
    return { head, origin: 'local', tailSinceMs: undefined };
  }
  await patiently(parts.clock, parts.stopped, () => loadState(log, store, head));
  if (parts.stopped()) throw new BanyanError('partition.unavailable');
  await verified(parts, head.cursor ?? undefined);
  await indexed(parts);
  noteOwner(store, claim);
  if (before.head === undefined) return { head, origin: 'nothing', tailSinceMs: undefined };
  return { head, origin: 'checkpoint', tailSinceMs: before.head.timeMs };
}

/** Without its indexes no turn may read the state. */
async function indexed({ store, clock, claim, system, stopped }: TakeOverParts): Promise<void> {
  await buildIndexes(store, claim.partition, system, async () => {
    await new Promise<void>((resolve) => clock.soon(resolve));
    // Whoever stops the shard closes its store.
    if (stopped()) throw new BanyanError('partition.unavailable');
  });
}

/** Writes our first head over the one before; whoever wrote that one writes no more from then on. */
async function takeHead(
  parts: TakeOverParts,
  local: LocalState | undefined,
): Promise<{ readonly head: StoredHead | undefined; readonly taken: StoredHead }> {
  const { log, clock, stopped, claim, identity } = parts;
  const { partition, epoch, owner, turnVersion } = claim;
  let expected: { readonly head: StoredHead | undefined } | undefined;
  for (;;) {
    const head = await patiently(clock, stopped, () => log.head(partition));
    if (stopped()) throw new BanyanError('partition.unavailable');
    // An attempt whose answer was lost.
    if (expected !== undefined && head?.owner === owner && head.epoch === epoch)
      return { head: expected.head, taken: head };
    if (head !== undefined && head.identity !== identity)
      throw new BanyanError('log.foreign', {
        message: `The checkpoint of partition ${partition} belongs to the log ${head.identity}, the broker holds ${identity}.`,
      });
    if (head !== undefined && head.epoch >= epoch)
      throw new BanyanError('log.conflict', {
        message: `Partition ${partition} was claimed with epoch ${head.epoch}; ours is ${epoch}.`,
      });
    await verifyVersion(parts, head, isOf(local, head) ? local.cursor : (head?.cursor ?? undefined));
    const next: Head = {
      partition,
      epoch,
      owner,
      step: 0,
      cursor: head?.cursor ?? null,
      turnVersion,
      released: false,
      identity,
      trimmed: head?.trimmed ?? false,
      predecessors: predecessorsOf(head, claim.seq, local),
      bundles: head?.bundles ?? 0,
    };
    expected = { head };
    try {
      const seq = await log.writeState(next, head?.seq ?? 0, []);
      return { head, taken: { ...next, seq, timeMs: clock.now() } };
    } catch (error) {
      const known = toBanyanError(error);
      // Another owner's last checkpoint came in between, or nobody knows: look again.
      if (known.code !== 'log.conflict' && !known.recoverable) throw known;
      if (known.recoverable) await new Promise<void>((resolve) => void clock.setTimer(RETRY_MS, resolve));
    }
  }
}

const RETRY_MS = 250;

/**
 * Rule R13. Entries behind the cursor may have been turned, and their effects sent, by the version that wrote it:
 * another version replays them only if an operator accepts that. A head that was released has no such entries.
 */
async function verifyVersion(
  parts: TakeOverParts,
  head: StoredHead | undefined,
  cursor: Cursor | undefined,
): Promise<void> {
  const { log, clock, stopped, claim, acceptTail } = parts;
  if (head === undefined || head.released || acceptTail || head.turnVersion === claim.turnVersion) return;
  const end = await patiently(clock, stopped, () => log.end(claim.partition));
  const position = positionOf(cursor);
  if (end <= position) return;
  throw new BanyanError('version.tail', {
    message: `Entries ${position + 1} to ${end} of partition ${claim.partition} may have been turned by version ${head.turnVersion}; this is ${claim.turnVersion}.`,
  });
}

/** Rule R9. An operator may accept the loss: what the log still holds behind the state is then all there is. */
async function verified(parts: TakeOverParts, cursor: Cursor | undefined): Promise<void> {
  const { log, store, clock, stopped, claim, acceptTruncation } = parts;
  try {
    await patiently(clock, stopped, () => verifyCursor(log, claim.partition, cursor));
  } catch (error) {
    if (!acceptTruncation || toBanyanError(error).code !== 'log.truncated') throw error;
    const { lastSeq } = await patiently(clock, stopped, () => log.state());
    const accepted: Cursor = { seq: Math.min(lastSeq, (cursor as Cursor).seq), index: 0, rest: 0, hash: '' };
    store.commit([[buckets.partition(claim.partition) + CURSOR, encode(accepted)]]);
  }
}

/** Whoever died before us has turned what its store says: only without that store its last turns are unknown. */
function predecessorsOf(
  head: StoredHead | undefined,
  until: number,
  local: LocalState | undefined,
): readonly Predecessor[] {
  if (head === undefined) return [];
  return head.released || isOf(local, head)
    ? head.predecessors
    : [...head.predecessors, { epoch: head.epoch, until }];
}

/** Whether the store holds what the head's owner has turned (rule R2). */
function isOf(local: LocalState | undefined, head: StoredHead | undefined): local is LocalState {
  return (
    local !== undefined &&
    local.epoch === head?.epoch &&
    compareCursors(local.cursor, head.cursor ?? undefined) >= 0
  );
}

interface LocalState {
  /** Of the owner whose windows these are. */
  readonly epoch: number;
  readonly cursor: Cursor | undefined;
}

const OWNER = 'owner';

function localState(store: Store, partition: number): LocalState | undefined {
  const noted = store.get(buckets.local(partition) + OWNER);
  if (noted === undefined) return undefined;
  const cursor = readCursor({ get: (bucket, name) => store.get(bucket + name) }, partition);
  return { epoch: decode(noted) as number, cursor };
}

/** From here on the store holds the state of this epoch. */
function noteOwner(store: Store, { partition, epoch }: StoredClaim): void {
  store.commit([[buckets.local(partition) + OWNER, encode(epoch)]]);
}
