/**
 * Keeps the mailbox's limit a limit of what waits to be processed (rule R10). The broker refuses publishers
 * at `max_bytes`; until checkpoints trim what was processed, the node raises `max_bytes` by it instead. A full
 * mailbox therefore drains by itself: processing makes room, without room being needed first.
 */
import { type JetStreamManager } from '@nats-io/jetstream';

/** The limit that leaves room for `mailboxBytes` of unprocessed messages in a log of `storedBytes`. */
export function limitFor(storedBytes: number, processed: number, mailboxBytes: number): number {
  return Math.ceil(storedBytes * Math.min(1, Math.max(0, processed))) + mailboxBytes;
}

/** Small changes are not worth a change of the stream, nor the look at every partition that they need. */
const STEP = 0.05;

/**
 * Adjusts the stream's limit once. It never falls below what is stored. `processed` is the share of the log's
 * entries that was turned, 0 to 1; it is asked for only when it matters.
 */
export async function adjustMailboxLimit(
  jsm: JetStreamManager,
  stream: string,
  mailboxBytes: number,
  processed: () => Promise<number>,
): Promise<void> {
  const { config, state } = await jsm.streams.info(stream);
  const room = config.max_bytes - state.bytes;
  if (Math.abs(room - mailboxBytes) < mailboxBytes * STEP) return;
  const wanted = Math.max(state.bytes, limitFor(state.bytes, await processed(), mailboxBytes));
  if (Math.abs(wanted - config.max_bytes) < mailboxBytes * STEP) return;
  await jsm.streams.update(stream, { max_bytes: wanted });
}
