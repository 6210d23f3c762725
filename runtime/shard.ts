/**
 * A shard: some partitions of the log, their state, and everything that moves them. It knows the world
 * through its four ports only, so that the same code runs in a worker thread and in a simulation.
 */
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { Subjects } from '../protocol/subjects.ts';
import { type ActorEntry, describeActor, describeActors } from './actor-list.ts';
import { Cells } from './cells.ts';
import type { Clock } from './clock.ts';
import type { ContentStore } from './content-store.ts';
import { DeadLetterLog } from './dead-letter-log.ts';
import { Delivery } from './deliver.ts';
import type { Log, LogState, SentMarks } from './log.ts';
import { Outbox, partitionOfAddress } from './outbox.ts';
import { Overlay } from './overlay.ts';
import { type Answer, type ObservedTurn, Partition, wasOpened } from './partition.ts';
import { PartitionReader, type PartitionStatus } from './partition-reader.ts';
import { patiently } from './patience.ts';
import { ProgressWatchdog } from './progress-watchdog.ts';
import { runQuery } from './queries.ts';
import type { Randomness } from './randomness.ts';
import { Sender } from './sender.ts';
import { stateHash } from './state-hash.ts';
import type { Store } from './store.ts';
import type { System } from './system.ts';
import { TaskRunner } from './tasks.ts';
import { TimerService } from './timers.ts';

export type { PartitionStatus } from './partition-reader.ts';

export interface ShardParts {
  readonly node: string;
  readonly system: System;
  readonly subjects: Subjects;
  /** All partitions of the namespace, and those that are ours. */
  readonly partitions: { readonly count: number; readonly owned: readonly number[] };
  readonly log: Log;
  readonly store: Store;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly content: ContentStore;
  /** An operator accepts that entries are replayed with another version of the actors (rule R13). */
  readonly acceptTail: boolean;
  /** Publishes an answer; at most once. */
  readonly answer: (answer: Answer) => void;
  /** An ask to an actor anywhere, for tasks. */
  readonly ask: (address: string, query: string, input?: object) => Promise<unknown>;
  readonly beacon: (partition: number, seq: number, index: number) => void;
  readonly idle: () => void;
  readonly onTurn?: (turn: ObservedTurn) => void;
  /** Which turns `onTurn` sees; see `PartitionParts`. */
  readonly sampler?: (address: Address, type: string) => boolean;
  /** The shard is of no use any more: an environment fault, or a store that failed. */
  readonly onFault: (fault: unknown) => void;
  readonly report: (level: 'info' | 'warn' | 'error', message: string, details: object) => void;
}

/** The store's key for the identity of the log that its state comes from. */
const LOG_IDENTITY = 'log';
/** The store's key for the end of the log when a rebuild began; absent when none is under way. */
const REBUILDING = 'rebuilding';
const TIDY_MS = 200;
/** What the effects that wait for their acknowledgement may take in memory before turns wait. */
const UNACKNOWLEDGED_BYTES = 64 * 1024 * 1024;

export class Shard {
  readonly #parts: ShardParts;
  readonly #overlay: Overlay;
  readonly #cells: Cells;
  readonly #sender: Sender;
  readonly #timers: TimerService;
  readonly #tasks: TaskRunner;
  readonly #delivery: Delivery;
  readonly #deadLetters: DeadLetterLog;
  readonly #readers = new Map<number, PartitionReader>();
  #stopped = false;
  #tidying = false;
  readonly #watchdog: ProgressWatchdog;

  constructor(parts: ShardParts) {
    const { store, log, clock, randomness, system } = parts;
    this.#parts = parts;
    this.#overlay = new Overlay(store);
    this.#cells = new Cells(system, this.#overlay, LIMITS.residentActorsPerShard);
    this.#sender = new Sender(
      log,
      clock,
      randomness,
      (error) =>
        parts.report('warn', 'The broker does not take what we send; it will be repeated.', {
          error: error.toWire(),
        }),
      // Turns may have waited for room, whatever it was that made some: effects, firings or results.
      () => this.#delivery.wake(),
    );
    this.#deadLetters = new DeadLetterLog(clock, parts.report);
    this.#timers = new TimerService(clock, this.#sender);
    this.#tasks = new TaskRunner(
      {
        node: parts.node,
        partitions: parts.partitions.count,
        content: parts.content,
        ask: parts.ask,
        handler: (address, name) =>
          system.kinds.get(address.slice(0, address.indexOf('/')))?.definition.tasks?.[name],
      },
      this.#sender,
    );
    this.#delivery = new Delivery({
      clock,
      overlay: this.#overlay,
      mayTurn: () =>
        this.#sender.unacknowledged < LIMITS.unacknowledgedEffects &&
        this.#sender.unacknowledgedBytes < UNACKNOWLEDGED_BYTES,
      onCommitted: (partition, answers) => this.#committed(partition, answers),
      onFault: (fault) => this.#fail(fault),
      onIdle: parts.idle,
    });
    this.#watchdog = new ProgressWatchdog({
      clock,
      log,
      busy: () => this.#delivery.queued > 0,
      partitions: () =>
        [...this.#readers.values()]
          .filter(({ status }) => status !== 'stopped')
          .map(({ partition }) => partition),
      stalled: (partition, end) => {
        parts.report('warn', 'A partition made no progress; it is read anew.', {
          partition: partition.id,
          position: partition.position,
          end,
        });
        void this.#readers.get(partition.id)?.interrupt();
      },
    });
  }

  /** Opens every partition and starts reading. Resolves once each is reading or has stopped with its reason. */
  async start(): Promise<void> {
    const { partitions, log } = this.#parts;
    const [state, verdicts, stamps] = await this.#patiently(() =>
      Promise.all([log.state(), log.verdicts(), log.stamps()]),
    );
    // Stopped meanwhile: the store is closed.
    if (this.#stopped) return;
    this.#bindStore(state.identity);
    const sent = await this.#sentBefore(state);
    if (this.#stopped) return;
    for (const id of partitions.owned) {
      const outbox = new Outbox(this.#overlay, this.#sender, id, partitions.count, sent, () =>
        this.#settled(),
      );
      const partition = new Partition({
        id,
        overlay: this.#overlay,
        cells: this.#cells,
        outbox,
        subjects: this.#parts.subjects,
        verdicts: verdicts.filter((verdict) => verdict.partition === id),
        beacon: this.#parts.beacon,
        onDeadLetter: (letter, traceparent) => this.#deadLetters.add(letter, traceparent),
        ...(this.#parts.onTurn === undefined ? {} : { onTurn: this.#parts.onTurn }),
        ...(this.#parts.sampler === undefined ? {} : { sampler: this.#parts.sampler }),
      });
      this.#readers.set(id, this.#readerOf(partition, outbox));
    }
    await Promise.all([...this.#readers].map(([id, reader]) => reader.open(state, stamps.get(id) ?? [])));
    if (this.#stopped) return;
    this.#tidy();
    this.#watchdog.start();
  }

  /** Stops turning at once, lets what has left be acknowledged for at most `graceMs`, and closes the store. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#watchdog.stop();
    this.#timers.stop();
    this.#tasks.stop();
    this.#delivery.stop();
    await Promise.all([...this.#readers.values()].map((reader) => reader.interrupt()));
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.setTimer(graceMs, resolve);
      void this.#sender.idle().then(() => {
        cancel();
        resolve();
      });
    });
    this.#sender.stop();
    this.#tidy();
    await this.#parts.store.close();
  }

  owns(address: Address): boolean {
    return this.#readers.has(partitionOfAddress(address, this.#parts.partitions.count));
  }

  /**
   * Answers from committed state (rule R12), that of entry `after` at least: read your writes. Throws
   * `partition.unavailable` while the partition cannot vouch for being current, or `after` does not come in time.
   */
  async ask(
    address: Address,
    query: string,
    input: Record<string, unknown>,
    after?: number,
    patienceMs: number = LIMITS.askTimeoutMs,
  ): Promise<{ value: unknown; cursor: { seq: number; index: number } }> {
    const reader = this.#ready(address);
    const { partition } = reader;
    if (after !== undefined && partition.position < after) await reader.reached(after, patienceMs);
    this.#ready(address);
    // Only while the query runs: one that waits is no turn that never ends.
    this.#parts.beacon(-1, 0, 0);
    try {
      const value = runQuery(this.#cells.load(address, partition.id), this.#parts.store, query, input);
      return { value, cursor: { seq: partition.cursor?.seq ?? 0, index: partition.cursor?.index ?? 0 } };
    } finally {
      this.#parts.idle();
    }
  }

  /** The kept answer to a call that was repeated with the same id, in an array of one. */
  result(address: Address, id: string): [unknown] | undefined {
    return this.#ready(address).partition.result(id) as [unknown] | undefined;
  }

  /** Drops an actor's memory; its next turn starts from the stored state. */
  restart(address: Address): void {
    this.#cells.restart(address);
  }

  /** The actors of this shard, in order of partition and address. */
  actors(filter: { kind?: string | undefined; after?: string | undefined; limit: number }): ActorEntry[] {
    return describeActors(
      [...this.#readers.values()].map(({ partition }) => partition),
      this.#cells,
      this.#parts.store,
      filter,
    );
  }

  /** One actor in detail; throws `actor.not_found`. */
  actor(address: Address): object {
    const { partition } = this.#ready(address);
    const described = describeActor(address, partition, this.#cells, this.#parts.store);
    if (described === undefined)
      throw new BanyanError('actor.not_found', { message: `${address} has never had a message.` });
    return { ...described, epoch: 1, owner: this.#parts.node };
  }

  /** A fingerprint of the actor's committed state; a replay up to the same cursor has the same. */
  stateHash(address: Address): { hash: string; cursor: { seq: number; index: number }; partition: number } {
    const { partition } = this.#ready(address);
    const { seq, index } = partition.cursor ?? { seq: 0, index: 0 };
    return {
      hash: stateHash(this.#parts.store, partition.id, address),
      cursor: { seq, index },
      partition: partition.id,
    };
  }

  partitionStatus(): PartitionStatus[] {
    return [...this.#readers.values()].map((reader) => reader.describe());
  }

  /** What is still to do: all zero means that nothing moves until somebody sends something or time passes. */
  work(): { queued: number; unacknowledged: number; tasks: number; timers: number; resident: number } {
    return {
      queued: this.#delivery.queued,
      unacknowledged: this.#sender.unacknowledged,
      tasks: this.#tasks.size,
      timers: this.#timers.size,
      resident: this.#cells.size,
    };
  }

  counters(): { turns: number; duplicates: number; deadLetters: number; parked: number } {
    const sum = { turns: 0, duplicates: 0, deadLetters: 0, parked: 0 };
    for (const { partition } of this.#readers.values())
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += partition.counters[name];
    return sum;
  }

  /** The connection was lost and is back: nothing that was read since can be trusted to be complete. */
  reconnected(): void {
    for (const reader of this.#readers.values()) void reader.interrupt();
  }

  #readerOf(partition: Partition, outbox: Outbox): PartitionReader {
    const { log, clock, store, system, acceptTail, report } = this.#parts;
    return new PartitionReader({
      partition,
      outbox,
      log,
      clock,
      delivery: this.#delivery,
      storedIdentity: () => Buffer.from(store.get(LOG_IDENTITY) ?? []).toString(),
      turnVersion: system.turnVersion,
      acceptTail,
      stopped: () => this.#stopped,
      onReady: () => this.#takeOver(partition),
      report,
    });
  }

  /** The store remembers which log it belongs to (rule R9). */
  #bindStore(identity: string): void {
    if (this.#parts.store.get(LOG_IDENTITY) === undefined)
      this.#parts.store.commit([[LOG_IDENTITY, Buffer.from(identity)]]);
  }

  /**
   * On a rebuild: what the streams hold of our effects already. A rebuild that is cut short goes on as one.
   * Call before partitions are opened.
   */
  async #sentBefore({ lastSeq }: LogState): Promise<SentMarks | undefined> {
    const { store, partitions, log } = this.#parts;
    const fresh = lastSeq > 0 && partitions.owned.some((id) => !wasOpened(this.#overlay, id));
    if (fresh) {
      store.commit([[REBUILDING, Buffer.from(String(lastSeq))]]);
      this.#parts.report('warn', 'The local state is missing and is rebuilt from the log.', {
        entries: lastSeq,
      });
    }
    return store.get(REBUILDING) === undefined ? undefined : this.#patiently(() => log.sentMarks());
  }

  #committed(partition: Partition, answers: readonly Answer[]): void {
    const reader = this.#readers.get(partition.id) as PartitionReader;
    for (const answer of answers) this.#parts.answer(answer);
    const timers = partition.timers.drainChanged();
    const started = partition.tasks.drainStarted();
    if (reader.status === 'ready') {
      for (const { address, name } of timers) this.#follow(partition, address, name);
      for (const [id, row] of started) this.#tasks.run(partition.id, id, row);
    }
    reader.progressed();
  }

  /** R7: timers are armed and tasks started only by an owner that has read everything there was. */
  #takeOver(partition: Partition): void {
    for (const { address, name } of partition.timers.all()) this.#follow(partition, address, name);
    for (const [id, row] of partition.tasks.pending()) this.#tasks.run(partition.id, id, row);
    const open = [...this.#readers.values()].some(
      ({ status }) => status === 'opening' || status === 'catching-up',
    );
    const { store } = this.#parts;
    if (!open && store.get(REBUILDING) !== undefined) store.commit([[REBUILDING, undefined]]);
  }

  #follow(partition: Partition, address: Address, name: string): void {
    this.#timers.follow(partition.id, address, name, partition.timers.read(address, name));
  }

  #ready(address: Address): PartitionReader {
    if (this.#stopped) throw new BanyanError('partition.unavailable', { retryAfterMs: 500 });
    const reader = this.#readers.get(partitionOfAddress(address, this.#parts.partitions.count));
    if (reader?.status === 'ready') return reader;
    if (reader?.error !== undefined) throw reader.error;
    throw new BanyanError('partition.unavailable', { retryAfterMs: 500 });
  }

  #fail(fault: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#watchdog.stop();
    this.#timers.stop();
    this.#tasks.stop();
    this.#sender.stop();
    for (const reader of this.#readers.values()) void reader.interrupt();
    this.#parts.onFault(fault);
  }

  /** Acknowledged outbox rows go with the next window, or by themselves when nothing happens. */
  #settled(): void {
    if (this.#tidying || this.#stopped) return;
    this.#tidying = true;
    this.#parts.clock.setTimer(TIDY_MS, () => {
      this.#tidying = false;
      if (!this.#stopped) this.#tidy();
    });
  }

  #tidy(): void {
    try {
      for (const { outbox } of this.#readers.values()) outbox.tidy();
      this.#overlay.flush();
    } catch (fault) {
      this.#fail(fault);
    }
  }

  /** Waits for the broker as long as it takes. */
  #patiently<T>(attempt: () => Promise<T>): Promise<T> {
    return patiently(this.#parts.clock, () => this.#stopped, attempt);
  }
}
