/** Asks: every shard hears them, the owner of the actor's partition answers (rule R12). */
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { LIMITS } from '../../config/limits.ts';
import { type Address, formatAddress, isKey, isKind, parseAddress } from '../../protocol/address.ts';
import { decodeMap, encode } from '../../protocol/codec.ts';
import { BanyanError, toBanyanError } from '../../protocol/errors.ts';
import { HEADER } from '../../protocol/headers.ts';
import type { Subjects } from '../../protocol/subjects.ts';
import type { Shard } from '../../runtime/shard.ts';
import { respond, respondError } from '../respond.ts';

export function answerAsks(connection: NatsConnection, subjects: Subjects, shard: Shard): void {
  connection.subscribe(subjects.all.ask, {
    callback: (error, message) => {
      if (error !== null || message.reply === undefined || message.reply === '') return;
      const [kind = '', key = '', query = '', ...more] = message.subject
        .slice(subjects.all.ask.length - 1)
        .split('.');
      // What is no ask to an actor is answered by the main thread.
      if (more.length > 0 || query === '' || !isKind(kind) || !isKey(key)) return;
      const address = formatAddress(kind, key);
      if (shard.view.owns(address)) void answer(message, shard, address, query);
    },
  });
}

async function answer(message: Msg, shard: Shard, address: Address, query: string): Promise<void> {
  try {
    const { input, after } = readRequest(message);
    const { value, epoch, cursor } = await shard.view.ask(address, query, input, after);
    respond(message, { ok: true, value, epoch, cursor });
  } catch (error) {
    respondError(message, toBanyanError(error));
  }
}

/** The body is the query's input, or `{input, after: {seq}}` to read one's own writes. */
function readRequest(message: Msg): { input: Record<string, unknown>; after: number | undefined } {
  const body =
    message.data.byteLength === 0
      ? {}
      : decodeMap(message.data, message.headers?.get(HEADER.contentType) || undefined);
  const wrapped =
    Object.keys(body).length > 0 && Object.keys(body).every((name) => name === 'input' || name === 'after');
  if (!wrapped) return { input: body, after: undefined };
  const seq = (body['after'] as { seq?: unknown } | undefined)?.seq;
  return {
    input: (body['input'] ?? {}) as Record<string, unknown>,
    after: typeof seq === 'number' ? seq : undefined,
  };
}

/** An ask as a task makes it: to an actor wherever it lives. Throws what the other side answered. */
export function askThrough(connection: NatsConnection, subjects: Subjects) {
  return async (address: string, query: string, input: object = {}): Promise<unknown> => {
    const { kind, key } = parseAddress(address);
    let reply: Msg;
    try {
      reply = await connection.request(subjects.ask(formatAddress(kind, key), query), encode(input), {
        timeout: LIMITS.askTimeoutMs,
      });
    } catch (cause) {
      throw new BanyanError('partition.unavailable', {
        message: `${address} did not answer: ${String(cause)}`,
        cause,
      });
    }
    const body = decodeMap(reply.data, undefined);
    if (body['ok'] === true) return body['value'];
    throw BanyanError.fromWire(body['error']);
  };
}
