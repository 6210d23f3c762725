/**
 * A partition while it is ours, from the claim to its loss: its state is taken over, its log is read into
 * delivery from the cursor on, its changes are checkpointed. After every interruption the log must still be the
 * one that the cursor belongs to (rule R9). What cannot be trusted stops the partition, with a reason; the
 * others go on.
 */
import { BanyanError, toBanyanError, type WireError } from '../protocol/errors.ts';
import type { StoredHead } from './checkpoint-log.ts';
import { type CheckpointSettings, Checkpointer } from './checkpointer.ts';
import type { Clock } from './clock.ts';
import { verifyCursor } from './cursor.ts';
import type { Delivery } from './deliver.ts';
import type { Log, LogEntry, LogReader, LogState, ProposedVerdict, SentMarks, Verdict } from './log.ts';
import type { Outbox } from './outbox.ts';
import type { OwnClaim, Ownership } from './ownership.ts';
import type { Partition } from './partition.ts';
import { patiently } from './patience.ts';
import type { Store } from './store.ts';
import type { System } from './system.ts';
import { type TakenOver, takeOver } from './take-over.ts';
import type { UnsavedRows } from './unsaved-rows.ts';
import { verdictsOf } from './verdicts.ts';

export interface OwnedPartitionParts {
  readonly log: Log;
  readonly store: Store;
  readonly clock: Clock;
  readonly system: System;
  readonly delivery: Delivery;
  readonly ownership: Ownership;
  readonly unsaved: UnsavedRows;
  readonly checkpoints: CheckpointSettings;
  readonly acceptTail: boolean;
  readonly acceptTruncation: boolean;
  /** Messages that ended several incarnations of the shard: skipped if nobody has applied them. */
  readonly proposed: readonly ProposedVerdict[];
  /** The shard has stopped. */
  readonly stopped: () => boolean;
  /** Builds what turns the entries, over the state that was taken over. */
  readonly build: (
    epoch: number,
    sent: SentMarks | undefined,
    verdicts: readonly Verdict[],
  ) => { readonly partition: Partition; readonly outbox: Outbox };
  /** It has read everything that was there when it was claimed. */
  readonly onReady: (partition: Partition) => void;
  /** The store failed: the shard is of no use any more. */
  readonly onFault: (fault: unknown) => void;
  /** It has stopped, or another owner has it: nothing of it may run on. */
  readonly onEnded: (owned: OwnedPartition) => void;
  readonly report: (level: 'info' | 'warn' | 'error', message: string, details: object) => void;
}

/** What a partition is doing. `stopped` waits for an operator; the error says what can be done. */
export interface PartitionStatus {
  readonly id: number;
  readonly status: 'claiming' | 'loading' | 'catching-up' | 'ready' | 'releasing' | 'stopped';
  readonly epoch: number;
  readonly cursor: { readonly seq: number; readonly index: number } | undefined;
  /** The last entry applied as a whole. */
  readonly position: number;
  readonly error: WireError | undefined;
}

const RETRY_MS = 250;
/** What was published before a checkpoint but acknowledged after it, at most so long before. */
const ACKNOWLEDGEMENT_MS = 60_000;

export class OwnedPartition {
  readonly id: number;
  status: PartitionStatus['status'] = 'claiming';
  error: BanyanError | undefined;
  partition: Partition | undefined;
  outbox: Outbox | undefined;
  checkpointer: Checkpointer | undefined;
  /** Where its state came from. */
  origin: TakenOver['origin'] | undefined;
  readonly #parts: OwnedPartitionParts;
  #claim: OwnClaim | undefined;
  #reader: LogReader | undefined;
  /** Where the log ended when the partition was claimed: from there on it is caught up. */
  #end = 0;
  /** The last entry that was given to delivery. */
  #received = 0;
  /** When reading ended, everything that any owner before may have turned had been read. */
  #drained = false;
  #ended = false;
  #waiting: (() => void)[] = [];
  /** Woken when it is ready or has ended. */
  readonly #settled = Promise.withResolvers<void>();

  constructor(id: number, parts: OwnedPartitionParts) {
    this.id = id;
    this.#parts = parts;
  }

  get position(): number {
    return this.partition?.position ?? 0;
  }

  /** It has to come at least so far: to its own claim. */
  get goal(): number {
    return this.#end;
  }

  get isReading(): boolean {
    return this.status === 'catching-up' || this.status === 'ready';
  }

  /** Resolves once it is ready or has a tail to read first, or has ended with its reason. Call when the claim is ours. */
  async open({ identity }: LogState): Promise<void> {
    const { ownership, log, store, clock, system, unsaved, acceptTail, acceptTruncation } = this.#parts;
    const claim = ownership.claimOf(this.id);
    // Lost before we came to it.
    if (claim === undefined || this.#ended) return;
    this.#claim = claim;
    this.status = 'loading';
    try {
      const { head, origin, tailSinceMs } = await takeOver({
        log,
        store,
        clock,
        system,
        stopped: () => this.#over,
        claim,
        identity,
        acceptTail,
        acceptTruncation,
      });
      if (this.#over) return;
      const sent =
        tailSinceMs === undefined
          ? undefined
          : await this.#patiently(() => log.sentMarks(tailSinceMs - ACKNOWLEDGEMENT_MS));
      const verdicts = await this.#verdicts(head);
      const end = await this.#patiently(() => log.end(this.id));
      if (this.#over) return;
      unsaved.open(this.id, store);
      const { partition, outbox } = this.#parts.build(claim.epoch, sent, verdicts);
      this.partition = partition;
      this.outbox = outbox;
      this.checkpointer = this.#checkpointerFrom(head);
      this.#end = Math.max(end, claim.seq);
      this.status = 'catching-up';
      this.origin = origin;
      outbox.resume();
      this.progressed();
      void this.#read();
      // With nothing to replay, only our own claim has to be read.
      if (end <= partition.position) await this.#settled.promise;
    } catch (error) {
      await this.#failed(error);
    }
  }

  /** A window with entries of this partition has committed. */
  progressed(): void {
    if (this.status === 'catching-up' && this.position >= this.#end) {
      this.status = 'ready';
      this.#settled.resolve();
      this.#parts.onReady(this.partition as Partition);
    }
    this.#wakeWaiting();
  }

  /** Resolves when the entry was applied or the partition ends; throws `partition.unavailable` when it is late. */
  async reached(entry: number, patienceMs: number): Promise<void> {
    let late = false;
    const cancel = this.#parts.clock.setTimer(patienceMs, () => {
      late = true;
      this.#wakeWaiting();
    });
    try {
      while (this.status === 'ready' && this.position < entry) {
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

  /** Ends the reading: nothing more is turned. */
  async quiesce(): Promise<void> {
    this.#drained ||= this.status === 'ready';
    if (this.status !== 'stopped') this.status = 'releasing';
    this.#wakeWaiting();
    await this.interrupt();
    if (this.partition !== undefined) this.#parts.delivery.forget(this.partition);
  }

  /** Ends the reading and writes a last checkpoint of everything turned. Throws `log.conflict` and what the broker does. */
  async leave(): Promise<void> {
    await this.quiesce();
    if (!this.#ended) await this.checkpointer?.release(this.#drained);
  }

  /** {@link leave} when the shard stops: what fails is reported, and costs the next owner a replay. */
  async depart(release: boolean): Promise<void> {
    try {
      await this.leave();
      if (release) await this.#parts.ownership.release(this.id);
    } catch (error) {
      this.#parts.report('warn', 'A partition was left without a last checkpoint; its tail is replayed.', {
        partition: this.id,
        error: toBanyanError(error).toWire(),
      });
    }
  }

  /** Another owner has it, or it was released: nothing of it runs on. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#settled.resolve();
    this.checkpointer?.stop();
    void this.interrupt();
    if (this.partition !== undefined) this.#parts.delivery.forget(this.partition);
    this.#parts.unsaved.close(this.id);
    this.#wakeWaiting();
    this.#parts.onEnded(this);
  }

  /** Stops with a reason and waits for an operator. */
  fail(error: BanyanError): void {
    // A shard that stops takes its partitions' errors with it.
    if (this.#over) return;
    this.status = 'stopped';
    this.error = error;
    this.end();
    this.#parts.report('error', `Partition ${this.id} has stopped: ${error.message}`, {
      partition: this.id,
      error: error.toWire(),
    });
  }

  describe(): PartitionStatus {
    const { id, status, error, position } = this;
    const cursor = this.partition?.cursor;
    return {
      id,
      status,
      epoch: this.#claim?.epoch ?? 0,
      position,
      cursor: cursor === undefined ? undefined : { seq: cursor.seq, index: cursor.index },
      error: error?.toWire(),
    };
  }

  /** Ends the reader that runs; unless the partition has ended, it is verified and read anew. */
  async interrupt(): Promise<void> {
    await this.#reader?.stop();
  }

  get #over(): boolean {
    return this.#ended || this.#parts.stopped();
  }

  #checkpointerFrom(head: StoredHead): Checkpointer {
    const { log, store, clock, unsaved, checkpoints, delivery, report } = this.#parts;
    return new Checkpointer({
      log,
      store,
      clock,
      unsaved,
      settings: checkpoints,
      head,
      cursor: () => this.partition?.cursor,
      stopped: () => this.#over,
      onSaved: () => delivery.wake(),
      onFailed: (error) => void this.#failed(error),
      report,
    });
  }

  async #failed(thrown: unknown): Promise<void> {
    const error = toBanyanError(thrown);
    if (this.#over) return;
    // A disk that fails is no matter of one partition.
    if (error.code.startsWith('store.')) {
      this.#parts.onFault(error);
      return;
    }
    // Only an owner can say what is wrong with a partition: whoever has it now may have trimmed its log.
    await this.#parts.ownership.conflict().catch(() => undefined);
    this.fail(error);
  }

  #verdicts(head: StoredHead): Promise<readonly Verdict[]> {
    const { log, store, ownership, proposed } = this.#parts;
    return this.#patiently(() => verdictsOf({ log, store, ownership, head, proposed }));
  }

  async #read(): Promise<void> {
    const { log, delivery, ownership, report, clock } = this.#parts;
    const partition = this.partition as Partition;
    while (this.#reads()) {
      try {
        this.#reader = log.read(this.id, partition.position);
        for await (const entry of this.#reader.entries) {
          if (entry.place.kind === 'claim')
            await ownership.met({ partition: this.id, seq: entry.seq }).catch(() => undefined);
          if (this.#over) return;
          if (!this.#isReached(entry)) await delivery.receive(partition, entry);
        }
      } catch (error) {
        report('warn', 'Reading a partition was interrupted; it starts again.', {
          partition: this.id,
          error: toBanyanError(error).toWire(),
        });
        await new Promise<void>((resolve) => void clock.setTimer(RETRY_MS, resolve));
      }
      if (!this.#reads()) return;
      delivery.forget(partition);
      try {
        await this.#verify();
      } catch (error) {
        await this.#failed(error);
      }
    }
  }

  /** Our own claim, with everything before it applied, is where the partition is ready. */
  #isReached(entry: LogEntry): boolean {
    const partition = this.partition as Partition;
    if (entry.seq !== this.#claim?.seq || this.#received > partition.position) {
      this.#received = entry.seq;
      return false;
    }
    partition.apply(entry, () => true);
    this.progressed();
    return true;
  }

  #reads(): boolean {
    return !this.#over && this.status !== 'releasing';
  }

  async #verify(): Promise<void> {
    const { log } = this.#parts;
    const { identity } = await this.#patiently(() => log.state());
    const head = this.checkpointer?.head;
    if (head !== undefined && head.identity !== identity)
      throw new BanyanError('log.foreign', {
        message: `The state of partition ${this.id} belongs to the log ${head.identity}, the broker holds ${identity}.`,
      });
    await this.#patiently(() => verifyCursor(log, this.id, this.partition?.cursor));
  }

  #wakeWaiting(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #patiently<T>(attempt: () => Promise<T>): Promise<T> {
    return patiently(this.#parts.clock, () => this.#over, attempt);
  }
}
