/**
 * The version of a tail (rule R13). Entries are turned with one version of the actors; replaying them with
 * another may compute something else. A partition therefore remembers in the log which versions have turned
 * it, and changes version only where nothing is left to replay.
 */
import { BanyanError } from '../protocol/errors.ts';
import type { Log } from './log.ts';

export interface Tail {
  readonly partition: number;
  /** The last entry that the local state has applied; 0 for a rebuild. */
  readonly position: number;
  /** The partition's last entry. */
  readonly end: number;
  /** The versions that have turned it so far, oldest first. */
  readonly stamps: readonly string[];
}

/**
 * Takes a partition over with `turnVersion`. Throws `version.tail` when entries would be replayed with another
 * version than the one that turned them, unless an operator accepts that.
 */
export async function takeTail(log: Log, tail: Tail, turnVersion: string, accepted: boolean): Promise<void> {
  const { partition, position, end, stamps } = tail;
  // What is replayed: everything on a rebuild, else what lies behind the cursor, which only the last version has seen.
  const involved = position === 0 ? stamps : stamps.slice(-1);
  const foreign = involved.find((version) => version !== turnVersion);
  if (foreign !== undefined && position < end && !accepted) {
    throw new BanyanError('version.tail', {
      message: `Entries ${position + 1} to ${end} of partition ${partition} were turned by version ${foreign}; this is ${turnVersion}.`,
    });
  }
  if (stamps.at(-1) !== turnVersion) await log.appendStamp(partition, turnVersion);
}
