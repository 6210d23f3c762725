/** What becomes of a message that cannot be turned: a letter that says why, with everything to try again. */
import { LIMITS } from '../config/limits.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { EffectNumber } from '../protocol/frame.ts';
import { HEADER } from '../protocol/headers.ts';
import type { DeadLetter } from '../protocol/wire.ts';
import type { LogEntry } from './log.ts';
import { type Item, rawBody } from './receive.ts';

const STACK_CHARS = 4_000;
/** A thrown text or a path of somebody's keys may be of any length; a letter must fit what the broker takes. */
const ERROR_CHARS = 4_000;

/** What went wrong with which message. */
export interface Failure {
  readonly entry: LogEntry;
  readonly item: Item;
  readonly error: BanyanError;
  /** What was thrown, if the error only stands for it. */
  readonly thrown: unknown;
}

/** `number` is the letter's own, as an effect of the message. */
export function deadLetterOf(partition: number, number: EffectNumber, failure: Failure): DeadLetter {
  const { entry, item, error, thrown } = failure;
  const received = 'received' in item ? item.received : undefined;
  const to = received?.to ?? ('refused' in item ? item.refused.to : undefined);
  const body = rawBody(entry, item);
  const contentType =
    entry.place.kind === 'frame'
      ? undefined
      : entry.header(HEADER.contentType)?.slice(0, LIMITS.storedIdBytes).toWellFormed();
  const optional = {
    stack: stackOf(thrown),
    sender: received?.sender,
    correlationId: received?.correlationId,
    message: received?.message,
    contentType,
    // A longer body could not be replayed anyway.
    bodyBytes: body.byteLength > LIMITS.messageBodyBytes ? body.byteLength : undefined,
  };
  const known = Object.entries(optional).filter(([, value]) => value !== undefined);
  return {
    type: 'dead-letter',
    id: `${partition}.${number.join('.')}`,
    to: to ?? null,
    at: entry.timeMs,
    partition,
    entry: number[0],
    index: number[1],
    subject: entry.subject,
    internal: received?.foreign === false,
    error: {
      ...error.toWire(),
      message: error.message.slice(0, ERROR_CHARS),
      ...(error.path === undefined ? {} : { path: error.path.slice(0, ERROR_CHARS) }),
    },
    body: body.byteLength > LIMITS.messageBodyBytes ? body.subarray(0, LIMITS.messageBodyBytes) : body,
    ...(Object.fromEntries(known) as Partial<DeadLetter>),
  };
}

function stackOf(thrown: unknown): string | undefined {
  const cause = thrown instanceof BanyanError && thrown.cause instanceof Error ? thrown.cause : thrown;
  // Whoever threw it may have put anything there.
  const stack: unknown = cause instanceof Error ? cause.stack : undefined;
  return typeof stack === 'string' ? stack.slice(0, STACK_CHARS) : undefined;
}
