/** Fills a namespace's log as fast as it goes: full frames, as a busy node would send them. */
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { LIMITS } from '../../config/limits.ts';
import type { Address } from '../../protocol/address.ts';
import { encodeFrame, encodeRecord } from '../../protocol/frame.ts';
import { JetStreamLog } from '../../runtime/log-jetstream.ts';
import { partitionOfAddress } from '../../runtime/outbox.ts';
import { TEXT } from './bench-app.ts';
import type { BenchNode } from './bench-node.ts';

const IN_FLIGHT = 32;
/** Actors whose count is compared afterwards. */
const LOOKED_AT = 200;

/** Appends so many messages to so many receivers, in turn; resolves when all are stored. */
export async function fill(
  { subjects }: BenchNode,
  connection: NatsConnection,
  messages: number,
  actors: number,
): Promise<void> {
  const log = await JetStreamLog.open(connection, subjects);
  const { config } = await (await jetstreamManager(connection)).streams.info(subjects.streams.mailbox);
  const partitions = Number(config.metadata?.['banyan-partitions']);
  const frames = framesOf(messages, actors, partitions);
  const append = async (): Promise<void> => {
    for (const { partition, frame } of frames) await log.appendFrame(partition, frame, undefined);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, append));
}

/** Throws when a receiver that is looked at has not exactly what it was sent. */
export async function filled(
  { subjects, request }: BenchNode,
  messages: number,
  actors: number,
): Promise<void> {
  const step = Math.max(1, Math.floor(actors / LOOKED_AT));
  for (let n = 0; n < actors; n += step) {
    const expected = Math.floor(messages / actors) + (n < messages % actors ? 1 : 0);
    const count = await request(subjects.ask(receiver(n), 'count'));
    if (count !== expected) throw new Error(`${receiver(n)} has ${String(count)} of ${expected}.`);
  }
}

const receiver = (n: number): Address => `receiver/fill-${n}`;

function* framesOf(
  messages: number,
  actors: number,
  partitions: number,
): Generator<{ readonly partition: number; readonly frame: Uint8Array }> {
  const waiting = Array.from({ length: partitions }, (): Uint8Array[] => []);
  const message = { type: 'work', run: 'fill', expected: -1, text: TEXT };
  for (let n = 0; n < messages; n++) {
    const to = receiver(n % actors);
    const partition = partitionOfAddress(to, partitions);
    const records = waiting[partition] as Uint8Array[];
    records.push(encodeRecord({ kind: 'tell', to, message, sender: 'node/bench' }));
    if (records.length === LIMITS.frameRecords) yield { partition, frame: encodeFrame(records.splice(0)) };
  }
  for (const [partition, records] of waiting.entries())
    if (records.length > 0) yield { partition, frame: encodeFrame(records) };
}
