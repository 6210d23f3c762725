/**
 * Reads one partition into delivery, from the cursor on, for as long as its shard lives. Before it reads, and
 * again after every interruption, the log must still be the one that the cursor belongs to (rule R9). What
 * cannot be trusted stops the partition, with a reason; the others go on.
 */
import { BanyanError, toBanyanError, type WireError } from '../protocol/errors.ts';
import type { Clock } from './clock.ts';
import type { Delivery } from './deliver.ts';
import type { Log, LogReader, LogState } from './log.ts';
import type { Outbox } from './outbox.ts';
import type { Partition } from './partition.ts';
import { patiently } from './patience.ts';
import { takeTail } from './tail-version.ts';

export interface PartitionReaderParts {
  readonly partition: Partition;
  readonly outbox: Outbox;
  readonly log: Log;
  readonly clock: Clock;
  readonly delivery: Delivery;
  /** The identity of the log that the local state comes from. */
  readonly storedIdentity: () => string;
  readonly turnVersion: string;
  readonly acceptTail: boolean;
  readonly stopped: () => boolean;
  /** It has read everything that was there when it was opened. */
  readonly onReady: () => void;
  readonly report: (level: 'warn' | 'error', message: string, details: object) => void;
}

/** What a partition is doing. `stopped` waits for an operator; the error says what can be done. */
export interface PartitionStatus {
  readonly id: number;
  readonly status: 'opening' | 'catching-up' | 'ready' | 'stopped';
  readonly cursor: { readonly seq: number; readonly index: number } | undefined;
  readonly error: WireError | undefined;
}

const RETRY_MS = 250;

export class PartitionReader {
  readonly partition: Partition;
  readonly outbox: Outbox;
  status: PartitionStatus['status'] = 'opening';
  error: BanyanError | undefined;
  readonly #parts: PartitionReaderParts;
  #reader: LogReader | undefined;
  /** Where the log ended when the partition was opened: from there on it is caught up. */
  #end = 0;
  #waiting: (() => void)[] = [];

  constructor(parts: PartitionReaderParts) {
    this.#parts = parts;
    this.partition = parts.partition;
    this.outbox = parts.outbox;
  }

  /** Resolves once it reads, or has stopped with its reason. */
  async open(state: LogState, stamps: readonly string[]): Promise<void> {
    const { log, turnVersion, acceptTail } = this.#parts;
    const { id, position } = this.partition;
    try {
      await this.#verify(state);
      this.#end = await this.#patiently(() => log.end(id));
      const tail = { partition: id, position, end: this.#end, stamps };
      await this.#patiently(() => takeTail(log, tail, turnVersion, acceptTail));
      if (this.#parts.stopped()) return;
      this.partition.markOpened();
      this.status = 'catching-up';
      this.outbox.resume();
      this.progressed();
      void this.#read();
    } catch (error) {
      this.#fail(toBanyanError(error));
    }
  }

  /** A window with entries of this partition has committed. */
  progressed(): void {
    if (this.status === 'catching-up' && this.partition.position >= this.#end) {
      this.status = 'ready';
      this.#parts.onReady();
    }
    this.#wakeWaiting();
  }

  /** Resolves when the entry was applied or the partition stops; throws `partition.unavailable` when it is late. */
  async reached(entry: number, patienceMs: number): Promise<void> {
    let late = false;
    const cancel = this.#parts.clock.setTimer(patienceMs, () => {
      late = true;
      this.#wakeWaiting();
    });
    try {
      while (this.status === 'ready' && this.partition.position < entry) {
        if (late)
          throw new BanyanError('partition.unavailable', {
            message: `Entry ${entry} was not applied within ${patienceMs} ms.`,
            retryAfterMs: 500,
          });
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      cancel();
    }
  }

  describe(): PartitionStatus {
    const { id, cursor } = this.partition;
    return {
      id,
      status: this.status,
      cursor: cursor === undefined ? undefined : { seq: cursor.seq, index: cursor.index },
      error: this.error?.toWire(),
    };
  }

  /** Ends the reader that runs; unless the shard has stopped, the partition is verified and read anew. */
  async interrupt(): Promise<void> {
    await this.#reader?.stop();
  }

  async #read(): Promise<void> {
    const { log, delivery, stopped, report } = this.#parts;
    while (!stopped() && this.status !== 'stopped') {
      try {
        this.#reader = log.read(this.partition.id, this.partition.position);
        for await (const entry of this.#reader.entries) await delivery.receive(this.partition, entry);
      } catch (error) {
        report('warn', 'Reading a partition was interrupted; it starts again.', {
          partition: this.partition.id,
          error: toBanyanError(error).toWire(),
        });
        await new Promise<void>((resolve) => void this.#parts.clock.setTimer(RETRY_MS, resolve));
      }
      if (stopped()) return;
      delivery.forget(this.partition);
      try {
        await this.#verify(await this.#patiently(() => log.state()));
      } catch (error) {
        this.#fail(toBanyanError(error));
      }
    }
  }

  async #verify({ identity, firstSeq }: LogState): Promise<void> {
    const { log, storedIdentity, stopped } = this.#parts;
    // Whoever stops the shard closes its store.
    if (stopped()) return;
    const { id, cursor, wasOpened } = this.partition;
    if (storedIdentity() !== identity) {
      throw new BanyanError('log.foreign', {
        message: `The local state belongs to the log ${storedIdentity()}, the broker holds ${identity}.`,
      });
    }
    if (cursor === undefined) {
      if (firstSeq <= 1 || wasOpened) return;
      throw new BanyanError('log.truncated', {
        message: `The log begins at entry ${firstSeq}; without local state it cannot be replayed from the start.`,
      });
    }
    const hash = await this.#patiently(() => log.hashAt(cursor.seq));
    if (hash === cursor.hash) return;
    const what = hash === undefined ? 'no longer holds' : 'holds with another content';
    throw new BanyanError('log.truncated', {
      message: `Partition ${id} has applied entry ${cursor.seq}, which the log ${what}.`,
    });
  }

  #fail(error: BanyanError): void {
    // A shard that stops takes its readers' errors with it.
    if (this.#parts.stopped()) return;
    this.status = 'stopped';
    this.error = error;
    void this.interrupt();
    this.#parts.delivery.forget(this.partition);
    this.#wakeWaiting();
    this.#parts.report('error', `Partition ${this.partition.id} has stopped: ${error.message}`, {
      partition: this.partition.id,
      error: error.toWire(),
    });
  }

  #wakeWaiting(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #patiently<T>(attempt: () => Promise<T>): Promise<T> {
    return patiently(this.#parts.clock, this.#parts.stopped, attempt);
  }
}
