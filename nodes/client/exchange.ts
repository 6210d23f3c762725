/** One request and its reply over core NATS: encoding both ways, and what can go wrong as a coded error. */
import {
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from '@nats-io/transport-node';
import { LIMITS } from '../../config/limits.ts';
import { decode, encode, scan } from '../../protocol/codec.ts';
import { BanyanError } from '../../protocol/errors.ts';
import { HEADER, JSON_CONTENT_TYPE } from '../../protocol/headers.ts';
import { wireErrorSchema } from '../../protocol/wire.ts';

/** How bodies travel: msgpack, or JSON for who wants to read along. */
export type Encoding = 'msgpack' | 'json';

export interface Exchange {
  readonly connection: NatsConnection;
  readonly encoding: Encoding;
}

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

const REPLY_LIMITS = {
  bytes: LIMITS.replyBytes + LIMITS.recordOverheadBytes,
  depth: LIMITS.messageDepth,
  items: LIMITS.messageItems,
};

/**
 * Sends a request and decodes the reply. Throws what the other side answered, `node.unreachable` when nobody
 * listens, `call.timeout`, `broker.unreachable` when the connection is closed, `broker.permission`.
 */
export async function exchange(
  { connection, encoding }: Exchange,
  subject: string,
  body: object,
  options: RequestOptions,
): Promise<unknown> {
  let reply: Msg;
  try {
    reply = await connection.request(subject, encodeBody(body, encoding), {
      timeout: options.timeoutMs,
      headers: headersOf(encoding, options.headers),
    });
  } catch (cause) {
    throw requestFailure(cause, subject, options.timeoutMs);
  }
  const value = decodeReply(reply);
  const error = errorIn(value);
  if (error !== undefined) throw error;
  return value;
}

/** The bytes of a body. Throws `message.too_large` before the broker would refuse them. */
export function encodeBody(body: object, encoding: Encoding): Uint8Array {
  const bytes = encoding === 'json' ? Buffer.from(JSON.stringify(body)) : encode(body);
  if (bytes.byteLength > LIMITS.messageBodyBytes) {
    throw new BanyanError('message.too_large', {
      message: `The message has ${bytes.byteLength} bytes (at most ${LIMITS.messageBodyBytes}).`,
    });
  }
  return bytes;
}

/** Headers of a request or message; absent values are left out. */
export function headersOf(
  encoding: Encoding,
  values: Readonly<Record<string, string | undefined>> = {},
): MsgHdrs {
  const carried = headers();
  if (encoding === 'json') carried.set(HEADER.contentType, JSON_CONTENT_TYPE);
  for (const [name, value] of Object.entries(values)) if (value !== undefined) carried.set(name, value);
  return carried;
}

function decodeReply(reply: Msg): unknown {
  if (reply.data.byteLength === 0) return {};
  try {
    if (reply.headers?.get(HEADER.contentType).toLowerCase().startsWith(JSON_CONTENT_TYPE) === true) {
      return JSON.parse(Buffer.from(reply.data).toString('utf8'));
    }
    scan(reply.data, REPLY_LIMITS);
    return decode(reply.data);
  } catch (cause) {
    throw new BanyanError('internal', { message: `The reply cannot be read: ${String(cause)}`, cause });
  }
}

function errorIn(value: unknown): BanyanError | undefined {
  if (typeof value !== 'object' || value === null || (value as { ok?: unknown }).ok !== false)
    return undefined;
  return BanyanError.fromWire(wireErrorSchema.safeParse((value as { error?: unknown }).error).data);
}

/** What the NATS client throws, as one of our codes. */
export function requestFailure(cause: unknown, subject: string, timeoutMs: number): BanyanError {
  const inner = cause instanceof RequestError ? cause.cause : cause;
  if (cause instanceof BanyanError) return cause;
  if (inner instanceof NoRespondersError || (cause instanceof RequestError && cause.isNoResponders())) {
    return new BanyanError('node.unreachable', { message: `No node answers at ${subject}.`, cause });
  }
  if (cause instanceof TimeoutError || inner instanceof TimeoutError) {
    return new BanyanError('call.timeout', { message: `No answer came within ${timeoutMs} ms.`, cause });
  }
  if (cause instanceof PermissionViolationError || inner instanceof PermissionViolationError) {
    return new BanyanError('broker.permission', { message: `The broker refused ${subject}.`, cause });
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  return new BanyanError('broker.unreachable', { message: `The request failed: ${message}`, cause });
}
