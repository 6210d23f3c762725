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

export function respondError(request: Msg, error: BanyanError): void {
  const carried = asksForJson(request) ? jsonHeaders() : headers();
  carried.set(HEADER.serviceError, error.message.replace(/[\r\n]+/g, ' ').slice(0, 500));
  carried.set(HEADER.serviceErrorCode, error.code);
  request.respond(encodeFor(request, { ok: false, error: error.toWire() }), { headers: carried });
}

/** Publishes the answer to a call, in the encoding of the call. */
export function publishAnswer(connection: NatsConnection, { to, json }: ReplyHandle, body: object): void {
  if (json === true) connection.publish(to, Buffer.from(JSON.stringify(body)), { headers: jsonHeaders() });
  else connection.publish(to, encode(body));
}

function encodeFor(request: Msg, body: object): Uint8Array {
  return asksForJson(request) ? Buffer.from(JSON.stringify(body)) : encode(body);
}

function asksForJson(request: Msg): boolean {
  return request.headers?.get(HEADER.contentType).toLowerCase().startsWith(JSON_CONTENT_TYPE) === true;
}

function jsonHeaders() {
  const carried = headers();
  carried.set(HEADER.contentType, JSON_CONTENT_TYPE);
  return carried;
}
