/**
 * Another system that sends messages: to each receiver one at a time, and each until it is acknowledged, with the
 * same id. Some number their messages, others rely on the broker's memory for ids; bytes that are no message
 * always have an id, because nobody can read a number off them.
 */
import { encode } from '../../protocol/codec.ts';
import { encodeFrame, encodeRecord } from '../../protocol/frame.ts';
import { HEADER } from '../../protocol/headers.ts';
import { partitionOfAddress } from '../../runtime/outbox.ts';
import type { Subjects } from '../../protocol/subjects.ts';
import type { Broker } from './broker.ts';
import type { History, Intended } from './history.ts';
import { Process } from './process.ts';
import { RemoteLog } from './remote-log.ts';
import type { Planned } from './workload.ts';

const RETRY_MS = 400;

export interface ClientParts {
  readonly name: string;
  readonly broker: Broker;
  readonly history: History;
  readonly subjects: Subjects;
  readonly partitions: number;
  /** Numbers its messages; otherwise each has a `Nats-Msg-Id`. */
  readonly numbers: boolean;
}

export class Client {
  readonly #parts: ClientParts;
  readonly #process: Process;
  readonly #log: RemoteLog;
  /** The last number, and the last message's end, by receiver. */
  readonly #numbers = new Map<string, number>();
  readonly #lines = new Map<string, Promise<void>>();
  #waiting = 0;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#process = new Process(`${parts.name}-0`, parts.broker.scheduler, () => {});
    this.#log = new RemoteLog(parts.broker, this.#process);
  }

  /** Messages without an acknowledgement. */
  get waiting(): number {
    return this.#waiting;
  }

  send(planned: Planned): void {
    this.#waiting++;
    const before = this.#lines.get(planned.to) ?? Promise.resolve();
    const sent = before.then(() => this.#until(this.#attempt(planned)));
    this.#lines.set(
      planned.to,
      sent.then(() => void this.#waiting--),
    );
  }

  /** What one attempt is; every attempt at a message is the same. */
  #attempt({ to, what }: Planned): () => Promise<void> {
    const { broker, history, subjects, partitions, name, numbers } = this.#parts;
    if ('order' in what) {
      const record = encodeRecord({ kind: 'control', to, message: { type: what.order } });
      const partition = partitionOfAddress(to, partitions);
      return async () => void (await this.#log.appendFrame(partition, encodeFrame([record]), undefined));
    }
    const number = (this.#numbers.get(to) ?? 0) + 1;
    this.#numbers.set(to, number);
    const id = `${name}:${to}:${number}`;
    const intended: Intended = {
      id,
      client: name,
      subject: subjects.to(to),
      sentMs: broker.scheduler.nowMs,
      seq: undefined,
    };
    history.intended.push(intended);
    const data = 'bytes' in what ? what.bytes : encode(what.message);
    const headers: Record<string, string> =
      numbers && !('bytes' in what)
        ? { [HEADER.sender]: name, [HEADER.seq]: String(number) }
        : { [HEADER.msgId]: id };
    return async () => {
      intended.seq = await broker.publish(this.#process, intended, data, headers);
    };
  }

  async #until(attempt: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await attempt();
      } catch {
        await new Promise<void>((resolve) => this.#parts.broker.scheduler.after(RETRY_MS, resolve));
      }
    }
  }
}
