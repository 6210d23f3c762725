/**
 * Gives a partition up: nothing more is turned, what was sent is acknowledged, the last checkpoint holds everything,
 * and the log says that nobody owns it. Whoever takes it next need not fence us then.
 */
import type { Clock } from './clock.ts';
import type { OwnedPartition } from './owned-partition.ts';
import type { Ownership } from './ownership.ts';
import { within } from './patience.ts';
import type { Sender } from './sender.ts';

export interface HandOverParts {
  readonly clock: Clock;
  readonly sender: Sender;
  readonly ownership: Ownership;
  /** Deletes the outbox rows of what was acknowledged, so that the checkpoint has none. */
  readonly tidy: () => void;
}

/**
 * Resolves within `graceMs`. What has no acknowledgement by then, or no checkpoint, leaves the claim as it stands:
 * frames that are still under way must be refused once another owner has come. Throws what the broker does.
 */
export async function handOver(
  owned: OwnedPartition,
  { clock, sender, ownership, tidy }: HandOverParts,
  graceMs: number,
): Promise<void> {
  let late = false;
  try {
    await within(clock, graceMs / 2, async () => {
      await owned.quiesce();
      await sender.idle(owned.id);
    });
    tidy();
    await within(clock, graceMs / 2, async () => {
      await owned.leave();
      // One that has stopped wrote no checkpoint, and what it had under way is forgotten but not refused.
      const isQuiet = owned.status === 'releasing' && sender.isIdle(owned.id);
      if (isQuiet && !late) await ownership.release(owned.id);
    });
  } finally {
    late = true;
    ownership.abandon(owned.id);
  }
}
