/**
 * Keeps the mailbox's limit a limit of what waits to be processed (rule R10). The broker refuses publishers
 * at `max_bytes`; until checkpoints trim what was processed, the node raises `max_bytes` by it instead. A full
 * mailbox therefore drains by itself: processing makes room, without room being needed first.
 */
import { type JetStreamManager } from '@nats-io/jetstream';

/** How much has been processed: the cursors of all partitions, as a share of the log's entries. */
export interface Progress {
  /** 0..1 of the entries that the log holds. */
  readonly processed: number;
}

/** The limit that leaves room for `mailboxBytes` of unprocessed messages in a log of `storedBytes`. */
export function limitFor(storedBytes: number, processed: number, mailboxBytes: number): number {
  return Math.ceil(storedBytes * Math.min(1, Math.max(0, processed))) + mailboxBytes;
}

/** Small changes are not worth a change of the stream. */
const STEP = 0.05;

/** Adjusts the stream's limit once; resolves with the limit in force. It never falls below what is stored. */
export async function adjustMailboxLimit(
  jsm: JetStreamManager,
  stream: string,
  mailboxBytes: number,
  progress: Progress,
): Promise<number> {
  const { config, state } = await jsm.streams.info(stream);
  const wanted = Math.max(state.bytes, limitFor(state.bytes, progress.processed, mailboxBytes));
  if (Math.abs(wanted - config.max_bytes) < mailboxBytes * STEP) return config.max_bytes;
  await jsm.streams.update(stream, { max_bytes: wanted });
  return wanted;
}
