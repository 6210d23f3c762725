/** Reads dead letters from their stream. What was settled has left it; tombstones are passed over. */
import { jetstream, jetstreamManager, JetStreamApiError } from '@nats-io/jetstream';
import { decode } from '../../protocol/codec.ts';
import { BanyanError } from '../../protocol/errors.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import { type DeadLetter, deadLetterSchema } from '../../protocol/wire.ts';
import type { BanyanClient } from '../client/connect.ts';

const STREAM_NOT_FOUND = 10059;

/** Every dead letter, oldest first. `to` narrows to one actor or, without a key, to one kind. */
export async function* readDeadLetters(
  { connection, namespace }: BanyanClient,
  to: { readonly kind: string; readonly key?: string } | undefined,
): AsyncGenerator<DeadLetter> {
  const subjects = subjectsOf(namespace);
  const stream = subjects.streams.dead;
  const filter =
    to === undefined ? subjects.all.dead : subjects.all.dead.replace('>', `${to.kind}.${to.key ?? '*'}`);
  const jsm = await jetstreamManager(connection);
  try {
    const { state } = await jsm.streams.info(stream, { subjects_filter: filter });
    if (Object.keys(state.subjects ?? {}).length === 0) return;
  } catch (cause) {
    if (!(cause instanceof JetStreamApiError) || cause.code !== STREAM_NOT_FOUND) throw cause;
    throw new BanyanError('node.unreachable', { message: `The broker has no stream ${stream}.`, cause });
  }
  const consumer = await jetstream(connection).consumers.get(stream, { filter_subjects: [filter] });
  const messages = await consumer.consume();
  try {
    for await (const message of messages) {
      const letter = message.subject === subjects.deadSettled ? undefined : read(message.data);
      if (letter !== undefined) yield letter;
      if (message.info.pending === 0) return;
    }
  } finally {
    await messages.close();
  }
}

/** Undefined for what is no dead letter of ours. */
function read(bytes: Uint8Array): DeadLetter | undefined {
  try {
    return deadLetterSchema.parse(decode(bytes));
  } catch {
    return undefined;
  }
}
