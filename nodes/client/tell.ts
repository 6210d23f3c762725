/** Durable messages from outside: published to the mailbox, and only an acknowledgement counts. */
import { type JetStreamClient, JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import type { z } from 'zod';
import { LIMITS } from '../../config/limits.ts';
import { type Address, parseAddress } from '../../protocol/address.ts';
import type { MessageSchemas } from '../../protocol/contract.ts';
import { BanyanError } from '../../protocol/errors.ts';
import { HEADER } from '../../protocol/headers.ts';
import type { Subjects } from '../../protocol/subjects.ts';
import { isFull } from '../../runtime/log-jetstream.ts';
import { type Encoding, encodeBody, headersOf, requestFailure } from './exchange.ts';

/** A message as its sender writes it: fields with defaults may be left out. */
export type MessageInput<M extends MessageSchemas> = {
  [T in keyof M & string]: { readonly type: T } & z.input<M[T]>;
}[keyof M & string];

export interface TellOptions {
  /** Sent again with the same id within the broker's window, a message is stored once. */
  readonly id?: string;
  /** A name of your own; with `seq` the message takes effect once, however often it is sent. */
  readonly sender?: string;
  /** Grows with each message of the sender to the same actor; one number unacknowledged at a time. */
  readonly seq?: number;
  readonly correlationId?: string;
  /** An actor that receives the result as a message. */
  readonly replyTo?: Address;
  readonly timeoutMs?: number;
}

/** The acknowledgement: the log holds the message. */
export interface Stored {
  /** The entry of the log, from 1. */
  readonly seq: number;
  /** It had been stored before, under the same id. */
  readonly duplicate: boolean;
}

/** Appends a message to an actor's mailbox; see {@link BanyanClient.tell} for the errors. */
export async function publishMessage(
  { js, subjects, encoding }: { js: JetStreamClient; subjects: Subjects; encoding: Encoding },
  to: Address,
  message: object,
  options: TellOptions,
): Promise<Stored> {
  const subject = subjects.to(to);
  const timeoutMs = options.timeoutMs ?? LIMITS.submitTimeoutMs;
  const body = encodeBody(message, encoding);
  if ((options.seq === undefined) !== (options.sender === undefined)) {
    throw new BanyanError('message.sequence', { message: 'sender and seq must be given together.' });
  }
  try {
    const ack = await js.publish(subject, body, {
      timeout: timeoutMs,
      retries: 0,
      headers: headersOf(encoding, messageHeaders(to, options)),
    });
    if (ack.seq > 0) return { seq: ack.seq, duplicate: ack.duplicate };
  } catch (cause) {
    throw publishFailure(cause, subject, timeoutMs);
  }
  // Old servers acknowledge duplicates that they never stored with the number 0.
  throw new BanyanError('log.unavailable', { message: 'The broker acknowledged without a sequence.' });
}

/** The headers that say who sends, and as what. */
export function messageHeaders(to: Address, options: TellOptions): Record<string, string | undefined> {
  return {
    [HEADER.msgId]: options.id === undefined ? undefined : messageId(to, options.id, options.sender),
    [HEADER.sender]: options.sender,
    [HEADER.seq]: options.seq === undefined ? undefined : String(options.seq),
    [HEADER.correlationId]: options.correlationId,
    [HEADER.replyTo]: options.replyTo,
  };
}

/** `<sender>:<kind>/<key>:<id>`: the broker compares ids over the whole stream, so they name whom they are for. */
function messageId(to: Address, id: string, sender = 'client'): string {
  const { kind, key } = parseAddress(to);
  return `${sender}:${kind}/${key}:${id}`;
}

function publishFailure(cause: unknown, subject: string, timeoutMs: number): BanyanError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (isFull(cause)) {
    return new BanyanError('log.full', { message, cause });
  }
  if (cause instanceof JetStreamApiError || cause instanceof JetStreamError) {
    return new BanyanError('log.unavailable', { message, cause });
  }
  const failure = requestFailure(cause, subject, timeoutMs);
  // What nobody stores, nobody acknowledges: the client takes that for a broker without JetStream.
  if (failure.code === 'node.unreachable' || isNotEnabled(cause)) {
    return new BanyanError('node.unreachable', {
      message: 'The broker has no mailbox of this namespace.',
      hint: 'Start a node, or name the right namespace.',
      cause,
    });
  }
  if (failure.code === 'call.timeout') {
    return new BanyanError('log.unavailable', {
      message: `No acknowledgement within ${timeoutMs} ms.`,
      cause,
    });
  }
  return failure;
}

/** The client's class for it is not exported. */
const isNotEnabled = (cause: unknown): boolean =>
  cause instanceof Error && cause.name === 'JetStreamNotEnabled';
