/**
 * A stream of entries over the network: in order and without gaps while it lives. It may bring its last entries
 * again, fall silent, or break; it never skips one.
 */
import { BanyanError } from '../../protocol/errors.ts';
import type { LogEntry, LogReader } from '../../runtime/log.ts';
import type { Broker } from './broker.ts';
import type { Process } from './process.ts';

export function openStream(broker: Broker, process: Process, partition: number, after: number): LogReader {
  const stream = new EntryStream(broker, process, partition, after);
  return { entries: stream.walk(), stop: () => stream.stop() };
}

/** A stream that repeats itself brings so many entries again, in order. */
const REPEATED = 3;

class EntryStream {
  readonly process: Process;
  readonly #broker: Broker;
  readonly #arrived: LogEntry[] = [];
  #source: LogReader | undefined;
  #error: BanyanError | undefined;
  #ended = false;
  #silent = false;
  #wake = (): void => {};
  /** Entries do not overtake each other. */
  #arrivesMs = 0;

  constructor(broker: Broker, process: Process, partition: number, after: number) {
    this.process = process;
    this.#broker = broker;
    const live = process.call();
    if (live === undefined) return;
    broker.network.streams.add(this);
    broker.scheduler.after(broker.network.delayMs(), () => void this.#pump(partition, after));
    live();
  }

  async *walk(): AsyncGenerator<LogEntry> {
    for (;;) {
      const entry = this.#arrived.shift();
      if (entry !== undefined && !this.#ended) yield entry;
      else if (this.#ended) return;
      else if (this.#error !== undefined) throw this.#error;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async stop(): Promise<void> {
    this.#ended = true;
    this.#close();
    this.#wake();
  }

  silence(): void {
    this.#silent = true;
  }

  sever(): void {
    this.#close();
    this.process.deliver(() => {
      this.#error = new BanyanError('log.unavailable', { message: 'the connection was lost' });
      this.#wake();
    });
  }

  #close(): void {
    this.#broker.network.streams.delete(this);
    this.#silent = true;
    void this.#source?.stop();
  }

  async #pump(partition: number, after: number): Promise<void> {
    const { log, network, scheduler } = this.#broker;
    if (this.#ended || this.#silent) return;
    // Whoever opens one while the broker is away hears of it, sooner or later.
    if (!network.reaches(this.process)) return void scheduler.after(2_000, () => this.sever());
    this.#source = log.read(partition, after);
    let last: LogEntry[] = [];
    for await (const entry of this.#source.entries) {
      if (this.#silent || !network.reaches(this.process)) return;
      this.#bring(entry);
      last = [...last.slice(1 - REPEATED), entry];
      // As a consumer that was made anew behind our back.
      if (this.#broker.repeats()) for (const again of last) this.#bring(again);
    }
  }

  #bring(entry: LogEntry): void {
    const { scheduler, network } = this.#broker;
    this.#arrivesMs = Math.max(this.#arrivesMs, scheduler.nowMs + network.delayMs());
    scheduler.after(this.#arrivesMs - scheduler.nowMs, () =>
      this.process.deliver(() => {
        this.#arrived.push(entry);
        this.#wake();
      }),
    );
  }
}
