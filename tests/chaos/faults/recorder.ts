/**
 * Keeps what streams hold while it comes, because checkpoints and trimming remove it later. What is there at the
 * end is read again: an entry that is another one by then was taken back by the broker.
 */
import { jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import { StreamReader } from '../../../runtime/stream-jetstream.ts';
import { lasting } from './passing-time.ts';

/** A message of a stream. */
export interface Kept {
  readonly seq: number;
  readonly timeMs: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
}

const RETRY_MS = 100;

export class Recorder {
  readonly #stream: string;
  readonly #filter: string;
  readonly #reader: StreamReader;
  readonly #kept = new Map<number, Kept>();
  /** Entries that were something else before, as text. */
  readonly replaced: string[] = [];
  #isOver = false;

  private constructor(stream: string, filter: string, reader: StreamReader) {
    this.#stream = stream;
    this.#filter = filter;
    this.#reader = reader;
  }

  /** Begins once the stream exists. */
  static async start(connection: NatsConnection, stream: string, filter: string): Promise<Recorder> {
    const reader = new StreamReader(
      jetstream(connection),
      await jetstreamManager(connection, { checkAPI: false }),
    );
    const recorder = new Recorder(stream, filter, reader);
    void recorder.#follow();
    return recorder;
  }

  /** Reads everything that is left and resolves with all that ever came, in order. */
  async finish(): Promise<Kept[]> {
    this.#isOver = true;
    for await (const message of this.#reader.all(this.#stream, this.#filter, { after: 0 }))
      this.#keep(message);
    return [...this.#kept.values()].sort((a, b) => a.seq - b.seq);
  }

  async #follow(): Promise<void> {
    let last = 0;
    while (!this.#isOver) {
      try {
        for await (const message of this.#reader.walk(this.#stream, this.#filter, { after: last })) {
          if (this.#isOver) return;
          this.#keep(message);
          last = message.seq;
        }
      } catch {
        // The broker is away, or the stream is not there yet.
      }
      await lasting(RETRY_MS);
    }
  }

  #keep({ seq, timestampNanos, subject, data, headers }: JsMsg): void {
    const timeMs = Number(timestampNanos / 1_000_000n);
    const before = this.#kept.get(seq);
    if (before !== undefined && (before.timeMs !== timeMs || before.subject !== subject))
      this.replaced.push(
        `entry ${seq} of ${this.#stream} was ${before.subject} of ${before.timeMs}, is ${subject} of ${timeMs}`,
      );
    this.#kept.set(seq, { seq, timeMs, subject, data, headers });
  }
}
