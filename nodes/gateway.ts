/**
 * The gateway: `submit` and `call` for systems that want an answer. It checks a message as its actor would,
 * appends it to the mailbox and replies with the entry, or lets the owner's turn reply.
 */
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { headers, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { LIMITS } from '../config/limits.ts';
import { type Address, formatAddress, isAddress } from '../protocol/address.ts';
import { decodeBody } from '../protocol/codec.ts';
import { BanyanError, toBanyanError } from '../protocol/errors.ts';
import { HEADER } from '../protocol/headers.ts';
import type { Subjects } from '../protocol/subjects.ts';
import { checkMessage } from '../runtime/check-message.ts';
import { available } from '../runtime/log-jetstream.ts';
import { parseSequence, RESERVED_SENDERS } from '../runtime/receive.ts';
import type { System } from '../runtime/system.ts';
import { respond, respondError } from './respond.ts';
import { QUEUES, type ServiceDiscovery } from './service-discovery.ts';

export interface GatewayParts {
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  readonly system: System;
  readonly discovery: ServiceDiscovery;
  /** Whether another node has claimed the actor's partition from this one. */
  readonly isLost: (address: Address) => boolean;
  /** The kept answer of an earlier call with this id, in an array of one. */
  readonly result: (address: Address, id: string) => Promise<[unknown] | undefined>;
}

const PUBLISH_TIMEOUT_MS = 5_000;
const INBOX = /^_INBOX(\.[A-Za-z0-9_-]+)+$/;

/** Headers that a sender may set and that travel with the message. */
const PASSED_ON = [
  HEADER.contentType,
  HEADER.sender,
  HEADER.seq,
  HEADER.version,
  HEADER.correlationId,
  HEADER.replyTo,
  HEADER.traceparent,
  HEADER.tracestate,
];

export function startGateway(parts: GatewayParts): void {
  const { connection, subjects } = parts;
  const js = jetstream(connection);
  for (const verb of ['submit', 'call'] as const) {
    connection.subscribe(subjects.all[verb], {
      queue: QUEUES[verb],
      callback: (error, request) => {
        if (error === null) void serve(parts, js, verb, request);
      },
    });
  }
}

async function serve(
  parts: GatewayParts,
  js: JetStreamClient,
  verb: 'submit' | 'call',
  request: Msg,
): Promise<void> {
  const startedNs = process.hrtime.bigint();
  try {
    await accept(parts, js, verb, request);
    parts.discovery.observe(verb, startedNs);
  } catch (error) {
    const known = toBanyanError(error);
    parts.discovery.observe(verb, startedNs, known);
    respondError(request, known);
  }
}

async function accept(
  parts: GatewayParts,
  js: JetStreamClient,
  verb: 'submit' | 'call',
  request: Msg,
): Promise<void> {
  if (request.data.byteLength > LIMITS.messageBodyBytes) throw new BanyanError('message.too_large');
  const { tokens } = parts.subjects.parseRequest(request.subject);
  const address = formatAddress(tokens[0] ?? '', tokens[1] ?? '');
  checkRequest(parts.system, address, request);
  const carried = carriedHeaders(request, address, verb);
  const kept = verb === 'call' ? await earlierAnswer(parts, address, carried.get(HEADER.msgId)) : undefined;
  if (kept !== undefined) {
    respond(request, { ok: true, value: kept[0] });
    return;
  }
  const { seq, duplicate } = await append(js, parts.subjects.to(address), request.data, carried);
  if (verb === 'submit') respond(request, { ok: true, seq, ...(duplicate ? { duplicate } : {}) });
  else if (duplicate) await answerAgain(parts, request, address, carried.get(HEADER.msgId));
}

/** The same check as before a turn, so that a bad message is refused where its sender can see it. */
function checkRequest(system: System, address: Address, request: Msg): void {
  const kind = address.slice(0, address.indexOf('/'));
  const definition = system.kinds.get(kind)?.definition;
  if (definition === undefined) {
    throw new BanyanError('actor.unknown_kind', {
      message: `This application has no actor of the kind '${kind}'.`,
    });
  }
  const message = decodeBody(request.data, request.headers?.get(HEADER.contentType) || undefined);
  checkMessage(definition, { kind: 'tell', message, foreign: true });
}

function carriedHeaders(request: Msg, address: Address, verb: 'submit' | 'call'): MsgHdrs {
  const given = (name: string): string | undefined =>
    request.headers?.has(name) === true ? request.headers.get(name) : undefined;
  const carried = headers();
  for (const name of PASSED_ON) {
    const value = given(name);
    if (value === undefined) continue;
    if (value.length > LIMITS.idChars)
      throw new BanyanError('message.invalid', {
        message: `${name} is longer than ${LIMITS.idChars} characters.`,
        path: name,
      });
    carried.set(name, value);
  }
  const sender = given(HEADER.sender);
  const reserved =
    sender !== undefined &&
    (isAddress(sender) || Object.values(RESERVED_SENDERS).some((prefix) => sender.startsWith(prefix)));
  if (reserved) throw new BanyanError('message.sender_reserved', { path: HEADER.sender });
  const number = given(HEADER.seq);
  if (sender !== undefined && number !== undefined) parseSequence(number);
  const replyTo = given(HEADER.replyTo);
  if (replyTo !== undefined && !isAddress(replyTo))
    throw new BanyanError('address.invalid', {
      message: 'The reply address is not an address.',
      path: HEADER.replyTo,
    });
  // De-duplication is stream-wide, so the id alone would silence other senders and other actors (rule R14).
  const id = given(HEADER.msgId);
  if (id !== undefined && id.length > LIMITS.idChars)
    throw new BanyanError('message.invalid', {
      message: `${HEADER.msgId} is longer than ${LIMITS.idChars} characters.`,
      path: HEADER.msgId,
    });
  if (id !== undefined) carried.set(HEADER.msgId, storedId(`${sender ?? ''}:${address}:${id}`));
  if (verb === 'call') {
    if (!INBOX.test(request.reply ?? ''))
      throw new BanyanError('request.malformed', { message: 'A call needs a reply subject below _INBOX.' });
    carried.set(HEADER.callReply, request.reply as string);
  }
  return carried;
}

/** What a partition would refuse to keep an answer by is refused here, where its sender can see it. */
function storedId(id: string): string {
  if (Buffer.byteLength(id) <= LIMITS.storedIdBytes && id.isWellFormed()) return id;
  throw new BanyanError('message.invalid', {
    message: `Sender, address and id have more than ${LIMITS.storedIdBytes} bytes.`,
    path: HEADER.msgId,
  });
}

async function append(
  js: JetStreamClient,
  subject: string,
  data: Uint8Array,
  carried: MsgHdrs,
): Promise<{ seq: number; duplicate: boolean }> {
  try {
    const { seq, duplicate } = await available(() =>
      js.publish(subject, data, { headers: carried, timeout: PUBLISH_TIMEOUT_MS }),
    );
    if (seq === 0)
      throw new BanyanError('log.unavailable', { message: 'The broker acknowledged without storing.' });
    return { seq, duplicate };
  } catch (cause) {
    const { code, message } = toBanyanError(cause);
    throw new BanyanError(code, { message, retryAfterMs: 1_000, cause });
  }
}

/**
 * The stream knows an id for minutes, the owner keeps the answer to it for an hour. Asking the owner also finds a
 * partition that has stopped: the call would be stored and never answered. One that is only busy will answer later.
 */
async function earlierAnswer(
  parts: GatewayParts,
  address: Address,
  id: string,
): Promise<[unknown] | undefined> {
  try {
    return await parts.result(address, id);
  } catch (error) {
    const isBusy = toBanyanError(error).code === 'partition.unavailable' && !parts.isLost(address);
    if (id === '' && isBusy) return undefined;
    throw error;
  }
}

/** The call was made before with this id: its kept answer, or that there is none yet (rule R12). */
async function answerAgain(parts: GatewayParts, request: Msg, address: Address, id: string): Promise<void> {
  const kept = await parts.result(address, id);
  if (kept === undefined) throw new BanyanError('call.pending', { retryAfterMs: 500 });
  respond(request, { ok: true, value: kept[0] });
}
