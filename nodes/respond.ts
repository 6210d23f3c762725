/** Answers to requests, in the encoding of the request; an error also in the headers of the NATS services protocol. */
import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { LIMITS } from '../config/limits.ts';
import { encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { HEADER, JSON_CONTENT_TYPE } from '../protocol/headers.ts';
import type { ReplyHandle } from '../runtime/current-turn.ts';

export function respond(request: Msg, body: object): void {
  const bytes = encodeFor(request, body);
  if (bytes.byteLength > LIMITS.replyBytes + LIMITS.recordOverheadBytes) {
    respondError(
      request,
      new BanyanError('reply.too_large', {
        message: `The answer has ${bytes.byteLength} bytes (at most ${LIMITS.replyBytes}).`,
      }),
    );
    return;
  }
  request.respond(bytes, asksForJson(request) ? { headers: jsonHeaders() } : undefined);
}

/** Never throws: whoever answers an error has nowhere left to go with another. */
export function respondError(request: Msg, error: BanyanError): void {
  try {
    publishError(request, error);
  } catch {
    // The connection is closing; whoever asked will time out.
  }
}

function publishError(request: Msg, error: BanyanError): void {
  const carried = asksForJson(request) ? jsonHeaders() : headers();
  carried.set(HEADER.serviceError, error.message.replace(/[\r\n]+/g, ' ').slice(0, 500));
  carried.set(HEADER.serviceErrorCode, error.code);
  const wire = error.toWire();
  const said = {
    ...wire,
    message: wire.message.slice(0, ERROR_CHARS),
    ...(wire.path === undefined ? {} : { path: wire.path.slice(0, ERROR_CHARS) }),
  };
  request.respond(encodeFor(request, { ok: false, error: said }), { headers: carried });
}

/** A message or a path may hold what somebody sent, and JSON makes up to six bytes of a character. */
const ERROR_CHARS = 4_000;

/**
 * Publishes the answer to a call, in the encoding of the call. Throws when the connection does not take it.
 * Published or not, the turn stands: an answer is given at most once.
 */
export function publishAnswer(connection: NatsConnection, { to, json }: ReplyHandle, body: object): void {
  const encoded = json === true ? jsonOf : encode;
  let bytes = encoded(body);
  if (bytes.byteLength > LIMITS.brokerPayloadBytes - LIMITS.headerBytes)
    bytes = encoded({ ok: false, error: new BanyanError('reply.too_large').toWire() });
  connection.publish(to, bytes, json === true ? { headers: jsonHeaders() } : {});
}

function encodeFor(request: Msg, body: object): Uint8Array {
  return asksForJson(request) ? jsonOf(body) : encode(body);
}

/** Whole numbers of 64 bits keep all their digits. */
function jsonOf(body: object): Uint8Array {
  const text = JSON.stringify(body, (_, value: unknown) =>
    typeof value === 'bigint' ? rawJson(value.toString()) : value,
  );
  return Buffer.from(text);
}

/** The types of TypeScript lack it. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

function asksForJson(request: Msg): boolean {
  return request.headers?.get(HEADER.contentType).toLowerCase().startsWith(JSON_CONTENT_TYPE) === true;
}

function jsonHeaders() {
  const carried = headers();
  carried.set(HEADER.contentType, JSON_CONTENT_TYPE);
  return carried;
}
