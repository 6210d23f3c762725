/** Reads a partition's checkpointed state into a store (rule R11). */
import { BanyanError } from '../protocol/errors.ts';
import type { StoredHead } from './checkpoint-log.ts';
import { RowReader } from './checkpoint-rows.ts';
import { buckets } from './keys.ts';
import type { Log } from './log.ts';
import { noteSlots } from './state-slots.ts';
import type { Change, Store } from './store.ts';
import { noteUnsaved } from './unsaved-rows.ts';

/** Rows in one commit; what is asked of the thread meanwhile is answered between two. */
const ROWS_AT_ONCE = 1_000;
/** A reader that is not the owner follows a head that moves, for so many rounds. */
const ROUNDS = 20;

/**
 * Loads everything up to a head, with what this copy must note about it, over whatever the store held of the
 * partition. If the head moves meanwhile, because this is not the owner, loads on up to the newer one. Returns
 * the head that the store stands at.
 */
export async function loadState(log: Log, store: Store, head: StoredHead): Promise<StoredHead> {
  const { partition } = head;
  wipe(store, partition);
  let rows = new RowReader();
  let after = 0;
  let until = head;
  for (let round = 0; round < ROUNDS; round++) {
    let changes: Change[] = [];
    for await (const record of log.readState(partition, until.seq, after)) {
      changes.push(...rows.read(record));
      if (changes.length >= ROWS_AT_ONCE) store.commit(changes.splice(0));
    }
    store.commit(changes);
    const now = await log.head(partition);
    if (now === undefined || now.seq === until.seq) {
      noteSlots(store, partition, rows.slots, rows.next);
      noteUnsaved(store, partition, [...rows.bundled]);
      return until;
    }
    after = until.seq;
    if (until.bundles > 0) {
      // Rows of a bundle that is replaced say nothing of those that are gone.
      wipe(store, partition);
      rows = new RowReader();
      after = 0;
    }
    until = now;
    changes = [];
  }
  throw new BanyanError('log.unavailable', {
    message: `The state of partition ${partition} changes faster than it can be read.`,
  });
}

/** Forgets a partition, also what this copy noted about itself. */
export function wipe(store: Store, partition: number): void {
  const bucket = buckets.all(partition);
  for (;;) {
    const names = [...store.range(bucket, { limit: ROWS_AT_ONCE })];
    if (names.length === 0) return;
    store.commit(names.map(([name]): Change => [bucket + name, undefined]));
  }
}
