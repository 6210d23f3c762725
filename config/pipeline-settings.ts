/**
 * The numbers by which the pipeline's actors decide, one group per actor, with the product's defaults. A
 * turn sees them, so they are part of the version of a log's tail: changing one is a new version.
 */
import { z } from 'zod';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const count = (value: number) => z.int().min(1).default(value);
const whole = (value: number) => z.int().min(0).default(value);
/** Between 0 and 1: a share, a probability, a confidence or a weight. */
const share = (value: number) => z.number().min(0).max(1).default(value);
/** On the 0 to 10 scale of threat and opportunity. */
const level = (value: number) => z.number().min(0).max(10).default(value);
const durationMs = (value: number) => z.int().min(1).default(value);

const group = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.strictObject(shape);

const node = group({
  /** Collections at the same time. */
  capacity: count(3),
  heartbeatMs: durationMs(2 * SECOND_MS),
  http: group({
    timeoutMs: durationMs(30 * SECOND_MS),
    maxBytes: count(10 * 1024 * 1024),
    /** Whether collectors may fetch from loopback, link-local and private networks. */
    allowPrivateAddresses: z.boolean().default(false),
  }).prefault({}),
  /** Larger files are refused by the file and directory collectors. */
  maxFileBytes: count(10 * 1024 * 1024),
});

const orchestrator = group({
  intervalMs: durationMs(3600 * SECOND_MS),
  retryMs: durationMs(300 * SECOND_MS),
  assignmentTimeoutMs: durationMs(600 * SECOND_MS),
  /** Failures in a row before a target goes to another node. */
  reassignAfterFailures: count(3),
  /** Failures in a row before a target is set aside, visible but not collected. */
  quarantineAfterFailures: count(5),
  /** The attempts per node that its measures cover. */
  attemptWindow: count(100),
  usefulness: group({
    successWeight: share(0.4),
    qualityWeight: share(0.4),
    speedWeight: share(0.2),
    /** A collection that takes this long or longer earns nothing for speed. */
    slowMs: durationMs(60 * SECOND_MS),
  }).prefault({}),
  degradedBelow: share(0.3),
  degradedWithoutSuccessMs: durationMs(HOUR_MS),
}).refine((settings) => settings.reassignAfterFailures <= settings.quarantineAfterFailures, {
  path: ['quarantineAfterFailures'],
  message: 'expected at least reassignAfterFailures',
});

const intake = group({
  /** The rolling window of every quota. */
  windowMs: durationMs(HOUR_MS),
  totalPerWindow: count(10_000),
  /** A node's quota is this times `successFactor` times its success rate, within the two bounds. */
  perNodePerWindow: count(1_000),
  successFactor: z.number().positive().default(2),
  perNodeMin: count(100),
  perNodeMax: count(2_000),
  /** What counts as a node's success rate before it has this many attempts. */
  assumedSuccess: share(0.5),
  measuredAfterAttempts: count(20),
}).refine((settings) => settings.perNodeMin <= settings.perNodeMax, {
  path: ['perNodeMax'],
  message: 'expected at least perNodeMin',
});

const coordinator = group({
  /** MinHash similarity from which an artifact is linked to an earlier one. */
  nearDuplicateSimilarity: share(0.9),
  maxCorroboratedConfidence: share(0.99),
  priority: group({
    threatWeight: share(0.4),
    opportunityWeight: share(0.3),
    confidenceWeight: share(0.2),
    halfLifeMs: durationMs(24 * HOUR_MS),
  }).prefault({}),
  /** The most that a `top` query returns. */
  topMax: count(1_000),
  patterns: group({
    clusters: count(10),
    windowMs: durationMs(24 * HOUR_MS),
    minItems: count(10),
    /** Below this many members a pattern's confidence is 0. */
    minMembers: count(3),
    samples: count(3),
    /** The longest run of words that counts as a term. */
    maxGram: z.int().min(1).max(5).default(3),
  }).prefault({}),
});

const reputation = group({
  initial: share(0.5),
  min: share(0.1),
  max: share(0.9),
  goodStep: share(0.01),
  badStep: share(0.02),
  /** Epochs that must agree before the score moves. */
  confirmEpochs: count(3),
  decayAfterMs: durationMs(24 * HOUR_MS),
  /** The distance from neutral that is left after a day without activity. */
  decayPerDay: share(0.95),
  calibration: group({
    /** How far below an honest node one falls that inflates its confidence, as a share of the score. */
    inflationPenalty: share(0.2),
    cycles: count(3),
  }).prefault({}),
  brigading: group({
    votesPerHour: count(100),
    votesPerDay: count(1_000),
    burstZScore: z.number().positive().default(3),
    /** The effective score is multiplied by this until the flag is cleared. */
    scoreFactor: share(0.5),
  }).prefault({}),
}).refine((settings) => settings.min <= settings.initial && settings.initial <= settings.max, {
  path: ['initial'],
  message: 'expected to lie between min and max',
});

/** At most `max` of the last `window` scenarios. */
const mostOf = (max: number, window: number) =>
  group({ max: count(max), window: count(window) }).prefault({});

const phoenix = group({
  perWindow: count(100),
  windowMs: durationMs(HOUR_MS),
  domain: mostOf(5, 100),
  node: mostOf(10, 50),
  contentType: group({ maxShare: share(0.6), window: count(20) }).prefault({}),
  novelty: group({
    /** The first words of a scenario, normalised, that must not have been fed before. */
    words: count(100),
    /** How many of the latest scenarios are remembered. */
    window: count(10_000),
    domainWeight: share(0.4),
    nodeWeight: share(0.3),
    contentTypeWeight: share(0.3),
  }).prefault({}),
  maxDifficulty: level(10),
  threatObjectiveFrom: level(7),
  opportunityObjectiveFrom: level(7),
  inputChars: count(2_000),
});

const critic = group({
  /** Confidence below this that evidence could not verify waits for a person. */
  reviewBelow: share(0.85),
});

const curator = group({
  minQuality: share(0.6),
  nearDuplicateSimilarity: share(0.9),
  maxDomainShare: share(0.3),
  /** The domain share is enforced once a version has this many domains. */
  balanceFromDomains: count(4),
  /** The rest is basal, when a basal set is given. */
  newShare: share(0.7),
  /** Examples that wait before a version is published without being asked; 0 publishes on request only. */
  publishAtExamples: whole(100),
  publishAfterMs: durationMs(DAY_MS),
});

/** The settings of the default application. */
export const pipelineSchema = z.strictObject({
  node: node.prefault({}),
  orchestrator: orchestrator.prefault({}),
  intake: intake.prefault({}),
  coordinator: coordinator.prefault({}),
  reputation: reputation.prefault({}),
  phoenix: phoenix.prefault({}),
  critic: critic.prefault({}),
  curator: curator.prefault({}),
});

/** Every number by which the pipeline decides. */
export type PipelineSettings = z.infer<typeof pipelineSchema>;
