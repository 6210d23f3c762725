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
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import { isInternal } from '../protocol/contract.ts';
import { BanyanError, type ErrorCode, toBanyanError } from '../protocol/errors.ts';
import type { EffectNumber } from '../protocol/frame.ts';
import type { Subjects } from '../protocol/subjects.ts';
import type { Cell, Cells } from './cells.ts';
import type { Effect, ReplyHandle } from './current-turn.ts';
import { buckets } from './keys.ts';
import { entryHash, type LogEntry, type Verdict } from './log.ts';
import { Marks } from './marks.ts';
import { obey, ParkedFailure } from './orders.ts';
import type { Outbox, Prepared } from './outbox.ts';
import type { Overlay } from './overlay.ts';
import { Parked } from './parked.ts';
import { type Item, rawBody, receive, type Received } from './receive.ts';
import { Results } from './results.ts';
import { TaskRows } from './tasks.ts';
import { TimerRows } from './timers.ts';
import { runTurn, type TurnResult } from './turn.ts';

/** How far the partition has come: the last applied entry. */
export interface Cursor {
  readonly seq: number;
  /** The index of the last message in it. */
  readonly index: number;
  readonly hash: string;
}

/** An answer that leaves after the window has committed; at most once. */
export interface Answer {
  readonly subject: string;
  readonly body: { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: object };
}

/** Counted since the partition was opened. */
export interface PartitionCounters {
  turns: number;
  duplicates: number;
  deadLetters: number;
  parked: number;
}

export interface PartitionParts {
  readonly id: number;
  readonly overlay: Overlay;
  readonly cells: Cells;
  readonly outbox: Outbox;
  readonly subjects: Subjects;
  readonly verdicts: readonly Verdict[];
  /** Says which message is about to be turned, where a watchdog can see it even if the turn never ends. */
  readonly beacon: (partition: number, seq: number, index: number) => void;
  /** Sees every turn before its changes are kept; may throw to refuse it. For the determinism check. */
  readonly onTurn?: (turn: ObservedTurn) => void;
}

/** A turn as an observer sees it. */
export interface ObservedTurn {
  readonly cell: Cell;
  readonly message: Received;
  readonly messageId: string;
  readonly nowMs: number;
  readonly before: Uint8Array | undefined;
  readonly result: TurnResult;
}

/** What happened to a turn is the environment's fault; the shard stops and the partition moves. */
export class EnvironmentFault extends Error {
  readonly code: ErrorCode;
  readonly partition: number;
  readonly entry: number;
  readonly index: number;

  constructor(code: ErrorCode, partition: number, entry: number, index: number, cause: unknown) {
    super(`${code} at entry ${entry}.${index} of partition ${partition}`, { cause });
    this.code = code;
    this.partition = partition;
    this.entry = entry;
    this.index = index;
  }
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
  #cursor: Cursor | undefined;
  #lastEntry: LogEntry | undefined;
  #answers: Answer[] = [];
  /** Numbers the effects of the message that is being applied (I4). */
  #effects = 0;

  constructor(parts: PartitionParts) {
    this.id = parts.id;
    this.#parts = parts;
    this.#marks = new Marks(parts.overlay, parts.id);
    this.timers = new TimerRows(parts.overlay, parts.id);
    this.tasks = new TaskRows(parts.overlay, parts.id);
    this.#parked = new Parked(parts.overlay, parts.id);
    this.#results = new Results(parts.overlay, parts.id);
    this.#cursor = readCursor(parts.overlay, parts.id);
  }

  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  /** The last entry applied, committed or not; 0 before the first. */
  get position(): number {
    return this.#lastEntry?.seq ?? this.#cursor?.seq ?? 0;
  }

  /** Whether this store has held the partition before, if only empty. */
  get wasOpened(): boolean {
    return this.#parts.overlay.get(buckets.partition(this.id), 'opened') !== undefined;
  }

  /** Remembers, with the next window, that the partition was read from its beginning. */
  markOpened(): void {
    if (!this.wasOpened) this.#parts.overlay.put(buckets.partition(this.id), 'opened', encode(true));
  }

  /** Applies one entry; returns how many messages it held. Throws only {@link EnvironmentFault}. */
  apply(entry: LogEntry): number {
    if (entry.seq <= this.position) return 0;
    const items = receive(entry);
    for (let index = 0; index < items.length; index++) this.#applyItem(entry, index, items[index] as Item);
    this.#lastEntry = entry;
    return items.length;
  }

  /** Writes the cursor and what belongs to it. Call before the window commits. */
  save(): void {
    const entry = this.#lastEntry;
    if (entry === undefined) return;
    this.#marks.save();
    this.#parts.outbox.save(entry.seq);
    this.#cursor = { seq: entry.seq, index: 0, hash: entryHash(entry) };
    this.#parts.overlay.put(buckets.partition(this.id), 'cursor', encode(this.#cursor));
  }

  /** Lets effects leave. Call after the window has committed. */
  release(): readonly Answer[] {
    if (this.#lastEntry !== undefined) this.#parts.outbox.release(this.#lastEntry.seq);
    this.#lastEntry = undefined;
    const answers = this.#answers;
    this.#answers = [];
    return answers;
  }

  /** The kept answer to an earlier request with this id; undefined when there is none. */
  result(id: string): unknown {
    return this.#results.get(id);
  }

  #applyItem(entry: LogEntry, index: number, item: Item): void {
    this.#effects = 0;
    if ('refused' in item) {
      this.#deadLetter(entry, index, item, item.refused.error);
      return;
    }
    const { received } = item;
    this.#parts.beacon(this.id, entry.seq, index);
    try {
      // I3: from here on the message counts as applied.
      if (this.#marks.seen(received.dedupe, received.to, entry.timeMs)) {
        this.counters.duplicates++;
        return;
      }
      const verdict = this.#parts.verdicts.find((one) => one.entry === entry.seq && one.index === index);
      if (verdict !== undefined) throw new BanyanError(verdict.code as ErrorCode, { message: verdict.detail });
      if (received.kind === 'task' && this.tasks.take(received.id ?? '') === undefined) return;
      const timer = received.kind === 'timer' ? this.timers.take(received.to, received.id ?? '') : undefined;
      if (received.kind === 'timer' && timer === undefined) return;
      this.#deliver(entry, index, received, Math.max(entry.timeMs, timer?.[1] ?? 0));
    } catch (error) {
      this.#throwIfEnvironment(error, entry, index);
      if (error instanceof ParkedFailure) this.#deadLetter(entry, index, { received: error.received }, toBanyanError(error.cause), error.cause);
      else this.#deadLetter(entry, index, item, toBanyanError(error), error);
    }
  }

  #deliver(entry: LogEntry, index: number, received: Received, timeMs: number): void {
    const { overlay, cells } = this.#parts;
    const cell = cells.load(received.to, this.id);
    if (received.kind === 'control') {
      obey({ cell, received, cells, overlay, parked: this.#parked, timers: this.timers, partition: this.id, tell: (message) => this.#tellControl(entry, index, cell.address, message), turn: (parked, parkedMs) => this.#turn(entry, index, cell, parked, parkedMs) });
      return;
    }
    if (cell.standing?.status === 'ended') throw new BanyanError('actor.ended');
    if (cell.standing !== undefined) {
      // I5: set aside in the same window, turned in order when the actor is resumed.
      this.#parked.add(cell.address, entry.seq, index, received, timeMs);
      cells.stand(cell, { ...cell.standing, parked: cell.standing.parked + 1 });
      this.counters.parked++;
      return;
    }
    this.#turn(entry, index, cell, received, timeMs);
  }

  /** I2: what the turn writes and wants is kept as a whole, or undone. */
  #turn(entry: LogEntry, index: number, cell: Cell, received: Received, timeMs: number): void {
    const { overlay, cells, onTurn } = this.#parts;
    const before = onTurn === undefined ? undefined : overlay.get(buckets.actors(this.id), cell.address);
    const messageId = `${this.id}.${entry.seq}.${index}${this.#effects === 0 ? '' : `.${this.#effects}`}`;
    const nowMs = Math.max(cell.timeMs, timeMs);
    overlay.mark();
    try {
      const result = runTurn({
        definition: cell.kind.definition,
        machine: cell.kind.machine,
        self: cell.address,
        key: cell.key,
        snapshot: cell.snapshot,
        message: checked(cell, received),
        nowMs,
        sender: received.sender,
        messageId,
        replyTo: received.replyTo,
        rows: cell.rows,
      });
      onTurn?.({ cell, message: received, messageId, nowMs, before, result });
      this.#keep(entry, index, cell, received, nowMs, result);
      cells.save(cell, result.snapshot, result.bytes, nowMs);
      if (result.snapshot.status === 'done') cells.stand(cell, { status: 'ended', reason: 'The machine reached its final state.', parked: 0 });
      this.counters.turns++;
    } catch (error) {
      overlay.rollback();
      cells.restart(cell.address);
      throw error instanceof BanyanError ? error : new BanyanError('turn.failed', { message: messageOf(error), cause: error });
    }
  }

  /** Prepares every effect before keeping the first one: an effect that cannot be encoded fails the turn. */
  #keep(entry: LogEntry, index: number, cell: Cell, received: Received, nowMs: number, result: TurnResult): void {
    if (result.bytes.byteLength > LIMITS.snapshotBytes) {
      throw new BanyanError('turn.limit', { message: `The state has ${result.bytes.byteLength} bytes (at most ${LIMITS.snapshotBytes}).` });
    }
    if (result.effects.length > LIMITS.turnEffects) throw new BanyanError('turn.limit', { message: `A turn has ${result.effects.length} effects (at most ${LIMITS.turnEffects}).` });
    const start = this.#effects;
    const prepared: Prepared[] = [];
    const answers: Answer[] = [];
    let answered = result.replyDeferred;
    for (const effect of result.effects) {
      const number: EffectNumber = [entry.seq, index, this.#effects++];
      if (effect.kind === 'reply') {
        answered ||= effect.to.id === received.replyTo?.id;
        this.#prepareReply(number, cell, received, effect.to, effect.value, nowMs, prepared, answers);
      } else {
        const made = this.#prepare(number, cell, received, effect, nowMs);
        if (made !== undefined) prepared.push(made);
      }
    }
    this.#effects = Math.max(this.#effects, start + 1);
    const { replyTo } = received;
    if (!answered && replyTo !== undefined && !replyTo.to.includes('/')) answers.push(this.#answer(replyTo, null, nowMs));
    for (const effect of prepared) this.#parts.outbox.add(effect);
    this.#answers.push(...answers);
  }

  #prepare(number: EffectNumber, cell: Cell, received: Received, effect: Exclude<Effect, { kind: 'reply' }>, nowMs: number): Prepared | undefined {
    const { outbox, subjects } = this.#parts;
    switch (effect.kind) {
      case 'tell':
        return outbox.prepareTell(number, { to: effect.to, message: effect.message, sender: cell.address, ...traceOf(received) });
      case 'emit':
        return outbox.preparePublication('event', number, subjects.event(cell.address, effect.name), {
          type: effect.name,
          ...effect.payload,
          actor: cell.address,
          at: nowMs,
        });
      case 'schedule':
        this.timers.set(cell.address, effect.name, number, nowMs, effect.delayMs, effect.message);
        return undefined;
      case 'cancel':
        this.timers.cancel(cell.address, effect.name);
        return undefined;
      case 'task':
        this.tasks.start(number, { address: cell.address, name: effect.name, input: effect.input, ...(effect.pool === undefined ? {} : { pool: effect.pool }) });
        return undefined;
    }
  }

  #prepareReply(number: EffectNumber, cell: Cell, received: Received, to: ReplyHandle, value: unknown, nowMs: number, prepared: Prepared[], answers: Answer[]): void {
    if (!to.to.includes('/')) {
      answers.push(this.#answer(to, value, nowMs));
      return;
    }
    const typed = typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
    const message = typed ? (value as { type: string }) : { type: 'reply', id: to.id, value };
    prepared.push(this.#parts.outbox.prepareTell(number, { to: to.to as Address, message, sender: cell.address, ...traceOf(received) }));
  }

  #answer(to: ReplyHandle, value: unknown, nowMs: number): Answer {
    encode(value);
    if (to.id !== '') this.#results.put(to.id, value, nowMs);
    return { subject: to.to, body: { ok: true, value } };
  }

  #tellControl(entry: LogEntry, index: number, to: Address, message: { readonly type: string }): void {
    const number: EffectNumber = [entry.seq, index, this.#effects++];
    this.#parts.outbox.add(this.#parts.outbox.prepareTell(number, { to, message }, 'control'));
  }

  #deadLetter(entry: LogEntry, index: number, item: Item, error: BanyanError, thrown: unknown = error): void {
    const { outbox, subjects } = this.#parts;
    const received = 'received' in item ? item.received : undefined;
    const to = received?.to ?? ('refused' in item ? item.refused.to : undefined);
    const number: EffectNumber = [entry.seq, index, this.#effects++];
    const body = {
      type: 'dead-letter',
      id: `${this.id}.${number.join('.')}`,
      address: to ?? null,
      error: error.toWire(),
      stack: stackOf(thrown),
      entry: { seq: entry.seq, index },
      subject: entry.subject,
      sender: received?.sender ?? null,
      contentType: entry.place.kind === 'frame' ? null : (entry.header('Content-Type') ?? null),
      internal: received?.foreign === false,
      at: entry.timeMs,
      body: rawBody(entry, item),
    };
    outbox.add(outbox.preparePublication('dead', number, to === undefined ? subjects.deadUnknown : subjects.dead(to), body));
    const replyTo = received?.replyTo;
    if (replyTo !== undefined && !replyTo.to.includes('/')) this.#answers.push({ subject: replyTo.to, body: { ok: false, error: error.toWire() } });
    this.counters.deadLetters++;
  }

  /** I6. A full stack shows as an error that anybody may have wrapped, so its text is all there is to go by. */
  #throwIfEnvironment(error: unknown, entry: LogEntry, index: number): void {
    const text = `${messageOf(error)} ${error instanceof Error ? messageOf(error.cause) : ''}`;
    const code = /Maximum call stack size exceeded/.test(text)
      ? 'turn.stack'
      : error instanceof BanyanError && error.code.startsWith('store.')
        ? error.code
        : undefined;
    if (code !== undefined) throw new EnvironmentFault(code, this.id, entry.seq, index, error);
  }
}

/** Reads a partition's cursor without opening the partition. */
export function readCursor(overlay: Pick<Overlay, 'get'>, partition: number): Cursor | undefined {
  const bytes = overlay.get(buckets.partition(partition), 'cursor');
  return bytes === undefined ? undefined : (decode(bytes) as Cursor);
}

/** The message as its schema gives it. What the runtime itself sends to a machine has no schema. */
function checked(cell: Cell, { message, foreign, kind }: Received): { type: string } {
  const { type, ...fields } = message;
  if (kind === 'timer' && type.startsWith('xstate.')) return message;
  const schema = Object.hasOwn(cell.kind.definition.messages, type) ? cell.kind.definition.messages[type] : undefined;
  if (schema === undefined) throw new BanyanError('message.unknown_type', { message: `'${cell.kind.definition.kind}' takes no '${type.slice(0, 100)}'.` });
  if (foreign && isInternal(schema)) throw new BanyanError('message.not_public', { message: `'${type}' is sent by actors only.` });
  const result = schema.safeParse(fields);
  if (result.success) return { ...result.data, type };
  const issue = result.error.issues[0];
  throw new BanyanError('message.invalid', { message: `'${type}': ${issue?.message}`, path: issue?.path.join('.') ?? '' });
}

function traceOf({ correlationId, traceparent }: Received): { correlationId?: string; traceparent?: string } {
  return { ...(correlationId === undefined ? {} : { correlationId }), ...(traceparent === undefined ? {} : { traceparent }) };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error ?? ''));
const STACK_CHARS = 4_000;
function stackOf(error: unknown): string | null {
  const cause = error instanceof BanyanError && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? (cause.stack ?? '').slice(0, STACK_CHARS) : null;
}
