/**
 * The shapes of everything that we answer: replies to requests, dead letters, the tree and the health of the
 * cluster, an actor's status. They are public: anything may be added, nothing changes without a version.
 */
import { z } from 'zod';

const wholeNumber = z.int().min(0);

/** An error in a reply; `code` is open here, so that older clients read the replies of newer nodes. */
export const wireErrorSchema = z.object({
  code: z.string().min(1),
  message: z.string(),
  recoverable: z.boolean(),
  retryAfterMs: z.number().min(0).optional(),
  path: z.string().optional(),
  hint: z.string().optional(),
});

export const errorReplySchema = z.object({ ok: z.literal(false), error: wireErrorSchema });

/** A place in a partition's log: the stream's sequence of an entry, and the record's place in it. */
export const cursorSchema = z.object({ seq: wholeNumber, index: wholeNumber });
export type Cursor = z.infer<typeof cursorSchema>;

/** Reply to a submit: `seq` is the stored entry; `duplicate` says that it had been stored before. */
export const submitReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), seq: wholeNumber, duplicate: z.boolean().optional() }),
  errorReplySchema,
]);

/** Reply to a call: what the turn replied. */
export const callReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown(), seq: wholeNumber.optional() }),
  errorReplySchema,
]);

/** Reply to an ask: the value, and how far the state had come that it was read from. */
export const askReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown(), epoch: wholeNumber, cursor: cursorSchema }),
  errorReplySchema,
]);

/** The body of a dead letter: what was wrong with which message, and the message itself for a replay. */
export const deadLetterSchema = z.object({
  type: z.literal('dead-letter'),
  /** `<partition>.<entry>.<index>.<effect>`: stable over replays. */
  id: z.string().min(1),
  /** The address; null when the message named none. */
  to: z.string().nullable(),
  /** The broker's timestamp of the message, in milliseconds since the epoch. */
  at: z.number(),
  partition: wholeNumber,
  /** The log entry that holds the message; for one that was set aside, the order that resumed its actor. */
  entry: wholeNumber,
  index: wholeNumber,
  /** The subject under which the log holds the entry. */
  subject: z.string(),
  /** Sent by the runtime or an actor: such a message may be of a type that nobody else can send. */
  internal: z.boolean(),
  error: wireErrorSchema,
  /** Where the error was thrown, for people. */
  stack: z.string().optional(),
  sender: z.string().optional(),
  correlationId: z.string().optional(),
  /** The message, when it could be decoded. */
  message: z.record(z.string(), z.unknown()).optional(),
  /** Its bytes as they came, for a replay; those of a message in a frame as plain msgpack. */
  body: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  /** How many bytes there were, when `body` holds only the first of them. */
  bodyBytes: wholeNumber.optional(),
  /** How `body` is encoded; msgpack when absent. */
  contentType: z.string().optional(),
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;

const statusSchema = z.enum(['running', 'parked', 'backoff', 'paused', 'passivated', 'failed']);

/** One element of a supervisor tree. Supervisors have children, actors and workers a state. */
export const treeNodeSchema = z.object({
  id: z.string(),
  type: z.enum(['supervisor', 'actor', 'worker']),
  /** Ids from the node down, joined by `/`. */
  path: z.string(),
  status: statusSchema,
  restarts: wholeNumber,
  strategy: z.enum(['one_for_one', 'one_for_all', 'rest_for_one', 'simple_one_for_one']).optional(),
  restart: z.enum(['permanent', 'transient', 'temporary']).optional(),
  intensity: z.object({ max: wholeNumber, windowMs: z.number().min(0), used: wholeNumber }).optional(),
  kind: z.string().optional(),
  /** The machine's state value: a string, or an object for nested and parallel states. */
  state: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  /** Messages that wait for the actor. */
  buffered: wholeNumber.optional(),
  partition: wholeNumber.optional(),
  cursor: cursorSchema.optional(),
  /** The process of a worker that runs. */
  pid: wholeNumber.optional(),
  childCount: wholeNumber.optional(),
  /** Whether `children` leaves some out, because of the request's limits or the reply's size. */
  childrenTruncated: z.boolean().optional(),
  get children() {
    return z.array(treeNodeSchema).optional();
  },
});
export type WireTreeNode = z.infer<typeof treeNodeSchema>;

/** What narrows a `sys.tree` request. */
export const treeRequestSchema = z.object({
  depth: wholeNumber.optional(),
  path: z.string().optional(),
  kind: z.string().optional(),
  limit: z.int().min(1).optional(),
  /** Continue after the child of this id. */
  after: z.string().optional(),
});

export const hardwareSchema = z.object({
  cpus: wholeNumber,
  memoryBytes: wholeNumber,
  devices: z.array(z.record(z.string(), z.unknown())),
});

/** Reply to `sys.tree`, and what `banyan tree --json` prints. */
export const treeReplySchema = z.object({
  namespace: z.string(),
  version: z.string(),
  /** ISO 8601. */
  at: z.string(),
  nodes: z.array(
    z.object({
      id: z.string(),
      status: z.enum(['active', 'busy', 'degraded', 'paused', 'draining', 'offline']),
      labels: z.record(z.string(), z.string()),
      hardware: hardwareSchema,
      tree: treeNodeSchema,
    }),
  ),
  partitions: z.array(
    z.object({
      id: wholeNumber,
      owner: z.string().nullable(),
      /** Of the owner's shards, such as `shard-0`. */
      shard: z.string().optional(),
      epoch: wholeNumber,
      lagEntries: wholeNumber,
    }),
  ),
});
export type TreeReply = z.infer<typeof treeReplySchema>;

/** Reply to `sys.health`. */
export const healthReplySchema = z.object({
  live: z.boolean(),
  ready: z.boolean(),
  node: z.string(),
  version: z.string(),
  at: z.string(),
  /** Each check by name; a failing one says why. */
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string().optional() })),
});
export type HealthReply = z.infer<typeof healthReplySchema>;

/** What `banyan actor show --json` prints. */
export const actorStatusSchema = z.object({
  address: z.string(),
  kind: z.string(),
  key: z.string(),
  status: statusSchema,
  state: z.union([z.string(), z.record(z.string(), z.unknown())]),
  context: z.unknown(),
  version: wholeNumber,
  partition: wholeNumber,
  epoch: wholeNumber,
  cursor: cursorSchema,
  /** The greatest broker timestamp that the actor has seen, in milliseconds since the epoch. */
  now: z.number(),
  buffered: wholeNumber,
  restarts: wholeNumber,
  owner: z.string().optional(),
  tables: z.record(z.string(), wholeNumber).optional(),
  timers: z.array(z.object({ name: z.string(), at: z.number() })).optional(),
  tasks: z.array(z.object({ name: z.string(), id: z.string(), attempts: wholeNumber })).optional(),
});
