/**
 * Every setting, typed, with its default. A path such as `mailbox.maxBytes` is the YAML file's nesting, and
 * the variable `BANYAN_MAILBOX_MAX_BYTES`. Loading and its errors are in `load-settings.ts`.
 */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { pipelineSettingsSchema } from '../actors/settings.ts';
import { LIMITS } from './limits.ts';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

const name = (chars: number) =>
  z
    .string()
    .regex(new RegExp(`^[A-Za-z0-9_-]{1,${chars}}$`), `expected 1 to ${chars} characters of A-Z a-z 0-9 _ -`);

/** 0 asks the system for a free port. */
const port = z.int().min(0).max(65_535);

/** One core stays with the control plane and the broker. */
const defaultShards = () => Math.max(1, availableParallelism() - 1);

export const settingsSchema = z.strictObject({
  /** Prefix of every subject and stream: systems with different namespaces share a broker. */
  namespace: name(LIMITS.namespaceChars).default('banyan'),
  /** The data directory: stores, the embedded broker's files, run.json. */
  data: z.string().min(1).default('.banyan'),
  /** Where dataset versions and reports are exported to. */
  out: z.string().min(1).default('out'),
  nats: z
    .strictObject({
      /** The broker; without it `up` starts an embedded one. Several are separated by commas. */
      url: z.string().min(1).optional(),
      /** A credentials file. */
      creds: z.string().min(1).optional(),
    })
    .prefault({}),
  node: z
    .strictObject({
      name: name(LIMITS.nameChars).optional(),
      labels: z.record(z.string().min(1), z.string()).default({}),
    })
    .prefault({}),
  /** Worker threads that own partitions. */
  shards: z.int().min(1).max(LIMITS.shardsPerNode).default(defaultShards),
  /** Fixed when the namespace is created; a different number is refused later. */
  partitions: z.int().min(1).max(LIMITS.maxPartitions).default(LIMITS.defaultPartitions),
  http: z.strictObject({ host: z.string().min(1).default('127.0.0.1'), port: port.default(0) }).prefault({}),
  broker: z
    .strictObject({
      /** The embedded broker's port; 0 reuses the last one of the data directory, else takes a free one. */
      port: port.default(0),
    })
    .prefault({}),
  mailbox: z
    .strictObject({
      /** What the log may take on the broker's disk; when it is full, publishers are refused. */
      maxBytes: z
        .int()
        .min(64 * MiB)
        .default(8 * GiB),
    })
    .prefault({}),
  /** A turn that takes longer stops its shard, which is replaced. */
  turnDeadlineMs: z.int().min(10).max(600_000).default(2_000),
  /** The heap of one shard. */
  shardMemoryMb: z.int().min(64).default(2_048),
  /** The share of turns that are run a second time and compared. */
  determinismSample: z.number().min(0).max(1).default(0.001),
  /** Replays entries that another version of the actors has turned, instead of stopping their partitions. */
  acceptTail: z.boolean().default(false),
  /** Goes on from checkpoints whose last entry the log has lost, instead of stopping their partitions. */
  acceptTruncation: z.boolean().default(false),
  logs: z
    .strictObject({
      level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
      /** Readable lines instead of JSON; without a value, on a terminal only. */
      pretty: z.boolean().optional(),
    })
    .prefault({}),
  /** The module whose default export is createSystem(…); without it, the pipeline. */
  app: z.string().min(1).optional(),
  /** Paths and URLs that `up` collects; the user's own, so intake quotas do not apply. */
  sources: z.array(z.string().min(1)).default([]),
  /** A JSONL file in Alpaca's form, or an exported version: dataset versions take a share of it. */
  basal: z.string().min(1).optional(),
  /** Ends when everything collected has been decided. */
  once: z.boolean().default(false),
  pipeline: pipelineSettingsSchema.prefault({}),
});

/** All settings after defaults. */
export type Settings = z.infer<typeof settingsSchema>;
