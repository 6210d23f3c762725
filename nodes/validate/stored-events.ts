/** Events of one actor as the stream holds them now, from the first to the last. */
import { jetstreamManager } from '@nats-io/jetstream';
import { subjectsOf } from '../../protocol/subjects.ts';
import type { BanyanClient } from '../client/connect.ts';
import type { BanyanEvent } from '../client/events.ts';

export interface EventName {
  readonly kind: string;
  readonly key: string;
  readonly name: string;
}

/** Each event once, in the order in which they were emitted. */
export async function storedEvents<Payload>(
  client: BanyanClient,
  { kind, key, name }: EventName,
): Promise<BanyanEvent<Payload>[]> {
  const subjects = subjectsOf(client.namespace);
  const subject = subjects.all.event.replace('>', `${kind}.${key}.${name}`);
  const jsm = await jetstreamManager(client.connection);
  const last = await jsm.streams.getMessage(subjects.streams.event, { last_by_subj: subject });
  if (last === null) return [];
  const found = new Map<string, BanyanEvent<Payload>>();
  for await (const event of await client.events<Payload>({ kind, key, name, from: 'all' })) {
    if (!found.has(event.id)) found.set(event.id, event);
    if (event.seq >= last.seq) break;
  }
  return [...found.values()];
}
