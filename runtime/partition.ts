/**
 * One partition: a slice of the log and the state that its replay gives.
 *
 * I1  Entries are applied in the order of the log, each once: the cursor moves with what they changed.
 * I2  A turn's changes and effects are kept together or dropped together.
 * I3  A message counts as applied whatever its turn's outcome.
 * I4  Effects are numbered by the entry, index and order that made them: a replay repeats the numbers.
 * I5  The cursor never waits for one actor: what cannot be turned is parked or becomes a dead letter.
 * I6  What the environment does to a turn (memory, stack, disk) is not the message's fault: it stops the
 *     partition, and only a verdict in the log skips the message.
 */
import type { Address } from '../protocol/address.ts';
import { BanyanError, type ErrorCode, toBanyanError } from '../protocol/errors.ts';
import type { DownReason } from '../protocol/down.ts';
import type { FrameRecord } from '../protocol/frame.ts';
import type { DeadLetter } from '../protocol/wire.ts';
import type { Subjects } from '../protocol/subjects.ts';
import { type Cell, type Cells, failedBy, type Standing } from './cells.ts';
import { UnreadableState } from './current-turn.ts';
import { type Cursor, positionOf, readCursor, saveCursor } from './cursor.ts';
import { deadLetterOf, type Failure } from './dead-letter.ts';
import { EnvironmentFault, environmentFaultOf } from './environment-fault.ts';
import { EffectNumbers } from './effect-numbers.ts';
import { type Answer, isActor } from './keep-effects.ts';
import { positionName } from './keys.ts';
import { entryHash, type LogEntry, type Verdict } from './log.ts';
import { Marks } from './marks.ts';
import { continued, obey, ParkedFailure } from './orders.ts';
import type { Outbox } from './outbox.ts';
import type { Overlay } from './overlay.ts';
import { Parked } from './parked.ts';
import { Quarantine } from './quarantine.ts';
import { type Item, receive, type Received } from './receive.ts';
import { Results } from './results.ts';
import { TaskRows } from './tasks.ts';
import { TimerRows } from './timers.ts';
import { type TurnObserver, Turns } from './turns.ts';
import { goneBy, Watches } from './watches.ts';
import { isWorker, Workers } from './workers.ts';

export type { Cursor } from './cursor.ts';
export { EnvironmentFault } from './environment-fault.ts';
export type { Answer } from './keep-effects.ts';
export type { ObservedTurn } from './turns.ts';

/** What {@link Partition.apply} did with an entry. */
export interface Applied {
  readonly messages: number;
  /** False when the window was full before its last message: apply it again in the next one. */
  readonly done: boolean;
}

/** Counted since the partition was opened. */
export interface PartitionCounters {
  turns: number;
  duplicates: number;
  deadLetters: number;
  parked: number;
}

export interface PartitionParts extends TurnObserver {
  readonly id: number;
  readonly overlay: Overlay;
  readonly cells: Cells;
  readonly outbox: Outbox;
  readonly subjects: Subjects;
  readonly verdicts: readonly Verdict[];
  /** Of the claim that these turns belong to; 0 in a replay. */
  readonly epoch: number;
  /** A message became a dead letter; called before its window commits, and again when it is replayed. */
  readonly onDeadLetter: (letter: DeadLetter, traceparent: string | undefined) => void;
  /** An actor takes no more turns; called when {@link onDeadLetter} is. */
  readonly onQuarantined: (address: Address, reason: string) => void;
  /** Says which message is about to be turned, where a watchdog can see it even if the turn never ends. */
  readonly beacon: (partition: number, seq: number, index: number, epoch: number) => void;
}

export class Partition {
  readonly id: number;
  readonly timers: TimerRows;
  readonly tasks: TaskRows;
  readonly counters: PartitionCounters = { turns: 0, duplicates: 0, deadLetters: 0, parked: 0 };
  readonly #parts: PartitionParts;
  readonly #marks: Marks;
  readonly #parked: Parked;
  readonly #results: Results;
  readonly #watches: Watches;
  readonly #workers: Workers;
  readonly #quarantine: Quarantine;
  readonly #turns: Turns;
  #cursor: Cursor | undefined;
  /** Applied since the last window. */
  #applied: (Omit<Cursor, 'hash'> & { readonly entry: LogEntry }) | undefined;
  /** The last claim that was read. */
  #claim = 0;
  #answers: Answer[] = [];
  /** Of the message that is being applied (I4). */
  readonly #numbers = new EffectNumbers();
  #killed: Address[] = [];

  constructor(parts: PartitionParts) {
    this.id = parts.id;
    this.#parts = parts;
    this.#marks = new Marks(parts.overlay, parts.id);
    this.timers = new TimerRows(parts.overlay, parts.id);
    this.tasks = new TaskRows(parts.overlay, parts.id);
    this.#parked = new Parked(parts.overlay, parts.id);
    this.#results = new Results(parts.overlay, parts.id);
    this.#watches = new Watches({
      overlay: parts.overlay,
      partition: parts.id,
      send: (record, kind) => this.#send(record, kind),
    });
    this.#workers = new Workers(parts.overlay, parts.id, this.#watches);
    this.#quarantine = new Quarantine(parts.cells, parts.id, this.#watches, parts.onQuarantined);
    const { outbox, subjects } = parts;
    const { timers, tasks } = this;
    this.#turns = new Turns({
      ...parts,
      partition: parts.id,
      places: { outbox, subjects, timers, tasks, results: this.#results, watches: this.#watches },
      numbers: this.#numbers,
      quarantine: this.#quarantine,
      answer: (answer) => this.#answers.push(answer),
    });
    this.#cursor = readCursor(parts.overlay, parts.id);
  }

  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  /** The last entry applied as a whole, committed or not; 0 before the first. */
  get position(): number {
    return Math.max(positionOf(this.#applied ?? this.#cursor), this.#claim);
  }

  /** Applies an entry, or what `goOn` leaves time for. Throws only {@link EnvironmentFault}. */
  apply(entry: LogEntry, goOn: (messages: number) => boolean): Applied {
    if (entry.seq <= this.position) return { messages: 0, done: true };
    if (entry.place.kind === 'claim') {
      this.#claim = entry.seq;
      return { messages: 0, done: true };
    }
    const items = receive(entry);
    const before = this.#applied ?? this.#cursor;
    const first = before?.seq === entry.seq ? before.index + 1 : 0;
    for (let index = first; index < items.length; index++) {
      this.#applyItem(entry, index, items[index] as Item);
      this.#applied = { entry, seq: entry.seq, index, rest: items.length - index - 1 };
      const messages = index - first + 1;
      if (index < items.length - 1 && !goOn(messages)) return { messages, done: false };
    }
    // Somebody's empty entry still counts as read.
    if (items.length === 0) this.#applied = { entry, seq: entry.seq, index: 0, rest: 0 };
    return { messages: items.length - first, done: true };
  }

  /** Writes the cursor and what belongs to it. Call before the window commits. */
  save(): void {
    if (this.#applied === undefined) return;
    const { entry, seq, index, rest } = this.#applied;
    this.#marks.save();
    this.#parts.outbox.save(seq, index);
    const hash = this.#cursor?.seq === seq ? this.#cursor.hash : entryHash(entry);
    this.#cursor = { seq, index, rest, hash };
    saveCursor(this.#parts.overlay, this.id, this.#cursor);
  }

  /** Lets effects leave. Call after the window has committed. */
  release(): readonly Answer[] {
    if (this.#applied !== undefined) this.#parts.outbox.release(this.#applied.seq, this.#applied.index);
    this.#applied = undefined;
    const answers = this.#answers;
    this.#answers = [];
    return answers;
  }

  /** Actors that an operator has killed, since this was asked last. Call after the window has committed. */
  drainKilled(): readonly Address[] {
    return this.#killed.splice(0);
  }

  /** The kept answer to an earlier request with this id; undefined when there is none. */
  result(id: string): unknown {
    return this.#results.get(id);
  }

  #applyItem(entry: LogEntry, index: number, item: Item): void {
    this.#numbers.begin(entry.seq, index);
    if ('refused' in item) {
      const { error } = item.refused;
      this.#deadLetter({ entry, item, error, thrown: error });
      return;
    }
    const { received } = item;
    this.#parts.beacon(this.id, entry.seq, index, this.#parts.epoch);
    try {
      // I3: from here on the message counts as applied.
      if (this.#marks.seen(received.dedupe, received.to, entry.timeMs)) {
        this.counters.duplicates++;
        this.#answerAgain(received);
        return;
      }
      if (received.kind === 'down' && !this.#watches.isOver(received)) return;
      const verdict = this.#verdictOn(entry.seq, index);
      if (verdict !== undefined && received.kind !== 'control') {
        this.#quarantine.skipped(received.to, verdict);
        throw verdict;
      }
      if (received.kind === 'task' && this.tasks.take(received.id ?? '') === undefined) return;
      const timer = received.kind === 'timer' ? this.timers.take(received.to, received.id ?? '') : undefined;
      if (received.kind === 'timer' && timer === undefined) return;
      this.#deliver(entry, index, received, Math.max(entry.timeMs, timer?.[1] ?? 0));
    } catch (error) {
      const parked = error instanceof ParkedFailure ? error : undefined;
      const thrown = parked === undefined ? error : parked.cause;
      // I6
      const fault = environmentFaultOf(thrown);
      if (fault !== undefined)
        throw new EnvironmentFault(fault, this.id, entry.seq, index, this.#parts.epoch, thrown);
      this.#deadLetter({
        entry,
        item: parked === undefined ? item : { received: parked.received },
        error: toBanyanError(thrown),
        thrown,
      });
    }
  }

  #verdictOn(seq: number, index: number): BanyanError | undefined {
    const verdict = this.#parts.verdicts.find((one) => one.entry === seq && one.index === index);
    return verdict && new BanyanError(verdict.code as ErrorCode, { message: verdict.detail });
  }

  /** Whoever repeats a call still waits for its answer. */
  #answerAgain({ replyTo }: Received): void {
    if (replyTo === undefined || isActor(replyTo)) return;
    const kept = replyTo.id === '' ? undefined : this.#results.get(replyTo.id);
    const body =
      kept === undefined
        ? { ok: false as const, error: new BanyanError('call.pending', { retryAfterMs: 500 }).toWire() }
        : { ok: true as const, value: kept[0] };
    this.#answers.push({ to: replyTo, body });
  }

  #deliver(entry: LogEntry, index: number, received: Received, timeMs: number): void {
    if (received.kind === 'control') {
      this.#order(entry, index, received);
      return;
    }
    const { cells } = this.#parts;
    const cell = cells.load(received.to, this.id);
    if (cell.standing?.status === 'ended') throw new BanyanError('actor.ended');
    const park = (at: Cell, standing: Standing): void => {
      // I5: set aside in the same window, turned in order when the actor is resumed.
      this.#parked.add(at.address, entry.seq, index, received, timeMs);
      cells.stand(at, { ...standing, parked: standing.parked + 1 });
      const gone = goneBy(standing);
      if (gone !== undefined) this.#watches.down(at.address, gone);
      this.counters.parked++;
    };
    if (cell.standing !== undefined) {
      park(cell, cell.standing);
      return;
    }
    try {
      this.#turn(cell, received, timeMs);
    } catch (error) {
      if (!(error instanceof UnreadableState)) throw error;
      // R6: a release that can read the row turns it. The cell went with the turn.
      park(cells.load(cell.address, this.id), failedBy(error, undefined));
    }
  }

  #order(entry: LogEntry, index: number, received: Received): void {
    const { overlay, cells } = this.#parts;
    const { to, message } = received;
    const verdict = this.#verdictOn(entry.seq, index);
    if (message.type === 'watch' || message.type === 'unwatch') {
      this.#watches.obey(received, this.#gone(to, verdict));
      return;
    }
    if (isWorker(to)) {
      if (verdict !== undefined) throw verdict;
      this.#workers.obey(received);
      return;
    }
    const cell = cells.load(to, this.id);
    obey({
      cell,
      received,
      cells,
      overlay,
      parked: this.#parked,
      timers: this.timers,
      tasks: this.tasks,
      watches: this.#watches,
      quarantine: this.#quarantine,
      partition: this.id,
      tell: (order) => this.#send({ to, message: order }, 'control'),
      killed: () => this.#killed.push(to),
      verdict,
      before: continued(received) ?? positionName(entry.seq, index),
      turn: (parked, parkedMs) => {
        // Each has its own deadline; the order is to blame, because it is what a replay would turn again.
        this.#parts.beacon(this.id, entry.seq, index, this.#parts.epoch);
        this.#turn(cell, parked, parkedMs);
      },
    });
  }

  /** Why there is nobody to watch at an address, or no order that could be carried out; undefined if there is. */
  #gone(to: Address, verdict: BanyanError | undefined): DownReason | undefined {
    if (verdict !== undefined) return { kind: 'error', code: verdict.code, message: verdict.message };
    if (isWorker(to)) return this.#workers.gone(to);
    const { cells } = this.#parts;
    return cells.knows(to) ? goneBy(cells.load(to, this.id).standing) : { kind: 'noproc' };
  }

  #turn(cell: Cell, received: Received, timeMs: number): void {
    this.#turns.take(cell, received, timeMs);
    this.counters.turns++;
  }

  /** Sends a record as an effect of the message that is being applied. */
  #send(record: Omit<FrameRecord, 'from' | 'kind'>, kind: FrameRecord['kind']): void {
    const { outbox } = this.#parts;
    outbox.add(outbox.prepareTell(this.#numbers.next(), record, kind));
  }

  #deadLetter(failure: Failure): void {
    const { outbox, subjects } = this.#parts;
    const { item, error } = failure;
    const number = this.#numbers.next();
    const letter = deadLetterOf(this.id, number, failure);
    const subject = letter.to === null ? subjects.deadUnknown : subjects.dead(letter.to as Address);
    outbox.add(outbox.preparePublication('dead', number, subject, letter));
    const replyTo = 'received' in item ? item.received.replyTo : undefined;
    if (replyTo !== undefined && !isActor(replyTo)) {
      this.#answers.push({ to: replyTo, body: { ok: false, error: error.toWire() } });
    }
    this.counters.deadLetters++;
    this.#parts.onDeadLetter(letter, 'received' in item ? item.received.traceparent : undefined);
  }
}
