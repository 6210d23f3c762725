/** The requests that nodes answer: submit, call and ask, each with its reply checked. */
import { randomUUID } from 'node:crypto';
import { LIMITS } from '../../config/limits.ts';
import type { Address } from '../../protocol/address.ts';
import { BanyanError } from '../../protocol/errors.ts';
import type { Subjects } from '../../protocol/subjects.ts';
import { askReplySchema, callReplySchema, type Cursor, submitReplySchema } from '../../protocol/wire.ts';
import { type Exchange, exchange } from './exchange.ts';
import { messageHeaders, type Stored, type TellOptions } from './tell.ts';

export type SubmitOptions = TellOptions;

/** `id` makes a call repeatable: the same id within an hour gives the same result, without a second turn. */
export type CallOptions = TellOptions;

export interface AskOptions {
  /** Answer only from a state that has seen this entry of the log: the `seq` of an earlier tell or submit. */
  readonly after?: number;
  readonly timeoutMs?: number;
}

export interface Called<T> {
  readonly value: T;
  /** The entry that holds the message, when the node says so. */
  readonly seq?: number;
}

export interface Asked<T> {
  readonly value: T;
  /** How far the state had come. */
  readonly cursor: Cursor;
  readonly epoch: number;
}

export interface RequestParts extends Exchange {
  readonly subjects: Subjects;
}

export async function submit(
  parts: RequestParts,
  to: Address,
  message: object,
  options: SubmitOptions,
): Promise<Stored> {
  const reply = submitReplySchema.safeParse(
    await exchange(parts, parts.subjects.submit(to), message, {
      timeoutMs: options.timeoutMs ?? LIMITS.submitTimeoutMs,
      headers: messageHeaders(to, options),
    }),
  );
  if (reply.success && reply.data.ok)
    return { seq: reply.data.seq, duplicate: reply.data.duplicate ?? false };
  throw unreadable('submit');
}

export async function call<T>(
  parts: RequestParts,
  to: Address,
  message: object,
  options: CallOptions,
): Promise<Called<T>> {
  // Without an id of the caller's own, each call is one of its own.
  const id = options.id ?? randomUUID();
  const reply = callReplySchema.safeParse(
    await exchange(parts, parts.subjects.call(to), message, {
      timeoutMs: options.timeoutMs ?? LIMITS.callTimeoutMs,
      headers: messageHeaders(to, { ...options, id }),
    }).catch((error: unknown) => {
      throw repeatable(error, id);
    }),
  );
  if (!reply.success || !reply.data.ok) throw unreadable('call');
  const { value, seq } = reply.data;
  return { value: value as T, ...(seq === undefined ? {} : { seq }) };
}

export async function ask<T>(
  parts: RequestParts,
  to: Address,
  query: string,
  input: object,
  { after, timeoutMs }: AskOptions,
): Promise<Asked<T>> {
  const body = { input, ...(after === undefined ? {} : { after: { seq: after, index: 0 } }) };
  const reply = askReplySchema.safeParse(
    await exchange(parts, parts.subjects.ask(to, query), body, {
      timeoutMs: timeoutMs ?? LIMITS.askTimeoutMs,
    }),
  );
  if (!reply.success || !reply.data.ok) throw unreadable('ask');
  const { value, cursor, epoch } = reply.data;
  return { value: value as T, cursor, epoch };
}

/** A call that got no answer in time can be repeated only by who knows its id. */
function repeatable(error: unknown, id: string): unknown {
  if (!(error instanceof BanyanError) || error.code !== 'call.timeout') return error;
  return new BanyanError('call.timeout', {
    message: error.message,
    hint: `The message may still take effect; repeat the call with the id ${id} to learn its result.`,
    cause: error,
  });
}

function unreadable(verb: string): BanyanError {
  return new BanyanError('internal', { message: `The reply to the ${verb} is not of the documented shape.` });
}
