/**
 * Every number that the pipeline's actors decide by, with the product's defaults. `config` validates what a
 * user set and hands it down as one value of this type; a machine reads nothing else.
 */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Quotas are counted over one rolling hour of message time. */
export interface IntakeSettings {
  /** Items per rolling hour from all sources that are not exempt. */
  readonly hourlyTotal: number;
  /** A node's quota is `nodeBase × 2 × success rate`, within `nodeMin … nodeMax`. */
  readonly nodeBase: number;
  readonly nodeMin: number;
  readonly nodeMax: number;
  /** Success counts as this until a node has made `attemptsNeeded` attempts. */
  readonly neutralSuccessRate: number;
  readonly attemptsNeeded: number;
  readonly quotaWindowMs: number;
  /** Items offered to the coordinator and not decided yet; more are refused as `overload`. */
  readonly pendingMax: number;
  /** When to come back after `overload`. */
  readonly overloadRetryMs: number;
  /** Characters of an excerpt; it is cut at a word. */
  readonly excerptCharacters: number;
  /** UTF-8 bytes of one content object that is taken by reference. */
  readonly contentMaxBytes: number;
}

export interface NodeSettings {
  /** Concurrent collections, and batches of files read at a time, unless the machine reports another number. */
  readonly capacity: number;
  /** Batches that are being read or wait for intake's decision, per unit of capacity. */
  readonly openBatchesFactor: number;
  /** Files of one read batch, and so of one `artifact.collected` message. */
  readonly batchFiles: number;
  /** UTF-8 bytes of content in one message; what does not fit goes by reference. */
  readonly batchContentBytes: number;
  /** Larger files are reported as unreadable (`too_large`), never truncated. */
  readonly fileMaxBytes: number;
  /** Files that one target may yield; what is past it is counted as `ignored`. */
  readonly targetMaxFiles: number;
  /** Entries per page of a directory scan: bounds the rows one turn touches. */
  readonly scanPageFiles: number;
  /** When a recoverably refused or unreadable file is tried again, if nothing says otherwise. */
  readonly retryAfterMs: number;
  /** How often a long collection tells the orchestrator that it goes on. */
  readonly progressMs: number;
  /** Failed attempts at reading one file before it waits for the target's next collection. */
  readonly fileAttempts: number;
}

export interface OrchestratorSettings {
  /** A target without an interval of its own is collected this often. */
  readonly intervalMs: number;
  /** No sooner than this after a failure or an assignment that timed out. */
  readonly retryMs: number;
  readonly assignmentTimeoutMs: number;
  /** Failures in a row after which another node gets the target, if there is one. */
  readonly reassignAfterFailures: number;
  readonly quarantineAfterFailures: number;
  /** Attempts per node that are measured. */
  readonly measuredAttempts: number;
  readonly usefulnessSuccessWeight: number;
  readonly usefulnessQualityWeight: number;
  readonly usefulnessSpeedWeight: number;
  /** A collection that takes this long has no speed at all. */
  readonly slowMs: number;
  readonly degradedUsefulness: number;
  /** A node that tries and has had no success for this long is degraded. */
  readonly degradedAfterMs: number;
  /** Assignments made in one turn at most; the rest follows in the next. */
  readonly assignmentsPerTurn: number;
}

export interface CoordinatorSettings {
  readonly threatWeight: number;
  readonly opportunityWeight: number;
  readonly confidenceWeight: number;
  readonly halfLifeMs: number;
  readonly confidenceMax: number;
  /** Reputation of a node nobody has judged yet. */
  readonly neutralReputation: number;
  readonly topMax: number;
  /** Artifacts ranked anew in one turn when a reputation moves. */
  readonly rerankPerTurn: number;
}

export interface ReputationSettings {
  readonly start: number;
  readonly min: number;
  readonly max: number;
  readonly goodStep: number;
  readonly badStep: number;
  readonly epochMs: number;
  /** Epochs that must agree before a move counts. */
  readonly epochsNeeded: number;
  /** Without activity for this long a score begins to decay towards `start`. */
  readonly decayAfterMs: number;
  readonly decayPerDay: number;
  /** Changes kept with their evidence. */
  readonly historyMax: number;
}

export interface PhoenixSettings {
  readonly hourlyLimit: number;
  readonly windowMs: number;
  readonly roundMs: number;
  /** Candidates asked for in one round. */
  readonly roundCandidates: number;
  readonly domainMax: number;
  readonly domainWindow: number;
  readonly nodeMax: number;
  readonly nodeWindow: number;
  readonly contentTypeShare: number;
  readonly contentTypeWindow: number;
  /** Words that identify a scenario for novelty, and how many fed ones are remembered. */
  readonly noveltyWords: number;
  readonly noveltyMemory: number;
  readonly domainNoveltyWeight: number;
  readonly nodeNoveltyWeight: number;
  readonly contentTypeNoveltyWeight: number;
  /** From this on, threat and opportunity become objectives. */
  readonly objectiveThreshold: number;
  readonly inputCharacters: number;
}

export interface CriticSettings {
  readonly reviewBelow: number;
  readonly inputMinCharacters: number;
}

export interface CuratorSettings {
  readonly qualityMin: number;
  readonly domainShare: number;
  /** The balance gate needs this many domains. */
  readonly balanceDomains: number;
  readonly newShare: number;
  readonly versionExamples: number;
  readonly publishAfterMs: number;
}

export interface PipelineSettings {
  readonly intake: IntakeSettings;
  readonly node: NodeSettings;
  readonly orchestrator: OrchestratorSettings;
  readonly coordinator: CoordinatorSettings;
  readonly reputation: ReputationSettings;
  readonly phoenix: PhoenixSettings;
  readonly critic: CriticSettings;
  readonly curator: CuratorSettings;
}

export const defaultPipelineSettings: PipelineSettings = {
  intake: {
    hourlyTotal: 10_000,
    nodeBase: 1_000,
    nodeMin: 100,
    nodeMax: 2_000,
    neutralSuccessRate: 0.5,
    attemptsNeeded: 20,
    quotaWindowMs: hour,
    pendingMax: 5_000,
    overloadRetryMs: 5 * second,
    excerptCharacters: 2_000,
    contentMaxBytes: 64 * 1024 * 1024,
  },
  node: {
    capacity: 3,
    openBatchesFactor: 4,
    batchFiles: 32,
    batchContentBytes: 200_000,
    fileMaxBytes: 32 * 1024 * 1024,
    targetMaxFiles: 100_000,
    scanPageFiles: 300,
    retryAfterMs: 5 * minute,
    progressMs: minute,
    fileAttempts: 5,
  },
  orchestrator: {
    intervalMs: hour,
    retryMs: 5 * minute,
    assignmentTimeoutMs: 10 * minute,
    reassignAfterFailures: 3,
    quarantineAfterFailures: 5,
    measuredAttempts: 100,
    usefulnessSuccessWeight: 0.4,
    usefulnessQualityWeight: 0.4,
    usefulnessSpeedWeight: 0.2,
    slowMs: minute,
    degradedUsefulness: 0.3,
    degradedAfterMs: hour,
    assignmentsPerTurn: 32,
  },
  coordinator: {
    threatWeight: 0.4,
    opportunityWeight: 0.3,
    confidenceWeight: 0.2,
    halfLifeMs: day,
    confidenceMax: 0.99,
    neutralReputation: 0.5,
    topMax: 1_000,
    rerankPerTurn: 400,
  },
  reputation: {
    start: 0.5,
    min: 0.1,
    max: 0.9,
    goodStep: 0.01,
    badStep: 0.02,
    epochMs: minute,
    epochsNeeded: 3,
    decayAfterMs: day,
    decayPerDay: 0.95,
    historyMax: 100,
  },
  phoenix: {
    hourlyLimit: 100,
    windowMs: hour,
    roundMs: 5 * second,
    roundCandidates: 100,
    domainMax: 5,
    domainWindow: 100,
    nodeMax: 10,
    nodeWindow: 50,
    contentTypeShare: 0.6,
    contentTypeWindow: 20,
    noveltyWords: 100,
    noveltyMemory: 10_000,
    domainNoveltyWeight: 0.4,
    nodeNoveltyWeight: 0.3,
    contentTypeNoveltyWeight: 0.3,
    objectiveThreshold: 7,
    inputCharacters: 2_000,
  },
  critic: { reviewBelow: 0.85, inputMinCharacters: 20 },
  curator: {
    qualityMin: 0.6,
    domainShare: 0.3,
    balanceDomains: 4,
    newShare: 0.7,
    versionExamples: 100,
    publishAfterMs: minute,
  },
};
