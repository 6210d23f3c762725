/**
 * Every number that the pipeline's actors decide by, with the product's defaults. `config` makes them settings
 * of the user and hands the result down as one value; a machine reads nothing else. A turn sees them, so they
 * are part of the version of a log's tail.
 */
import { z } from 'zod';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const whole = (value: number) => z.int().min(0).default(value);
/** A share, a probability, a confidence, a weight or a score. */
const fraction = (value: number) => z.number().min(0).max(1).default(value);

/** Quotas are counted over one rolling hour of message time. */
const intake = z
  .strictObject({
    /** Items per rolling hour from all sources that are not exempt. */
    hourlyTotal: whole(10_000),
    /** A node's quota is `nodeBase × 2 × success rate`, within `nodeMin … nodeMax`. */
    nodeBase: whole(1_000),
    nodeMin: whole(100),
    nodeMax: whole(2_000),
    /** Success counts as this until a node has made `attemptsNeeded` attempts. */
    neutralSuccessRate: fraction(0.5),
    attemptsNeeded: whole(20),
    quotaWindowMs: whole(hour),
    /** Items offered to the coordinator and not decided yet; more are refused as `overload`. */
    pendingMax: whole(5_000),
    /** When to come back after `overload`. */
    overloadRetryMs: whole(5 * second),
    /** Characters of an excerpt; it is cut at a word. */
    excerptCharacters: whole(2_000),
    /** UTF-8 bytes of one content object that is taken by reference. */
    contentMaxBytes: whole(64 * 1024 * 1024),
  })
  .refine(({ nodeMin, nodeMax }) => nodeMin <= nodeMax, {
    path: ['nodeMax'],
    message: 'expected at least nodeMin',
  });

/** How the `http` collector asks; see `docs/collectors.md`. */
const http = z.strictObject({
  /** Its first word is the name that robots.txt rules are looked up by. */
  userAgent: z.string().min(1).default('Banyan (collector; obeys robots.txt)'),
  /** One page, with its redirects and its whole body. */
  timeoutMs: whole(30 * second),
  /** UTF-8 bytes of one page; a larger one is unreadable (`too_large`). */
  pageMaxBytes: whole(8 * 1024 * 1024),
  redirectsMax: whole(5),
  robotsTtlMs: whole(hour),
  /** What is past this in a robots.txt is ignored; RFC 9309 demands 500 KiB at least. */
  robotsMaxBytes: whole(512 * 1024),
  /** What a server may make us wait. */
  retryAfterMaxMs: whole(day),
  /** Pages of one crawled target; a target may ask for fewer. */
  crawlPagesMax: whole(500),
  crawlDepthMax: whole(5),
  /** Whether addresses that are not public may be collected from, by every target. */
  privateAddresses: z.boolean().default(false),
});

const log = z.strictObject({
  /** UTF-8 bytes of one item; it ends at a line's end, so one long line makes a longer item. */
  itemBytes: z
    .int()
    .min(1)
    .default(64 * 1024),
  /** Items of one collection; the rest is left for the next. */
  collectionItems: z.int().min(1).default(4_096),
});

const subject = z.strictObject({
  /** Messages of one collection; the rest is left for the next. */
  collectionMessages: z.int().min(1).default(1_000),
  /** UTF-8 bytes of the messages of one collection. */
  collectionBytes: z
    .int()
    .min(1)
    .default(4 * 1024 * 1024),
  /** How long a collection listens where no stream keeps the messages. */
  listenMs: z
    .int()
    .min(1)
    .default(5 * second),
  /** Unacknowledged messages of a stream come again after this. */
  ackWaitMs: z.int().min(second).default(minute),
});

const node = z.strictObject({
  /** Concurrent collections, and batches of files read at a time, unless the machine reports another number. */
  capacity: whole(3),
  /** The window when wide open: batches being read or waiting for intake's decision, per unit of capacity. */
  openBatchesFactor: whole(4),
  /** What the window is multiplied by when intake refuses a batch for now; it never falls below one batch. */
  windowDecrease: fraction(0.5),
  /** Batches that the window grows by with each batch that intake takes whole. */
  windowIncrease: z.number().positive().default(1),
  /** Files of one read batch, and so of one `artifact.collected` message. */
  batchFiles: whole(32),
  /** UTF-8 bytes of content in one message; what does not fit goes by reference. */
  batchContentBytes: whole(200_000),
  /** Larger files are reported as unreadable (`too_large`), never truncated. */
  fileMaxBytes: whole(32 * 1024 * 1024),
  /** Files that one target may yield; what is past it is counted as `ignored`. */
  targetMaxFiles: whole(100_000),
  /** Entries per page of a directory scan: bounds the rows one turn touches. */
  scanPageFiles: whole(300),
  /** When a recoverably refused or unreadable file is tried again, if nothing says otherwise. */
  retryAfterMs: whole(5 * minute),
  /** Bytes on a node's disk for what may be gone from its source and is not decided yet. */
  spoolBytes: whole(256 * 1024 * 1024),
  /** How often a long collection tells the orchestrator that it goes on. */
  progressMs: whole(minute),
  /** Failed attempts at reading one file before it waits for the target's next collection. */
  fileAttempts: whole(5),
  http: http.prefault({}),
  log: log.prefault({}),
  subject: subject.prefault({}),
  /** A watched target is collected again when nothing has changed for this long after a change. */
  watchQuietMs: whole(second),
  /** Modules whose default export is a collector, beside the shipped ones. No turn depends on them. */
  collectors: z.array(z.string().min(1)).default([]),
  /** A module whose default export is an assessor, instead of the shipped one. No turn depends on it. */
  assessor: z.string().min(1).optional(),
});

const orchestrator = z
  .strictObject({
    /** A target without an interval of its own is collected this often. */
    intervalMs: whole(hour),
    /** No sooner than this after a failure or an assignment that timed out. */
    retryMs: whole(5 * minute),
    assignmentTimeoutMs: whole(10 * minute),
    /** Failures in a row after which another node gets the target, if there is one. */
    reassignAfterFailures: whole(3),
    quarantineAfterFailures: whole(5),
    /** Attempts per node that are measured. */
    measuredAttempts: whole(100),
    usefulnessSuccessWeight: fraction(0.4),
    usefulnessQualityWeight: fraction(0.4),
    usefulnessSpeedWeight: fraction(0.2),
    /** A collection that takes this long has no speed at all. */
    slowMs: whole(minute),
    /** Usefulness of a node that nothing was measured of: neither trusted nor mistrusted. */
    unmeasuredUsefulness: fraction(0.5),
    degradedUsefulness: fraction(0.3),
    /** A node that tries and has had no success for this long is degraded. */
    degradedAfterMs: whole(hour),
    /** Assignments made in one turn at most; the rest follows in the next. */
    assignmentsPerTurn: whole(32),
  })
  .refine((rules) => rules.reassignAfterFailures <= rules.quarantineAfterFailures, {
    path: ['quarantineAfterFailures'],
    message: 'expected at least reassignAfterFailures',
  });

/** Patterns are sought among what was accepted in the last 24 hours, a bounded batch at a time. */
const patterns = z.strictObject({
  /** How long after an artifact was accepted a run takes it in, together with all that came meanwhile. */
  intervalMs: whole(30 * second),
  windowMs: whole(day),
  /** Patterns at most. */
  clusters: z.int().min(1).max(50).default(10),
  /** No pattern before so many artifacts are there. */
  itemsNeeded: whole(10),
  /** Artifacts of one run; of more, a sample spread over them is taken. Bounds the time of a turn. */
  batchMax: z.int().min(10).max(1_000).default(256),
  /** An artifact that is less like every pattern belongs to none. */
  similarityMin: fraction(0.05),
  /** Patterns that are more alike become one. */
  mergeSimilarity: fraction(0.7),
  /** A pattern that a run leaves less like what it was is a new one. */
  identitySimilarity: fraction(0.2),
});

const coordinator = z.strictObject({
  threatWeight: fraction(0.4),
  opportunityWeight: fraction(0.3),
  confidenceWeight: fraction(0.2),
  halfLifeMs: whole(day),
  confidenceMax: fraction(0.99),
  /** Reputation of a node nobody has judged yet. */
  neutralReputation: fraction(0.5),
  /** From this similarity on, content counts as a near duplicate of an artifact that is there. */
  nearDuplicateSimilarity: fraction(0.9),
  topMax: whole(1_000),
  patterns: patterns.prefault({}),
});

const reputation = z
  .strictObject({
    start: fraction(0.5),
    min: fraction(0.1),
    max: fraction(0.9),
    goodStep: fraction(0.01),
    badStep: fraction(0.02),
    epochMs: whole(minute),
    /** Epochs that must agree before a move counts. */
    epochsNeeded: whole(3),
    /** Without activity for this long a score begins to decay towards `start`. */
    decayAfterMs: whole(day),
    decayPerDay: fraction(0.95),
    /** Changes kept with their evidence. */
    historyMax: whole(100),
    /** All that accepted items lift a score by, however many they are. */
    acceptanceMax: fraction(0.03),
    /** All that corroboration and votes move a score by, up or down. */
    votesMax: fraction(0.02),
    /** What a `vote.cast` weighs; a corroborating node's vote weighs its own reputation. */
    strangerVote: fraction(0.25),
    /** More votes than these on one node are brigading. */
    votesPerHour: whole(100),
    votesPerDay: whole(1_000),
    /** So many in a row within a day from one origin are, too. */
    originVotes: whole(20),
    /** A burst: the running window lies so many standard deviations above the node's own history … */
    burstZ: z.number().min(0).default(3),
    burstWindowMs: whole(hour),
    /** … once so many windows say what is usual, and with so many votes, and so many times the mean. */
    burstMinWindows: whole(12),
    burstMinVotes: whole(25),
    burstTimes: z.number().min(1).default(2),
    /** The weight of the windows before the newest one. */
    burstMemory: fraction(0.9),
    /** The share of its score that is left to a flagged node, and to one that the votes spoke against. */
    flaggedShare: fraction(0.5),
    slanderedShare: fraction(0.5),
    /** Claimed confidence is compared with verdicts in so many ranges. */
    calibrationBins: whole(5),
    /** The weight of the verdicts before the newest one: 0.97 remembers about 33. */
    calibrationMemory: fraction(0.97),
    calibrationMinVerdicts: whole(5),
    /** Standard errors that chance is given before exaggeration is established, beyond a tolerance. */
    calibrationZ: z.number().min(0).default(2.5),
    calibrationTolerance: fraction(0.1),
    /** Exaggeration costs its own size in shares of the score, within these. */
    calibrationPenaltyMin: fraction(0.25),
    calibrationPenaltyMax: fraction(0.75),
  })
  .refine(({ min, start, max }) => min <= start && start <= max, {
    path: ['start'],
    message: 'expected to lie between min and max',
  })
  .refine((rules) => rules.calibrationPenaltyMin <= rules.calibrationPenaltyMax, {
    path: ['calibrationPenaltyMax'],
    message: 'expected at least calibrationPenaltyMin',
  });

const phoenix = z.strictObject({
  hourlyLimit: whole(100),
  windowMs: whole(hour),
  roundMs: whole(5 * second),
  /** Candidates asked for in one round. */
  roundCandidates: whole(100),
  domainMax: whole(5),
  domainWindow: whole(100),
  nodeMax: whole(10),
  nodeWindow: whole(50),
  contentTypeShare: fraction(0.6),
  contentTypeWindow: whole(20),
  /** Words that identify a scenario for novelty, and how many fed ones are remembered. */
  noveltyWords: whole(100),
  noveltyMemory: whole(10_000),
  domainNoveltyWeight: fraction(0.4),
  nodeNoveltyWeight: fraction(0.3),
  contentTypeNoveltyWeight: fraction(0.3),
  /** From this on, threat and opportunity become objectives. */
  objectiveThreshold: whole(7),
  inputCharacters: whole(2_000),
});

const critic = z.strictObject({
  reviewBelow: fraction(0.85),
  inputMinCharacters: whole(20),
});

const curator = z.strictObject({
  qualityMin: fraction(0.6),
  domainShare: fraction(0.3),
  /** The balance gate needs this many domains. */
  balanceDomains: whole(4),
  /** Share of word shingles from which on two inputs are nearly the same. */
  nearSimilarity: fraction(0.9),
  /** Share of a version that comes from the basal set, when one is given. */
  basalShare: z.number().min(0).max(0.9).default(0.3),
  basalMaxBytes: whole(64 * 1024 * 1024),
  versionExamples: whole(100),
  publishAfterMs: whole(minute),
});

export const pipelineSettingsSchema = z.strictObject({
  intake: intake.prefault({}),
  node: node.prefault({}),
  orchestrator: orchestrator.prefault({}),
  coordinator: coordinator.prefault({}),
  reputation: reputation.prefault({}),
  phoenix: phoenix.prefault({}),
  critic: critic.prefault({}),
  curator: curator.prefault({}),
});

/** Every number by which the pipeline decides. */
export type PipelineSettings = z.infer<typeof pipelineSettingsSchema>;
export type IntakeSettings = PipelineSettings['intake'];
export type NodeSettings = PipelineSettings['node'];
export type OrchestratorSettings = PipelineSettings['orchestrator'];
export type CoordinatorSettings = PipelineSettings['coordinator'];
export type PatternSettings = CoordinatorSettings['patterns'];
export type ReputationSettings = PipelineSettings['reputation'];
export type PhoenixSettings = PipelineSettings['phoenix'];
export type CriticSettings = PipelineSettings['critic'];
export type CuratorSettings = PipelineSettings['curator'];

export const defaultPipelineSettings: PipelineSettings = pipelineSettingsSchema.parse({});
