/** Dead letters: replayed, or dropped. What is settled leaves the stream, and a tombstone says that it was there. */
import {
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
} from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { isAddress } from '../protocol/address.ts';
import { decode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { HEADER } from '../protocol/headers.ts';
import type { Subjects } from '../protocol/subjects.ts';
import type { DeadLetter } from '../protocol/wire.ts';
import { RESERVED_SENDERS } from '../runtime/receive.ts';

export interface Settled {
  readonly settled: readonly string[];
  readonly missing: readonly string[];
}

interface Stored {
  readonly seq: number;
  readonly letter: DeadLetter;
}

/** Sends what only actors may send; `id` numbers it. */
export type TellInternal = (
  address: string,
  message: { readonly type: string },
  id: string,
) => Promise<number>;

/** Letters may be settled while we read: then the one we wait for never comes. */
const READ_MS = 1_000;
const READ_AT_ONCE = 500;

export class DeadLetters {
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;
  readonly #subjects: Subjects;
  readonly #tellInternal: TellInternal;

  private constructor(
    js: JetStreamClient,
    jsm: JetStreamManager,
    subjects: Subjects,
    tellInternal: TellInternal,
  ) {
    this.#js = js;
    this.#jsm = jsm;
    this.#subjects = subjects;
    this.#tellInternal = tellInternal;
  }

  static async open(
    connection: NatsConnection,
    subjects: Subjects,
    tellInternal: TellInternal,
  ): Promise<DeadLetters> {
    return new DeadLetters(jetstream(connection), await jetstreamManager(connection), subjects, tellInternal);
  }

  /**
   * Sends each message to its actor once more. Its sender is the dead letter (rule R5), so that replaying it
   * twice, or crashing in between, has one effect. Throws `dead.not_found` when none of the ids is known.
   */
  async replay(ids: readonly string[]): Promise<Settled> {
    return this.#settle(ids, async ({ letter }) => {
      const to = letter.to;
      if (to === null || !isAddress(to))
        throw new BanyanError('address.invalid', { message: `The dead letter ${letter.id} names no actor.` });
      if (letter.internal) {
        if (letter.message === undefined)
          throw new BanyanError('message.malformed', {
            message: `The dead letter ${letter.id} has no message.`,
          });
        await this.#tellInternal(
          to,
          letter.message as { type: string },
          `${RESERVED_SENDERS.deadLetter}${letter.id}#1`,
        );
        return;
      }
      const carried = headers();
      carried.set(HEADER.sender, RESERVED_SENDERS.deadLetter + letter.id);
      carried.set(HEADER.seq, '1');
      if (letter.contentType !== undefined && letter.contentType !== null)
        carried.set(HEADER.contentType, letter.contentType);
      await this.#js.publish(this.#subjects.to(to), letter.body ?? new Uint8Array(), { headers: carried });
    });
  }

  /** Removes dead letters for good. */
  async drop(ids: readonly string[]): Promise<Settled> {
    return this.#settle(ids, async () => {});
  }

  async #settle(ids: readonly string[], act: (stored: Stored) => Promise<void>): Promise<Settled> {
    const found = await this.#find(new Set(ids));
    if (found.size === 0)
      throw new BanyanError('dead.not_found', { message: `No dead letter is called ${ids.join(', ')}.` });
    for (const [id, stored] of found) {
      await act(stored);
      // First the tombstone: a rebuild must never bring back what an operator has settled.
      const carried = headers();
      carried.set(HEADER.from, id);
      await this.#js.publish(this.#subjects.deadSettled, new Uint8Array(), { headers: carried });
      await this.#delete(stored.seq);
    }
    return { settled: [...found.keys()], missing: ids.filter((id) => !found.has(id)) };
  }

  /** The server refuses in several ways what somebody else has deleted meanwhile. */
  async #delete(seq: number): Promise<void> {
    try {
      await this.#jsm.streams.deleteMessage(this.#subjects.streams.dead, seq);
    } catch (error) {
      const gone = async () =>
        (await this.#jsm.streams.getMessage(this.#subjects.streams.dead, { seq })) === null;
      if (!(error instanceof JetStreamApiError) || !(await gone())) throw error;
    }
  }

  async #find(ids: ReadonlySet<string>): Promise<Map<string, Stored>> {
    const found = new Map<string, Stored>();
    const { state } = await this.#jsm.streams.info(this.#subjects.streams.dead);
    if (state.messages === 0) return found;
    const consumer = await this.#js.consumers.get(this.#subjects.streams.dead);
    for (let read = -1; read !== 0 && found.size < ids.size;) {
      read = 0;
      for await (const message of await consumer.fetch({ max_messages: READ_AT_ONCE, expires: READ_MS })) {
        read++;
        if (message.subject !== this.#subjects.deadSettled && message.data.byteLength > 0) {
          const letter = readLetter(message.data);
          if (letter !== undefined && ids.has(letter.id)) found.set(letter.id, { seq: message.seq, letter });
        }
        if (message.info.pending === 0 || message.seq >= state.last_seq) return found;
        if (found.size === ids.size) break;
      }
    }
    return found;
  }
}

/** Undefined for what somebody else got stored where only nodes should publish. */
function readLetter(data: Uint8Array): DeadLetter | undefined {
  try {
    const letter = decode(data) as Partial<DeadLetter> | null;
    return typeof letter?.id === 'string' ? (letter as DeadLetter) : undefined;
  } catch {
    return undefined;
  }
}
