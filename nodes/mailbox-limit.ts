/**
 * Keeps the mailbox's limit a limit of what waits to be processed (rule R10). The broker refuses publishers
 * at `max_bytes`; until checkpoints trim what was processed, the node raises `max_bytes` by it instead. A full
 * mailbox therefore drains by itself: processing makes room, without room being needed first.
 */
import type { JetStreamManager } from '@nats-io/jetstream';
import { toBanyanError } from '../protocol/errors.ts';

/** The limit that leaves room for `mailboxBytes` of unprocessed messages in a log of `storedBytes`. */
export function limitFor(storedBytes: number, processed: number, mailboxBytes: number): number {
  return Math.ceil(storedBytes * Math.min(1, Math.max(0, processed))) + mailboxBytes;
}

/** Small changes are not worth a change of the stream, nor the look at every partition that they need. */
const STEP = 0.05;

/**
 * Adjusts the stream's limit once. It never falls below what is stored, and falls only when nothing waits.
 * `processed` is the share of the log's entries that was turned, 0 to 1, undefined while nobody knows; it is
 * asked for only when it matters. While `effectsWait` in a full mailbox, for turns to go on, it gets a little
 * room whatever the share: a few effects more may be all that is missing for the share to grow.
 */
export async function adjustMailboxLimit(
  jsm: JetStreamManager,
  stream: string,
  mailboxBytes: number,
  processed: () => Promise<number | undefined>,
  effectsWait: () => Promise<boolean>,
): Promise<void> {
  const { config, state } = await jsm.streams.info(stream);
  const room = config.max_bytes - state.bytes;
  if (Math.abs(room - mailboxBytes) < mailboxBytes * STEP) return;
  const share = await processed();
  if (share === undefined) return;
  const wanted = Math.max(state.bytes, limitFor(state.bytes, share, mailboxBytes));
  const least = state.bytes + Math.min(DRAIN_BYTES, Math.ceil(mailboxBytes / 4));
  if (Math.max(wanted, config.max_bytes) < least && (await effectsWait())) {
    await jsm.streams.update(stream, { max_bytes: least });
    return;
  }
  if (Math.abs(wanted - config.max_bytes) < mailboxBytes * STEP) return;
  if (wanted < config.max_bytes && share < 1) return;
  await jsm.streams.update(stream, { max_bytes: wanted });
}

/** Room for the effects that wait, at each look; publishers may take some of it. */
const DRAIN_BYTES = 4 * 1024 * 1024;

/** What the runtime itself appends at once: a stamp for each partition, a verdict, an announcement. */
const OWN_BYTES = 256 * 1024;
const ATTEMPTS = 5;

/**
 * Room for what must be written before anything else can be processed, in a mailbox that publishers have
 * filled: without it, a full mailbox could not begin to drain.
 */
export async function makeRoom(jsm: JetStreamManager, stream: string): Promise<void> {
  const { config, state } = await jsm.streams.info(stream);
  const wanted = state.bytes + OWN_BYTES;
  if (config.max_bytes < wanted) await jsm.streams.update(stream, { max_bytes: wanted });
}

/** Appends an entry of the runtime's own. Publishers may take the room that was made, so it is tried again. */
export async function appendOwn<T>(
  jsm: JetStreamManager,
  stream: string,
  append: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await append();
    } catch (error) {
      if (toBanyanError(error).code !== 'log.full' || attempt === ATTEMPTS) throw error;
      await makeRoom(jsm, stream);
    }
  }
}
