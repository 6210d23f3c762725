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
/** How claims, frames and checkpoints lie in the streams; grows with every change that older releases cannot read. */
const FORMAT = 'banyan-format';
const FORMAT_NOW = '2';
const STREAM_NOT_FOUND = 10059;
/** Events are for whoever listens: the oldest go when there are too many. */
const EVENT_BYTES = 1024 ** 3;
/** Servers cap consumers per stream at 1,000 unless told; every partition has one, wherever it is read. */
const MAX_CONSUMERS = 8 * LIMITS.maxPartitions;

/**
 * Makes or checks the streams. Throws `partition.count` when the namespace was made with another number,
 * `data.format` when by another release, `log.foreign` when its checkpoints are gone.
 */
export async function ensureStreams(
  jsm: JetStreamManager,
  subjects: Subjects,
  settings: StreamSettings,
): Promise<void> {
  const { streams, all } = subjects;
  const metadata = { [PARTITIONS]: String(settings.partitions), [FORMAT]: FORMAT_NOW };
  const common = {
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    num_replicas: settings.replicas,
    max_consumers: MAX_CONSUMERS,
  };
  const mailbox = await findStream(jsm, streams.mailbox);
  if (mailbox !== undefined) checkMailbox(mailbox, subjects, settings);
  const state = await findStream(jsm, streams.state);
  if (mailbox !== undefined && state === undefined) {
    // A new stream here would let every partition begin anew, with a mailbox that was trimmed.
    throw new BanyanError('log.foreign', {
      message: `The stream ${streams.state} with the checkpoints of '${subjects.namespace}' is gone, its mailbox is there.`,
      hint: 'Restore the broker from a backup; or give up what is stored: delete the mailbox stream too.',
    });
  }
  // Before the mailbox, so that a mailbox without it is never the beginning.
  if (state === undefined) {
    await jsm.streams.add({
      ...common,
      name: streams.state,
      subjects: [all.state],
      allow_atomic: true,
      max_msgs_per_subject: 1,
      discard: DiscardPolicy.New,
      metadata,
    });
  }
  if (mailbox === undefined) {
    await jsm.streams.add({
      ...common,
      name: streams.mailbox,
      subjects: [all.to, all.frame, all.verdict, all.claim, all.lane],
      subject_transform: subjects.transform(settings.partitions),
      allow_atomic: true,
      discard: DiscardPolicy.New,
      max_bytes: settings.mailboxBytes,
      metadata,
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

function checkMailbox(
  { metadata = {} }: StreamConfig,
  { namespace }: Subjects,
  settings: StreamSettings,
): void {
  const { [FORMAT]: format, [PARTITIONS]: partitions } = metadata;
  if (format !== FORMAT_NOW) {
    throw new BanyanError('data.format', {
      message: `The streams of '${namespace}' have format ${format ?? 1}; this release reads ${FORMAT_NOW}.`,
      hint: 'Use the release that wrote them, or choose another namespace.',
    });
  }
  if (partitions !== String(settings.partitions)) {
    throw new BanyanError('partition.count', {
      message: `The namespace '${namespace}' has ${partitions ?? 'an unknown number of'} partitions, the settings say ${settings.partitions}.`,
    });
  }
}
