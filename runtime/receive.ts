/** First step of delivery: a log entry becomes the messages in it, or refusals with a code. Never throws. */
import { LIMITS } from '../config/limits.ts';
import { type Address, formatAddress, isAddress, isKey, isKind } from '../protocol/address.ts';
import { decodeBody, encode, type MessageBody } from '../protocol/codec.ts';
import { BanyanError, toBanyanError } from '../protocol/errors.ts';
import { decodeFrame, type EffectNumber, type FrameRecord, type RecordKind } from '../protocol/frame.ts';
import { HEADER, JSON_CONTENT_TYPE } from '../protocol/headers.ts';
import type { ReplyHandle } from './current-turn.ts';
import type { LogEntry } from './log.ts';

/** How a message proves that it was not applied before. */
export type Dedupe =
  | { readonly by: 'mark'; readonly partition: number; readonly number: EffectNumber }
  | { readonly by: 'sender'; readonly name: string; readonly seq: number }
  | undefined;

/** One message of an entry, decoded and addressed, not yet checked against its actor's schema. */
export interface Received {
  readonly kind: RecordKind;
  readonly to: Address;
  readonly actorKind: string;
  readonly key: string;
  readonly message: MessageBody;
  /** From outside the runtime: internal messages are refused. */
  readonly foreign: boolean;
  readonly dedupe: Dedupe;
  readonly sender: string | undefined;
  /** Of a timer, task result or watch. */
  readonly id: string | undefined;
  readonly replyTo: ReplyHandle | undefined;
  readonly correlationId: string | undefined;
  readonly traceparent: string | undefined;
}

/** A message that can be delivered to nobody. */
export interface Refused {
  readonly to: Address | undefined;
  readonly error: BanyanError;
}

export type Item = { readonly received: Received } | { readonly refused: Refused };

/** Names of senders that only the runtime uses begin with one of these. */
export const RESERVED_SENDERS = { task: 'task!', deadLetter: 'dead!' } as const;

/** The messages of an entry, in order; their place in the array is their index. */
export function receive(entry: LogEntry): Item[] {
  try {
    if (entry.place.kind === 'frame')
      return decodeFrame(entry.data).map((record) => ({ received: ofFrame(record) }));
    if (entry.place.kind === 'message')
      return [ofMessage(entry, entry.place.actorKind, entry.place.actorKey)];
    return [];
  } catch (error) {
    return [{ refused: { to: undefined, error: toBanyanError(error) } }];
  }
}

/** The body of a dead letter: the bytes as they came, or the record's message encoded again. */
export function rawBody(entry: LogEntry, item: Item): Uint8Array {
  return entry.place.kind === 'frame' && 'received' in item ? encode(item.received.message) : entry.data;
}

function ofFrame(record: FrameRecord): Received {
  const slash = record.to.indexOf('/');
  return {
    kind: record.kind,
    to: record.to,
    actorKind: record.to.slice(0, slash),
    key: record.to.slice(slash + 1),
    message: record.message,
    foreign: false,
    dedupe:
      record.from === undefined
        ? taskNumber(record)
        : { by: 'mark', partition: record.from.partition, number: record.from.number },
    sender: record.sender,
    id: record.id,
    replyTo: record.replyTo,
    correlationId: record.correlationId,
    traceparent: record.traceparent,
  };
}

/** What a task or a replayed dead letter tells is numbered `<name>#<n>`: a second attempt repeats the numbers. */
function taskNumber(record: FrameRecord): Dedupe {
  const hash = record.kind === 'tell' ? (record.id?.lastIndexOf('#') ?? -1) : -1;
  if (record.id === undefined || hash < 0) return undefined;
  return {
    by: 'sender',
    name:
      (record.id.startsWith(RESERVED_SENDERS.deadLetter) ? '' : RESERVED_SENDERS.task) +
      record.id.slice(0, hash),
    seq: Number(record.id.slice(hash + 1)),
  };
}

function ofMessage(entry: LogEntry, actorKind: string, key: string): Item {
  if (!isKind(actorKind) || !isKey(key)) {
    return {
      refused: {
        to: undefined,
        error: new BanyanError('address.invalid', {
          message: `${JSON.stringify(`${actorKind}/${key}`.slice(0, 200))} is not an address.`,
        }),
      },
    };
  }
  const to = formatAddress(actorKind, key);
  try {
    const caller = replySubject(entry);
    const replyTo = caller ?? replyAddress(entry);
    const contentType = identifier(entry, HEADER.contentType);
    const json = caller !== undefined && contentType?.toLowerCase().startsWith(JSON_CONTENT_TYPE) === true;
    const sender = senderName(entry);
    const id = identifier(entry, HEADER.msgId) ?? '';
    return {
      received: {
        kind: 'tell',
        to,
        actorKind,
        key,
        message: decodeBody(entry.data, contentType),
        foreign: true,
        dedupe: senderNumber(entry, sender),
        sender,
        id: undefined,
        replyTo: replyTo === undefined ? undefined : { to: replyTo, id, ...(json ? { json } : {}) },
        correlationId: identifier(entry, HEADER.correlationId),
        traceparent: identifier(entry, HEADER.traceparent),
      },
    };
  } catch (error) {
    return { refused: { to, error: toBanyanError(error) } };
  }
}

/** A call's answer goes to its requester's inbox and nowhere else: a header must not make us publish at will. */
function replySubject(entry: LogEntry): string | undefined {
  const subject = entry.header(HEADER.callReply);
  if (subject === undefined || /^_INBOX(\.[A-Za-z0-9_-]+)+$/.test(subject)) return subject;
  throw new BanyanError('message.invalid', {
    message: 'The reply subject is not an inbox.',
    path: HEADER.callReply,
  });
}

function replyAddress(entry: LogEntry): string | undefined {
  const address = entry.header(HEADER.replyTo);
  if (address === undefined || isAddress(address)) return address;
  throw new BanyanError('address.invalid', {
    message: 'The reply address is not an address.',
    path: HEADER.replyTo,
  });
}

/** Ids become keys of the store, and headers travel on in effects and dead letters: their length is bounded here. */
function identifier(entry: LogEntry, header: string): string | undefined {
  const value = entry.header(header);
  if (value === undefined || (Buffer.byteLength(value) <= LIMITS.storedIdBytes && value.isWellFormed()))
    return value;
  throw new BanyanError('message.invalid', {
    message: `${header} is longer than ${LIMITS.storedIdBytes} bytes.`,
    path: header,
  });
}

/** Actors and tasks speak in frames: a message that bears such a name is somebody else's. */
function senderName(entry: LogEntry): string | undefined {
  const name = identifier(entry, HEADER.sender);
  if (name === undefined || !(isAddress(name) || name.startsWith(RESERVED_SENDERS.task))) return name;
  throw new BanyanError('message.sender_reserved', { path: HEADER.sender });
}

/** The number that an outside sender gave its message; throws `message.sequence`. */
export function parseSequence(text: string): number {
  const seq = Number(text);
  if (text !== '' && Number.isSafeInteger(seq) && seq >= 0) return seq;
  throw new BanyanError('message.sequence', {
    message: `${HEADER.seq} is ${JSON.stringify(text.slice(0, 40))}.`,
    path: HEADER.seq,
  });
}

function senderNumber(entry: LogEntry, name: string | undefined): Dedupe {
  const text = entry.header(HEADER.seq);
  return name === undefined || text === undefined
    ? undefined
    : { by: 'sender', name, seq: parseSequence(text) };
}
