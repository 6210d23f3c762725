/**
 * Writes one partition's checkpoints (rule R3): what changed since the last one, together with the new head, in
 * one atomic batch; then the log is trimmed up to the head. The rows are read between windows, so they are those
 * of the cursor; turns go on while the batch is under way, up to a bounded number of unsaved rows.
 */
import { LIMITS } from '../config/limits.ts';
import { toBanyanError, type WireError } from '../protocol/errors.ts';
import type { Head, StateRecord, StoredHead } from './checkpoint-log.ts';
import { encodeRows, type FreedSlots } from './checkpoint-rows.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Cursor } from './cursor.ts';
import { patiently } from './patience.ts';
import { StateSlots } from './state-slots.ts';
import type { Change, Store } from './store.ts';
import type { TakenRows, UnsavedRows } from './unsaved-rows.ts';

export interface CheckpointSettings {
  /** A checkpoint follows so long after the first change, */
  readonly intervalMs: number;
  /** or after so many changed rows. */
  readonly rows: number;
  /** Processed bytes of a partition that stay in its log. */
  readonly trimBytes: number;
}

export const DEFAULT_CHECKPOINTS: CheckpointSettings = {
  intervalMs: LIMITS.checkpointIntervalMs,
  rows: LIMITS.checkpointRows,
  trimBytes: LIMITS.trimBytes,
};

export interface CheckpointerParts {
  readonly log: Log;
  readonly store: Store;
  readonly clock: Clock;
  readonly unsaved: UnsavedRows;
  readonly settings: CheckpointSettings;
  /** The head that the owner has written when it took the partition over. */
  readonly head: StoredHead;
  readonly cursor: () => Cursor | undefined;
  readonly stopped: () => boolean;
  /** There is room for more unsaved rows. */
  readonly onSaved: () => void;
  /** Checkpoints have ended: `log.conflict` says that another owner has taken the partition over. */
  readonly onFailed: (error: unknown) => void;
  readonly report: (level: 'warn', message: string, details: object) => void;
}

/** A checkpoint whose rows were read. */
interface Taken {
  readonly head: Head;
  readonly records: readonly StateRecord[];
  readonly taken: TakenRows;
  readonly bundled: readonly string[];
  readonly freed: readonly FreedSlots[];
}

export class Checkpointer {
  readonly #parts: CheckpointerParts;
  readonly #partition: number;
  readonly #slots: StateSlots;
  #head: StoredHead;
  #writing: Promise<void> | undefined;
  #releasing: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #processedBytes = 0;
  #lost = false;

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
    this.#head = parts.head;
    this.#partition = parts.head.partition;
    this.#slots = new StateSlots(parts.store, this.#partition);
  }

  get head(): StoredHead {
    return this.#head;
  }

  /** A checkpoint is on its way. */
  get writing(): boolean {
    return this.#writing !== undefined;
  }

  /** Whether turns may make more rows that no checkpoint holds. */
  get hasRoom(): boolean {
    const { unsaved } = this.#parts;
    return (
      unsaved.rows(this.#partition) < LIMITS.unsavedRows &&
      unsaved.bytes(this.#partition) < LIMITS.unsavedBytes
    );
  }

  /** A window with changes of this partition has committed. */
  committed(entryBytes: number): void {
    this.#processedBytes += entryBytes;
    this.#consider();
  }

  /**
   * Writes a last checkpoint and leaves; resolves when it is stored. `drained` says that it includes everything
   * that any owner before may have turned. Throws `log.conflict`.
   */
  release(drained: boolean): Promise<void> {
    // Whoever asks a second time must not write a head without what the first one has taken.
    this.#releasing ??= this.#release(drained);
    return this.#releasing;
  }

  /** Writes nothing more. */
  stop(): void {
    this.#lost = true;
    this.#cancel?.();
  }

  /** The log is filling up: trims what it can, now. */
  press(): void {
    if (this.#processedBytes === 0) return;
    this.#processedBytes = Math.max(this.#processedBytes, this.#parts.settings.trimBytes);
    this.#begin();
  }

  /** Enough was processed for the log to be trimmed. */
  get #trims(): boolean {
    return this.#processedBytes >= this.#parts.settings.trimBytes;
  }

  #consider(): void {
    const { unsaved, settings, clock } = this.#parts;
    const rows = unsaved.rows(this.#partition);
    if (this.#lost || this.#writing !== undefined || this.#releasing !== undefined || rows === 0) return;
    if (rows >= settings.rows || unsaved.bytes(this.#partition) >= LIMITS.unsavedBytes / 4) this.#begin();
    else this.#cancel ??= clock.setTimer(settings.intervalMs, () => this.#begin());
  }

  #begin(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#lost || this.#writing !== undefined || this.#releasing !== undefined) return;
    if (this.#parts.stopped()) return;
    this.#writing = this.#checkpoint()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#writing = undefined;
        if (this.#lost || this.#parts.stopped()) return;
        this.#parts.onSaved();
        this.#consider();
      });
  }

  async #release(drained: boolean): Promise<void> {
    this.#cancel?.();
    while (this.#writing !== undefined) await this.#writing;
    if (this.#lost) return;
    try {
      await this.#write(this.#take(drained));
    } finally {
      this.stop();
    }
  }

  async #checkpoint(): Promise<void> {
    await this.#write(this.#take(false));
  }

  #failed(error: unknown): void {
    if (this.#lost) return;
    // What was taken is not stored: nothing that comes later may be, either.
    this.#lost = true;
    if (!this.#parts.stopped()) this.#parts.onFailed(error);
  }

  /** Reads the rows as they are at the cursor. */
  #take(released: boolean): Taken {
    const { unsaved, store, cursor } = this.#parts;
    const taken = unsaved.take(this.#partition);
    const rows = taken.keys.map((key): Change => [key, copied(store.get(key))]);
    const { epoch, owner, turnVersion, identity } = this.#head;
    const step = this.#head.step + 1;
    const { records, bundles, bundled, freed } = encodeRows(
      rows,
      `${epoch}.${step}`,
      this.#head.bundles,
      this.#slots,
    );
    this.#slots.keep();
    const at = cursor();
    const head: Head = {
      partition: this.#partition,
      epoch,
      owner,
      step,
      cursor: at ?? null,
      turnVersion,
      released,
      identity,
      // Said before it is done: whoever reads the log from its beginning must know.
      trimmed: this.#head.trimmed || this.#trims,
      predecessors: this.#head.predecessors.filter(({ until }) => until > (at?.seq ?? 0)),
      bundles,
    };
    return { head, records, taken, bundled, freed };
  }

  async #write({ head, records, taken, bundled, freed }: Taken): Promise<void> {
    const { log, store, unsaved, clock, stopped } = this.#parts;
    const seq = await patiently(
      clock,
      () => this.#lost || stopped(),
      () => this.#attempt(head, records),
    );
    // Whoever stops the shard closes its store.
    if (this.#lost) return;
    this.#head = { ...head, seq, timeMs: clock.now() };
    this.#slots.free(freed);
    unsaved.saved(this.#partition, store, taken, bundled);
    if (head.cursor !== null && head.trimmed && this.#trims) {
      this.#processedBytes = 0;
      await this.#trim(log, head.cursor.seq);
    }
  }

  /** A batch whose answer was lost may have been stored: the head tells. */
  async #attempt(head: Head, records: readonly StateRecord[]): Promise<number> {
    const { log } = this.#parts;
    try {
      return await log.writeState(head, this.#head.seq, records);
    } catch (error) {
      const { code } = toBanyanError(error);
      if (code !== 'log.unavailable' && code !== 'log.conflict') throw error;
      const stored = await log.head(this.#partition);
      if (stored?.owner === head.owner && stored.epoch === head.epoch && stored.step === head.step)
        return stored.seq;
      throw error;
    }
  }

  /** What cannot be trimmed now is trimmed with a later checkpoint. */
  async #trim(log: Log, before: number): Promise<void> {
    try {
      await log.trim(this.#partition, before);
    } catch (error) {
      const known: WireError = toBanyanError(error).toWire();
      this.#processedBytes = this.#parts.settings.trimBytes;
      this.#parts.report('warn', 'The log could not be trimmed; it is tried again.', {
        partition: this.#partition,
        error: known,
      });
    }
  }
}

/** A stored value may lie in memory that the next commit reuses. */
function copied(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : new Uint8Array(value);
}
