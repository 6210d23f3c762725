/**
 * The shapes of what `--json` prints, one per command. They are a contract: anything may be added, nothing
 * changes without a version. What nodes answer is in `protocol/wire.ts`.
 */
import { z } from 'zod';
import {
  cursorSchema,
  deadLetterSchema,
  hardwareSchema,
  treeReplySchema,
  wireErrorSchema,
} from '../../protocol/wire.ts';

const wholeNumber = z.int().min(0);
const stateValue = z.union([z.string(), z.record(z.string(), z.unknown())]).nullable();

export const storedDocument = z.object({ address: z.string(), seq: wholeNumber, duplicate: z.boolean() });

/** `call` and `ask` print the value itself. */
export const valueDocument = z.unknown();

export const treeDocument = treeReplySchema;

export const nodeListDocument = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      labels: z.record(z.string(), z.string()),
      hardware: hardwareSchema,
      partitions: wholeNumber,
      lagEntries: wholeNumber,
    }),
  ),
});

/** What `sys.partitions` answers. */
export const partitionListDocument = z.object({
  partitions: z.array(
    z.object({
      id: wholeNumber,
      shard: z.string(),
      /** `claiming`, `loading`, `catching-up`, `ready`, `releasing` or `stopped`. */
      status: z.string(),
      /** Of its owner's claim. */
      epoch: wholeNumber,
      /** The last message that was applied; null when there was none. */
      cursor: cursorSchema.nullable(),
      lagEntries: wholeNumber,
      /** Why it has stopped. */
      error: wireErrorSchema.optional(),
    }),
  ),
});

export const partitionMoveDocument = z.object({
  partition: wholeNumber,
  shard: z.string(),
  /** Of its new owner's claim. */
  epoch: wholeNumber,
});

/** What `sys.workers` answers. */
export const workerListDocument = z.object({
  workers: z.array(
    z.object({
      id: z.string(),
      /** In the tree. */
      path: z.string(),
      /** As in the tree: `running`, `backoff`, `passivated` or `failed`. */
      status: z.string(),
      /** Null while it does not run. */
      pid: wholeNumber.nullable(),
      /** Since the node started. */
      restarts: wholeNumber,
      uptimeMs: wholeNumber.nullable(),
    }),
  ),
});

/** Which process was killed. */
export const workerKillDocument = z.object({ id: z.string(), pid: wholeNumber });

/** What `sys.actors` answers of one actor. */
export const actorEntrySchema = z.object({
  address: z.string(),
  kind: z.string(),
  status: z.string(),
  state: stateValue.optional(),
  reason: z.string().nullish(),
  restarts: wholeNumber,
  buffered: wholeNumber,
  partition: wholeNumber,
  cursor: cursorSchema,
  version: wholeNumber,
});
export const actorListDocument = z.object({ actors: z.array(actorEntrySchema) });

/** What `sys.actor` answers; a newer node may say more. */
export const actorShowDocument = z.looseObject({
  address: z.string(),
  kind: z.string(),
  status: z.string(),
  state: stateValue.optional(),
  context: z.unknown(),
});

export const actorReplayedDocument = z.object({
  address: z.string(),
  /** The last entry that was applied; null when there was none. */
  cursor: cursorSchema.nullable(),
  state: stateValue,
  context: z.unknown(),
  /** `null` for an actor that runs. */
  standing: z.string().nullable(),
  hash: z.string(),
  turns: wholeNumber,
  deadLetters: wholeNumber,
});

export const actorReplayDocument = z.object({
  address: z.string(),
  identical: z.boolean(),
  partition: wholeNumber,
  cursor: cursorSchema,
  live: z.object({ hash: z.string() }),
  replayed: z.object({ hash: z.string(), turns: wholeNumber, deadLetters: wholeNumber }),
});

export const orderDocument = z.object({
  address: z.string(),
  order: z.enum(['pause', 'resume', 'delete', 'restart', 'kill']),
  /** The entry of an order that goes through the log. */
  seq: wholeNumber.optional(),
});

export const deadListDocument = z.object({
  letters: z.array(
    z.object({
      id: z.string(),
      to: z.string().nullable(),
      at: z.string(),
      type: z.string().nullable(),
      code: z.string(),
      message: z.string(),
      sender: z.string().nullable(),
    }),
  ),
  /** Older ones that `--limit` left out. */
  more: wholeNumber,
});

export const deadShowDocument = deadLetterSchema.omit({ body: true }).extend({ body: z.unknown() });

export const deadSettledDocument = z.object({ settled: z.array(z.string()), missing: z.array(z.string()) });

const reviewEntry = z.object({
  id: z.string(),
  /** Since when it waits. */
  at: z.string(),
  domain: z.string(),
  node: z.string(),
  source: z.string(),
  confidence: z.number(),
  /** What could not be verified, and what else was noted. */
  reasons: z.array(z.string()),
});
const reviewDecision = z.object({
  scenario: z.string(),
  decision: z.enum(['accept', 'reject']),
  by: z.string(),
  reason: z.string(),
  at: z.string(),
});

export const reviewListDocument = z.object({
  reviews: z.array(reviewEntry),
  /** For `--after`; null when these are all. */
  next: z.string().nullable(),
});

export const reviewDecisionsDocument = z.object({ decisions: z.array(reviewDecision) });

export const reviewShowDocument = z.object({
  id: z.string(),
  /** Null once it was decided. */
  waiting: reviewEntry
    .extend({
      instruction: z.string(),
      input: z.string(),
      expected: z.record(z.string(), z.unknown()),
      layers: z.array(z.object({ layer: z.string(), result: z.string(), reasons: z.array(z.string()) })),
    })
    .nullable(),
  /** Null while it waits. */
  decision: reviewDecision.nullable(),
});

export const reviewDecidedDocument = z.object({
  id: z.string(),
  decision: z.enum(['accept', 'reject']),
  by: z.string(),
  /** Whether it was decided so before; then this one changed nothing. */
  repeated: z.boolean(),
});

/** What `--dry-run` prints of an order, or of what is done with dead letters. */
export const plannedDocument = z.object({ dryRun: z.literal(true), would: z.string() });

const versionSchema = z.looseObject({
  version: wholeNumber,
  name: z.string(),
  publishedAt: z.string(),
  reason: z.string(),
  examples: wholeNumber,
  manifestSha256: z.string(),
});
export const datasetListDocument = z.object({ versions: z.array(versionSchema) });

export const datasetExportDocument = z.object({
  out: z.string(),
  written: z.array(z.string()),
  unchanged: z.array(z.string()),
  report: z.object({ html: z.string(), markdown: z.string(), json: z.string() }),
});

export const datasetVerifyDocument = z.object({
  ok: z.boolean(),
  out: z.string(),
  versions: wholeNumber,
  examples: wholeNumber,
  lastManifestSha256: z.string().nullable(),
  findings: z.array(z.object({ version: z.string(), file: z.string(), problem: z.string() })),
});

export const doctorDocument = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({
      name: z.string(),
      status: z.enum(['ok', 'warning', 'failed', 'skipped']),
      detail: z.string(),
      /** What to do about it. */
      fix: z.string().optional(),
      /** What can be done about it instead: one of them is enough. */
      ways: z.array(z.string()).optional(),
      /** The partitions that it is about. */
      partitions: z.array(wholeNumber).optional(),
    }),
  ),
});
export type DoctorDocument = z.infer<typeof doctorDocument>;

export const configDocument = z.object({
  settings: z.array(
    z.object({ path: z.string(), value: z.unknown(), source: z.string(), variable: z.string() }),
  ),
});

const jsonSchema = z.record(z.string(), z.unknown());
export const specDocument = z.object({
  version: z.string(),
  namespace: z.string(),
  turnVersion: z.string(),
  actors: z.array(
    z.object({
      kind: z.string(),
      version: wholeNumber,
      messages: z.record(z.string(), z.object({ public: z.boolean(), schema: jsonSchema })),
      events: z.record(z.string(), jsonSchema),
      queries: z.record(z.string(), z.object({ input: jsonSchema.nullable() })),
      tables: z.array(z.string()),
      tasks: z.array(z.string()),
    }),
  ),
  errors: z.record(z.string(), z.object({ message: z.string(), recoverable: z.boolean(), hint: z.string() })),
});

/** The summary of `up`; the totals count since the data directory began. */
export const upDocument = z.object({
  collected: wholeNumber,
  accepted: wholeNumber,
  duplicates: wholeNumber,
  corroborated: wholeNumber,
  rejected: wholeNumber,
  scenarios: wholeNumber,
  examples: wholeNumber,
  /** The newest version, exported; null while there is none. */
  dataset: z
    .object({
      name: z.string(),
      version: wholeNumber,
      examples: wholeNumber,
      manifestSha256: z.string(),
      path: z.string(),
    })
    .nullable(),
  /** The report as Markdown. */
  report: z.string().nullable(),
  /** The same as a page. */
  reportHtml: z.string().nullable(),
});
export type UpDocument = z.infer<typeof upDocument>;

/** What `up` prints of an application of somebody's own. */
export const appDocument = z.object({
  node: z.string(),
  app: z.string(),
  actors: wholeNumber,
  idle: z.boolean(),
});

/** How a validation ended; `settings` are those that differ from the defaults. */
export const validateDocument = z.object({
  ok: z.boolean(),
  seed: wholeNumber,
  /** Whether it ran with a tenth of the sizes. */
  quick: z.boolean(),
  durationMs: wholeNumber,
  passed: wholeNumber,
  failed: wholeNumber,
  behaviours: z.array(
    z.object({
      name: z.string(),
      promise: z.string(),
      status: z.enum(['passed', 'failed']),
      durationMs: wholeNumber,
      sent: z.array(z.string()),
      settings: z.record(z.string(), z.union([z.string(), z.number()])),
      checks: z.array(
        z.object({ claim: z.string(), expected: z.string(), observed: z.string(), holds: z.boolean() }),
      ),
      /** Why it failed without having come to its checks; null when it came to them. */
      reason: z.string().nullable(),
      /** The command that does the same again. */
      reproduce: z.string(),
      /** Its folder, if it failed and `--keep` was given. */
      kept: z.string().nullable(),
    }),
  ),
});

export const validateListDocument = z.object({
  behaviours: z.array(z.object({ name: z.string(), promise: z.string() })),
});
