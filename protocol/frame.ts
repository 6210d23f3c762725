/**
 * Frames: one log entry that holds many records for one partition. Senders encode each record once and join
 * the bytes; readers get records in order, each numbered by its place.
 */
import { LIMITS } from '../config/limits.ts';
import { type Address, isAddress } from './address.ts';
import { decode, encode, type MessageBody, scan, type ScanLimits } from './codec.ts';
import { BanyanError } from './errors.ts';

/**
 * The number of a message that a turn made: the entry and index of the turn's message, and which of its
 * effects. A replay repeats it, so a receiver knows what it already has.
 */
export type EffectNumber = readonly [entry: number, index: number, effect: number];

/** Negative when `a` was made before `b`, 0 when they are the same. */
export function compareNumbers(a: EffectNumber, b: EffectNumber): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/**
 * What a record is for: from an actor, from a timer's row, a task's result, an order to the runtime, or the end of
 * a watch.
 */
export type RecordKind = 'tell' | 'timer' | 'task' | 'control' | 'down';

/** One message in a frame. */
export interface FrameRecord {
  readonly kind: RecordKind;
  readonly to: Address;
  readonly message: MessageBody;
  /** The sending partition and the message's number in it; receivers keep a mark per sending partition. */
  readonly from?: { readonly partition: number; readonly number: EffectNumber };
  /** The address of the sending actor, or the name of an outside sender. */
  readonly sender?: string;
  /** The id of the timer, task or watch. */
  readonly id?: string;
  readonly correlationId?: string;
  readonly traceparent?: string;
  /** Where the result goes. */
  readonly replyTo?: { readonly to: string; readonly id: string };
}

const VERSION = 1;
const KINDS: readonly RecordKind[] = ['tell', 'timer', 'task', 'control', 'down'];
const MAX_FIELDS = 9;
const RECORD_LIMITS: ScanLimits = {
  bytes: LIMITS.messageBodyBytes + LIMITS.recordOverheadBytes,
  // The record itself is one level around the message.
  depth: LIMITS.messageDepth + 1,
  items: LIMITS.messageItems + 32,
};

/**
 * Encodes one record: `[kind, to, message, from?, sender?, id?, correlationId?, traceparent?, replyTo?]`.
 * Everything that could make a reader refuse it is refused here, where it is still the sender's own fault:
 * throws `address.invalid` and the `message.*` codes.
 */
export function encodeRecord(record: FrameRecord): Uint8Array {
  if (!isAddress(record.to)) {
    throw new BanyanError('address.invalid', { message: `${JSON.stringify(record.to)} is not an address.` });
  }
  const { type } = record.message;
  if (typeof type !== 'string' || type.length === 0 || type.length > LIMITS.messageTypeChars) {
    throw new BanyanError('message.no_type');
  }
  if (record.kind !== 'timer' && type.startsWith('xstate.')) throw new BanyanError('message.reserved_type');
  const fields: unknown[] = [
    KINDS.indexOf(record.kind),
    record.to,
    record.message,
    record.from === undefined ? null : [record.from.partition, ...record.from.number],
    record.sender ?? null,
    record.id ?? null,
    record.correlationId ?? null,
    record.traceparent ?? null,
    record.replyTo === undefined ? null : [record.replyTo.to, record.replyTo.id],
  ];
  while (fields.at(-1) === null) fields.pop();
  const bytes = encode(fields);
  scan(bytes, RECORD_LIMITS);
  return bytes;
}

/** Joins encoded records into a frame, `[1, [record, …]]`; throws `frame.too_large`. */
export function encodeFrame(records: readonly Uint8Array[]): Uint8Array {
  const count = records.length;
  let recordBytes = 0;
  for (const record of records) recordBytes += record.length;
  const headBytes = count < 16 ? 3 : 5;
  if (count === 0 || count > LIMITS.frameRecords || headBytes + recordBytes > LIMITS.frameBytes) {
    throw new BanyanError('frame.too_large', {
      message: `A frame cannot hold ${count} records, ${recordBytes} bytes.`,
    });
  }
  const frame = new Uint8Array(headBytes + recordBytes);
  frame[0] = 0x92;
  frame[1] = VERSION;
  if (count < 16) frame[2] = 0x90 | count;
  else frame.set([0xdc, count >> 8, count & 0xff], 2);
  let at = headBytes;
  for (const record of records) {
    frame.set(record, at);
    at += record.length;
  }
  return frame;
}

/**
 * Decodes a frame. Only nodes may publish frames and {@link encodeRecord} has checked the messages, so this
 * checks shape and size. Throws `frame.version` for a newer format and `frame.malformed`.
 */
export function decodeFrame(bytes: Uint8Array): FrameRecord[] {
  if (bytes.length > LIMITS.frameBytes) throw malformed(`${bytes.length} bytes are too many`);
  let frame: unknown;
  try {
    frame = decode(bytes);
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!Array.isArray(frame)) throw malformed('it is not an array');
  const [version, records] = frame as unknown[];
  if (typeof version === 'number' && version > VERSION) {
    throw new BanyanError('frame.version', {
      message: `The frame has version ${version}, we know ${VERSION}.`,
    });
  }
  if (version !== VERSION || frame.length !== 2 || !Array.isArray(records))
    throw malformed('it is not [1, records]');
  if (records.length === 0 || records.length > LIMITS.frameRecords)
    throw malformed(`${records.length} records`);
  return records.map(recordOf);
}

function recordOf(fields: unknown, place: number): FrameRecord {
  if (!Array.isArray(fields) || fields.length < 3 || fields.length > MAX_FIELDS) throw broken(place);
  const [kindNumber, to, message, from, sender, id, correlationId, traceparent, replyTo] =
    fields as unknown[];
  const kind = typeof kindNumber === 'number' ? KINDS[kindNumber] : undefined;
  if (kind === undefined || typeof to !== 'string' || !isAddress(to) || !isMessage(message))
    throw broken(place);
  const record: { -readonly [F in keyof FrameRecord]: FrameRecord[F] } = { kind, to, message };
  if (present(from)) record.from = fromOf(from, place);
  if (present(sender)) record.sender = text(sender, place);
  if (present(id)) record.id = text(id, place);
  if (present(correlationId)) record.correlationId = text(correlationId, place);
  if (present(traceparent)) record.traceparent = text(traceparent, place);
  if (present(replyTo)) {
    if (!Array.isArray(replyTo) || replyTo.length !== 2) throw broken(place);
    record.replyTo = { to: text(replyTo[0], place), id: text(replyTo[1], place) };
  }
  return record;
}

/** Trailing fields are cut off, those between are nil. */
function present(field: unknown): boolean {
  return field !== undefined && field !== null;
}

function isMessage(value: unknown): value is MessageBody {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    typeof (value as MessageBody).type === 'string'
  );
}

function fromOf(value: unknown, place: number): NonNullable<FrameRecord['from']> {
  if (!Array.isArray(value) || value.length !== 4 || !value.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw broken(place);
  }
  const [partition, entry, index, effect] = value as [number, number, number, number];
  return { partition, number: [entry, index, effect] };
}

function text(value: unknown, place: number): string {
  if (typeof value !== 'string') throw broken(place);
  return value;
}

function broken(place: number): BanyanError {
  return malformed(`record ${place} has the wrong shape`);
}

function malformed(what: string, cause?: unknown): BanyanError {
  return new BanyanError('frame.malformed', { message: `The frame cannot be decoded: ${what}.`, cause });
}
