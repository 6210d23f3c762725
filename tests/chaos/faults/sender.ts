/**
 * Another system that sends messages over a connection of its own: to each receiver one at a time, and each until
 * it is acknowledged, always the same. Some number their messages, others rely on the broker's memory for ids;
 * bytes that are no message always have an id, because nobody can read a number off them.
 */
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { encode } from '../../../protocol/codec.ts';
import { encodeFrame, encodeRecord } from '../../../protocol/frame.ts';
import { HEADER } from '../../../protocol/headers.ts';
import type { Subjects } from '../../../protocol/subjects.ts';
import { partitionOfAddress } from '../../../runtime/outbox.ts';
import type { History, Intended } from '../../simulation/history.ts';
import type { Planned } from '../../simulation/workload.ts';
import { lasting } from './passing-time.ts';

const TIMEOUT_MS = 1_500;
const RETRY_MS = 200;

export interface SenderParts {
  readonly name: string;
  readonly connection: NatsConnection;
  readonly history: History;
  readonly subjects: Subjects;
  readonly partitions: number;
  /** Numbers its messages; otherwise each has a `Nats-Msg-Id`. */
  readonly numbers: boolean;
}

export class Sender {
  readonly #parts: SenderParts;
  readonly #js: JetStreamClient;
  /** The last number, and the last message's end, by receiver. */
  readonly #numbers = new Map<string, number>();
  readonly #lines = new Map<string, Promise<void>>();
  #waiting = 0;
  #isStopped = false;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#js = jetstream(parts.connection);
  }

  /** Messages without an acknowledgement, also those to come. */
  get waiting(): number {
    return this.#waiting;
  }

  sendAt(delayMs: number, planned: Planned): void {
    this.#waiting++;
    setTimeout(() => {
      this.#waiting--;
      if (!this.#isStopped) void this.send(planned);
    }, delayMs);
  }

  /** Resolves when it was acknowledged. */
  send(planned: Planned): Promise<void> {
    this.#waiting++;
    const before = this.#lines.get(planned.to) ?? Promise.resolve();
    const sent = before.then(() => this.#until(this.#attempt(planned))).then(() => void this.#waiting--);
    this.#lines.set(planned.to, sent);
    return sent;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** What one attempt is; every attempt at a message is the same. */
  #attempt({ to, what }: Planned): () => Promise<void> {
    const { history, subjects, partitions, name, numbers } = this.#parts;
    if ('order' in what) {
      const frame = encodeFrame([encodeRecord({ kind: 'control', to, message: { type: what.order } })]);
      const subject = subjects.frame(partitionOfAddress(to, partitions));
      return async () => void (await this.#publish(subject, frame, { [HEADER.frame]: '1' }));
    }
    const number = (this.#numbers.get(to) ?? 0) + 1;
    this.#numbers.set(to, number);
    const id = `${name}:${to}:${number}`;
    const subject = subjects.to(to);
    const intended: Intended = { id, client: name, subject, sentMs: Date.now(), seq: undefined };
    history.intended.push(intended);
    const data = 'bytes' in what ? what.bytes : encode(what.message);
    const carried: Record<string, string> =
      numbers && !('bytes' in what)
        ? { [HEADER.sender]: name, [HEADER.seq]: String(number) }
        : { [HEADER.msgId]: id };
    return async () => {
      intended.seq = await this.#publish(subject, data, carried);
    };
  }

  async #publish(
    subject: string,
    data: Uint8Array,
    given: Readonly<Record<string, string>>,
  ): Promise<number> {
    const carried = headers();
    for (const [name, value] of Object.entries(given)) carried.set(name, value);
    const { seq } = await this.#js.publish(subject, data, { headers: carried, timeout: TIMEOUT_MS });
    // An acknowledgement without a sequence promises nothing.
    if (seq > 0) return seq;
    throw new Error('Nothing was stored.');
  }

  async #until(attempt: () => Promise<void>): Promise<void> {
    while (!this.#isStopped) {
      try {
        return await attempt();
      } catch {
        await lasting(RETRY_MS);
      }
    }
  }
}
