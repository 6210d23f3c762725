/**
 * A shard: some partitions of the log, their state, and everything that moves them. It knows the world
 * through its four ports only, so that the same code runs in a worker thread and in a simulation.
 */
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import type { BanyanError } from '../protocol/errors.ts';
import { Cells } from './cells.ts';
import { DEFAULT_CHECKPOINTS } from './checkpointer.ts';
import type { Clock } from './clock.ts';
import { DeadLetterLog } from './dead-letter-log.ts';
import { Delivery } from './deliver.ts';
import { handOver } from './hand-over.ts';
import type { Log, SentMarks, Verdict } from './log.ts';
import { Outbox } from './outbox.ts';
import { Overlay } from './overlay.ts';
import { OwnedPartition } from './owned-partition.ts';
import { Ownership } from './ownership.ts';
import { type Answer, Partition } from './partition.ts';
import { patiently, within } from './patience.ts';
import { ProgressWatchdog } from './progress-watchdog.ts';
import { Sender } from './sender.ts';
import type { ShardParts } from './shard-parts.ts';
import { ShardView } from './shard-view.ts';
import { bindStore } from './store-identity.ts';
import { TaskRunner } from './tasks.ts';
import { TimerService } from './timers.ts';
import { UnsavedRows } from './unsaved-rows.ts';

export type { PartitionStatus } from './owned-partition.ts';
export type { ShardParts } from './shard-parts.ts';

const TIDY_MS = 200;

export class Shard {
  /** What can be asked of it. */
  readonly view: ShardView;
  readonly #parts: ShardParts;
  readonly #overlay: Overlay;
  readonly #unsaved = new UnsavedRows();
  readonly #cells: Cells;
  readonly #ownership: Ownership;
  readonly #sender: Sender;
  readonly #timers: TimerService;
  readonly #tasks: TaskRunner;
  readonly #delivery: Delivery;
  readonly #deadLetters: DeadLetterLog;
  readonly #watchdog: ProgressWatchdog;
  readonly #owned = new Map<number, OwnedPartition>();
  /** No more turns; what is under way may still end. */
  #stopping = false;
  #stopped = false;
  #end: Promise<void> | undefined;
  #tidying = false;

  constructor(parts: ShardParts) {
    const { store, log, clock, randomness, system, owner } = parts;
    this.#parts = parts;
    this.#overlay = new Overlay(store, this.#unsaved);
    this.#cells = new Cells(system, this.#overlay, LIMITS.residentActorsPerShard);
    this.#ownership = new Ownership({
      log,
      clock,
      owner,
      turnVersion: system.turnVersion,
      stopped: () => this.#stopped,
      onLost: (partitions) => this.#lost(partitions),
    });
    this.#sender = new Sender(
      log,
      clock,
      randomness,
      this.#ownership,
      (error) => this.#refused(error),
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
        ...(parts.folder === undefined ? {} : { folder: parts.folder }),
        ...(parts.broker === undefined ? {} : { broker: parts.broker }),
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
        this.#sender.unacknowledgedBytes < LIMITS.unacknowledgedBytes,
      hasRoom: ({ id }) => this.#owned.get(id)?.checkpointer?.hasRoom === true,
      onCommitted: (partition, bytes, answers) => this.#committed(partition, bytes, answers),
      onFault: (fault) => this.#fail(fault),
      onIdle: parts.idle,
    });
    this.#watchdog = this.#watchdogOver(clock, log);
    this.view = new ShardView({
      node: parts.node,
      partitions: parts.partitions.count,
      store,
      cells: this.#cells,
      owned: this.#owned,
      beacon: parts.beacon,
      idle: parts.idle,
      stopped: () => this.#stopping,
      current: () => this.#ownership.current(),
      work: () => ({
        queued: this.#delivery.queued,
        unacknowledged: this.#sender.unacknowledged,
        tasks: this.#tasks.size,
        timers: this.#timers.size,
      }),
    });
  }

  /** Claims its partitions and starts reading. Resolves once each is reading or has stopped with its reason. */
  async start(): Promise<void> {
    this.#watchdog.start();
    await this.take(this.#parts.partitions.owned);
  }

  /**
   * Claims partitions, whoever has them: an owner that has not released one is fenced. Resolves once each is
   * reading or has stopped with its reason.
   */
  async take(partitions: readonly number[]): Promise<void> {
    const { log, clock } = this.#parts;
    // It may have been claimed by others meanwhile, whatever this thread was doing.
    if (partitions.some((id) => this.#owned.has(id))) await this.#ownership.conflict();
    const wanted = partitions.filter((id) => {
      const owned = this.#owned.get(id);
      return owned === undefined || owned.status === 'stopped';
    });
    const taken = wanted.map((id) => new OwnedPartition(id, this.#partsOf(id)));
    for (const owned of taken) this.#owned.set(owned.id, owned);
    try {
      const stopped = (): boolean => this.#stopped;
      const state = await patiently(clock, stopped, () => log.state());
      if (this.#stopped) return;
      const { isNew, foreign } = bindStore(this.#parts.store, state.identity);
      if (foreign !== undefined) {
        for (const owned of taken) owned.fail(foreign);
        return;
      }
      await this.#ownership.claim(wanted);
      this.#lost(wanted.filter((id) => this.#ownership.claimOf(id) === undefined));
      await Promise.all(taken.map((owned) => owned.open(state)));
      const from = (origin: OwnedPartition['origin']): number =>
        taken.filter((owned) => owned.origin === origin).length;
      this.#parts.report('info', 'Partitions were taken over.', {
        partitions: taken.length,
        fromLocalState: from('local'),
        fromCheckpoints: from('checkpoint'),
      });
      if (isNew && taken.some(({ origin }) => origin === 'checkpoint'))
        this.#parts.report(
          'warn',
          'The local state is missing and is rebuilt from the log and its checkpoints.',
          {},
        );
    } catch (error) {
      if (!this.#stopped) throw error;
    }
  }

  /**
   * Gives a partition up for another owner: its last checkpoint holds everything, and what it sent was
   * acknowledged, within `graceMs`; else whoever takes it must fence us. Throws what the broker does.
   */
  async release(partition: number, graceMs: number): Promise<void> {
    const owned = this.#owned.get(partition);
    if (owned === undefined) return;
    for (const part of [this.#timers, this.#tasks]) part.forget(partition);
    const parts = { clock: this.#parts.clock, sender: this.#sender, ownership: this.#ownership };
    try {
      await handOver(owned, { ...parts, tidy: () => this.#tidy() }, graceMs);
    } finally {
      this.#owned.delete(partition);
      owned.end();
    }
  }

  /** Stops turning at once; what has left is acknowledged and last checkpoints are written within `graceMs`. */
  stop(graceMs: number): Promise<void> {
    this.#end ??= this.#stop(graceMs);
    return this.#end;
  }

  async #stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    for (const part of [this.#watchdog, this.#timers, this.#tasks, this.#delivery]) part.stop();
    await within(this.#parts.clock, graceMs / 2, () => this.#sender.idle());
    this.#tidy();
    await within(this.#parts.clock, graceMs / 2, () => this.#leaveAll());
    this.#stopped = true;
    this.#sender.stop();
    for (const owned of this.#owned.values()) owned.end();
    await this.#parts.store.close();
  }

  partitionIds(): number[] {
    return [...this.#owned.keys()];
  }

  /** Trims what is processed: the mailbox is filling up. */
  press(): void {
    for (const owned of this.#owned.values()) owned.checkpointer?.press();
  }

  /** The connection was lost and is back: nothing that was read since can be trusted to be complete. */
  reconnected(): void {
    for (const owned of this.#owned.values()) void owned.interrupt();
  }

  #partsOf(id: number) {
    const { log, clock, system, store, acceptTail, acceptTruncation, proposed, report } = this.#parts;
    return {
      log,
      clock,
      system,
      store,
      acceptTail,
      acceptTruncation: acceptTruncation ?? false,
      proposed: proposed ?? [],
      report,
      delivery: this.#delivery,
      ownership: this.#ownership,
      unsaved: this.#unsaved,
      checkpoints: this.#parts.checkpoints ?? DEFAULT_CHECKPOINTS,
      stopped: () => this.#stopped,
      build: (epoch: number, sent: SentMarks | undefined, verdicts: readonly Verdict[]) =>
        this.#build(id, epoch, sent, verdicts),
      onReady: (partition: Partition) => this.#takeOver(partition),
      onFault: (fault: unknown) => this.#fail(fault),
      onEnded: (owned: OwnedPartition) => this.#ended(owned),
    };
  }

  #build(id: number, epoch: number, sent: SentMarks | undefined, verdicts: readonly Verdict[]) {
    const { partitions, subjects, beacon, onTurn, sampler, report } = this.#parts;
    const outbox = new Outbox(this.#overlay, this.#sender, id, partitions.count, sent, () => this.#settled());
    const partition = new Partition({
      id,
      overlay: this.#overlay,
      cells: this.#cells,
      outbox,
      subjects,
      verdicts,
      epoch,
      beacon,
      onDeadLetter: (letter, traceparent) => this.#deadLetters.add(letter, traceparent),
      onQuarantined: (actor, reason) =>
        report('warn', 'An actor is quarantined: it takes no messages until it is resumed.', {
          actor,
          reason,
        }),
      ...(onTurn === undefined ? {} : { onTurn }),
      ...(sampler === undefined ? {} : { sampler }),
    });
    return { partition, outbox };
  }

  #committed(partition: Partition, bytes: number, answers: readonly Answer[]): void {
    for (const answer of answers) this.#parts.answer(answer);
    const timers = partition.timers.drainChanged();
    const started = partition.tasks.drainStarted();
    const killed = partition.drainKilled();
    const owned = this.#owned.get(partition.id);
    if (owned?.status === 'ready') {
      for (const { address, name } of timers) this.#follow(partition, address, name);
      for (const [id, row] of started) this.#tasks.run(partition.id, id, row);
      for (const address of killed) this.#parts.onKilled?.(address);
    }
    owned?.checkpointer?.committed(bytes);
    owned?.progressed();
  }

  /** R7: timers are armed and tasks started only by an owner that has read everything there was. */
  #takeOver(partition: Partition): void {
    for (const { address, name } of partition.timers.all()) this.#follow(partition, address, name);
    for (const [id, row] of partition.tasks.pending()) this.#tasks.run(partition.id, id, row);
  }

  #follow(partition: Partition, address: Address, name: string): void {
    this.#timers.follow(partition.id, address, name, partition.timers.read(address, name));
  }

  #lost(partitions: readonly number[]): void {
    for (const id of partitions) {
      const owned = this.#owned.get(id);
      this.#owned.delete(id);
      owned?.end();
      this.#parts.report('warn', 'Another owner has claimed a partition.', { partition: id });
      this.#parts.onLost?.(id);
    }
  }

  #ended({ id }: OwnedPartition): void {
    this.#sender.forget(id);
    this.#timers.forget(id);
    this.#tasks.forget(id);
    this.#cells.forgetPartition(id);
  }

  #refused(error: BanyanError): void {
    this.#parts.report('warn', 'The broker does not take what we send; it will be repeated.', {
      error: error.toWire(),
    });
    if (error.code === 'log.full') this.press();
  }

  #fail(fault: unknown): void {
    if (this.#stopped) return;
    this.#stopping = true;
    this.#stopped = true;
    for (const part of [this.#watchdog, this.#timers, this.#tasks, this.#sender]) part.stop();
    for (const owned of this.#owned.values()) owned.end();
    this.#parts.onFault(fault);
  }

  /** Last checkpoints, then the claims: the next owner finds nobody to fence. */
  async #leaveAll(): Promise<void> {
    // What is still on its way must be refused once somebody else has its partition.
    const isQuiet = this.#sender.unacknowledged === 0;
    await Promise.all([...this.#owned.values()].map((owned) => owned.depart(isQuiet)));
  }

  /** Acknowledged outbox rows go with the next window, or by themselves when nothing happens. */
  #settled(): void {
    if (this.#tidying || this.#stopping) return;
    this.#tidying = true;
    this.#parts.clock.setTimer(TIDY_MS, () => {
      this.#tidying = false;
      if (!this.#stopping) this.#tidy();
    });
  }

  #tidy(): void {
    try {
      for (const { outbox } of this.#owned.values()) outbox?.tidy();
      this.#overlay.flush();
    } catch (fault) {
      this.#fail(fault);
      return;
    }
    for (const { checkpointer } of this.#owned.values()) checkpointer?.committed(0);
  }

  #watchdogOver(clock: Clock, log: Log): ProgressWatchdog {
    return new ProgressWatchdog({
      clock,
      log,
      busy: () => this.#delivery.queued > 0,
      partitions: () => [...this.#owned.values()].filter(({ isReading }) => isReading),
      verify: () => this.#ownership.conflict(),
      stalled: (partition, end) => {
        this.#parts.report('warn', 'A partition made no progress; it is read anew.', { partition, end });
        void this.#owned.get(partition)?.interrupt();
      },
    });
  }
}
