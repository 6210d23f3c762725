/**
 * Keeps the mailbox from standing still when it is full (rule R10). The broker refuses publishers at `max_bytes`;
 * checkpoints trim what was processed, which makes room without needing any. What the runtime must append to go
 * on, effects and claims, gets a little more than the limit, for as long as it takes.
 */
import type { JetStreamManager } from '@nats-io/jetstream';
import { toBanyanError } from '../protocol/errors.ts';

/** What a full mailbox can ask of its node. */
export interface MailboxUsers {
  /** Trims what was processed, now. */
  press(): Promise<void>;
  /** Effects wait for room, or a shard does that cannot start without. */
  waiting(): Promise<boolean>;
}

/** From this share of the limit on, processed entries are trimmed at once. */
const PRESSED = 0.5;
/** Room for what waits, at each look; publishers may take some of it. */
const DRAIN_BYTES = 4 * 1024 * 1024;

/** Looks once. The limit is never below what is stored, and comes back to `mailboxBytes` when that fits again. */
export async function adjustMailboxLimit(
  jsm: JetStreamManager,
  stream: string,
  mailboxBytes: number,
  users: MailboxUsers,
): Promise<void> {
  const { config, state } = await jsm.streams.info(stream);
  if (state.bytes > mailboxBytes * PRESSED) await users.press();
  const drain = state.bytes + Math.min(DRAIN_BYTES, Math.ceil(mailboxBytes / 4));
  const isTight = config.max_bytes < drain;
  const wanted = isTight && (await users.waiting()) ? drain : Math.max(mailboxBytes, state.bytes);
  if (wanted === config.max_bytes || (isTight && wanted < config.max_bytes)) return;
  await jsm.streams.update(stream, { max_bytes: wanted });
}

/** What the runtime itself appends at once: claims, a verdict, an announcement. */
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
