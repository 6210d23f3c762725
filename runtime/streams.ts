/** The streams of a namespace: made when they are missing, checked when they exist. */
import {
  DiscardPolicy,
  type JetStreamManager,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { LIMITS } from '../config/limits.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { Subjects } from '../protocol/subjects.ts';

export interface StreamSettings {
  /** Fixed when the namespace is created (rule R15). */
  readonly partitions: number;
  /** Bytes of unprocessed messages that the mailbox takes before it refuses publishers. */
  readonly mailboxBytes: number;
  readonly replicas: number;
}

const PARTITIONS = 'banyan-partitions';
const STREAM_NOT_FOUND = 10059;
/** Events are for whoever listens: the oldest go when there are too many. */
const EVENT_BYTES = 1024 ** 3;
/** Servers cap consumers per stream at 1,000 unless told; every partition has one, wherever it is read. */
const MAX_CONSUMERS = 8 * LIMITS.maxPartitions;

/** Makes or checks the streams; throws `partition.count` when the namespace was made with another number. */
export async function ensureStreams(
  jsm: JetStreamManager,
  subjects: Subjects,
  settings: StreamSettings,
): Promise<void> {
  const { streams, all } = subjects;
  const common = {
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    num_replicas: settings.replicas,
    max_consumers: MAX_CONSUMERS,
  };
  const mailbox = await findStream(jsm, streams.mailbox);
  if (mailbox === undefined) {
    await jsm.streams.add({
      ...common,
      name: streams.mailbox,
      subjects: [all.to, all.frame, all.verdict, all.stamp],
      subject_transform: subjects.transform(settings.partitions),
      discard: DiscardPolicy.New,
      max_bytes: settings.mailboxBytes,
      metadata: { [PARTITIONS]: String(settings.partitions) },
    });
  } else if (mailbox.metadata?.[PARTITIONS] !== String(settings.partitions)) {
    throw new BanyanError('partition.count', {
      message: `The namespace '${subjects.namespace}' has ${mailbox.metadata?.[PARTITIONS] ?? 'an unknown number of'} partitions, the settings say ${settings.partitions}.`,
    });
  }
  if ((await findStream(jsm, streams.event)) === undefined) {
    await jsm.streams.add({
      ...common,
      name: streams.event,
      subjects: [all.event],
      allow_atomic: true,
      discard: DiscardPolicy.Old,
      max_bytes: EVENT_BYTES,
    });
  }
  if ((await findStream(jsm, streams.dead)) === undefined) {
    await jsm.streams.add({
      ...common,
      name: streams.dead,
      subjects: [all.dead],
      allow_atomic: true,
      discard: DiscardPolicy.New,
    });
  }
}

async function findStream(jsm: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return undefined;
    throw error;
  }
}
