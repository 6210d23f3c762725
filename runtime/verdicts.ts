/**
 * Verdicts on messages that no owner survives (rule R8). They are proposed by whoever saw the shards end, and
 * stored by the next owner, with its guard and only if the message was applied by nobody: what has had its
 * effects once must not be skipped by a later replay.
 */
import { BanyanError, toBanyanError } from '../protocol/errors.ts';
import type { Head } from './checkpoint-log.ts';
import { readCursor } from './cursor.ts';
import type { Log, ProposedVerdict, Verdict } from './log.ts';
import type { Ownership } from './ownership.ts';
import type { Store } from './store.ts';

export interface VerdictParts {
  readonly log: Log;
  readonly store: Store;
  readonly ownership: Ownership;
  /** Of the owner that asks. */
  readonly head: Head;
  readonly proposed: readonly ProposedVerdict[];
}

/**
 * The partition's verdicts; those proposed are stored first. Throws `turn.undecided` for one that cannot be
 * passed, because an owner whose last turns are unknown may have applied its message: the partition has to wait
 * for an operator.
 */
export async function verdictsOf(parts: VerdictParts): Promise<readonly Verdict[]> {
  const { log, head, proposed } = parts;
  const { partition } = head;
  const stored = (await log.verdicts()).filter((verdict) => verdict.partition === partition);
  const open = proposed.filter(
    (one) =>
      one.partition === partition &&
      !isApplied(parts, one) &&
      !stored.some(({ entry, index }) => one.entry === entry && one.index === index),
  );
  for (const { epochs, ...verdict } of open) {
    const unknown = head.predecessors.find(
      ({ epoch, until }) => until > verdict.entry && !epochs.includes(epoch),
    );
    if (unknown !== undefined) throw undecidable(verdict, unknown.epoch);
    await append(parts, verdict);
    stored.push(verdict);
  }
  return stored;
}

async function append({ log, ownership }: VerdictParts, verdict: Verdict): Promise<void> {
  try {
    await log.appendVerdict(verdict, ownership.guard(0));
  } catch (error) {
    if (toBanyanError(error).code !== 'log.conflict') throw error;
    await ownership.conflict();
    // Another partition was taken from us, or this one; then nobody asks any more.
    if (ownership.claimOf(verdict.partition) === undefined) throw error;
    await log.appendVerdict(verdict, ownership.guard(0));
  }
}

function isApplied({ store, head }: VerdictParts, { entry, index }: Verdict): boolean {
  const cursor = readCursor({ get: (bucket, name) => store.get(bucket + name) }, head.partition);
  return cursor !== undefined && (cursor.seq > entry || (cursor.seq === entry && cursor.index >= index));
}

function undecidable({ partition, entry, index, code, detail }: Verdict, epoch: number): BanyanError {
  return new BanyanError('turn.undecided', {
    message: `Message ${index} of entry ${entry} of partition ${partition} keeps ending its shard (${code}), but the owner of epoch ${epoch} may have applied it. ${detail}`,
  });
}
