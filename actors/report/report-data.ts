/** What a report says, as `report.json` holds it. Everything in it is bounded, however much was collected. */
import type { RankedArtifact } from '../coordinator/queries.ts';
import type { PublishedVersion } from '../dataset/manifest.ts';
import type { ReputationChange } from '../reputation/reputation.ts';

/** What was done since the data directory began. */
export interface Report {
  readonly format: 'banyan-report';
  readonly formatVersion: 1;
  readonly at: string;
  readonly collection: string;
  readonly totals: {
    readonly collected: number;
    readonly accepted: number;
    readonly duplicates: number;
    readonly corroborated: number;
    readonly rejected: number;
    /** Known content that raised its artifact's confidence; they are among the duplicates. */
    readonly versions: number;
    /** Null where the coordinator does not count them. */
    readonly nearDuplicates: number | null;
    readonly scenarios: number;
    readonly examples: number;
  };
  /** From what was collected to what stands in the dataset, in the pipeline's order. */
  readonly flow: readonly FlowStage[];
  readonly sources: readonly SourceState[];
  readonly sourceTypes: {
    /** Sources that were looked at; of more than this, the first ones by id. */
    readonly looked: number;
    readonly more: boolean;
    readonly types: readonly SourceType[];
  };
  readonly domains: readonly { readonly domain: string; readonly artifacts: number }[];
  /** Of the whole collection. */
  readonly domainCount: number;
  readonly top: readonly RankedArtifact[];
  /** Null where the coordinator finds no patterns yet. */
  readonly patterns: PatternReport | null;
  /** Those with most artifacts. */
  readonly nodes: readonly NodeReport[];
  /** Of the whole collection. */
  readonly nodeCount: number;
  /** In the order of the pipeline: where something was refused, why, and how often. */
  readonly refused: readonly { readonly at: string; readonly reason: string; readonly count: number }[];
  readonly refusedLately: readonly {
    readonly at: string;
    readonly source: string;
    readonly reasons: readonly string[];
  }[];
  readonly waiting: {
    readonly undecided: number;
    readonly evidence: number;
    readonly candidates: number;
    readonly reviews: number;
    readonly examples: number;
  };
  /** The first ones of those that wait for a person. */
  readonly reviews: readonly {
    readonly id: string;
    readonly at: string;
    readonly source: string;
    readonly domain: string;
    readonly confidence: number;
    readonly reasons: readonly string[];
  }[];
  readonly notices: readonly string[];
  readonly dataset: {
    readonly latest: string | null;
    readonly lastManifestSha256: string | null;
    readonly masked: number;
    /** Of the whole dataset. */
    readonly versionCount: number;
    /** The latest ones, the oldest of them first. */
    readonly versions: readonly PublishedVersion[];
    /** What the latest examples are like. */
    readonly sample: ExampleSample;
  };
}

/** One step of the way: how many came this far, and where those that did not come further are. */
export interface FlowStage {
  readonly name: string;
  readonly count: number;
  readonly losses: readonly FlowLoss[];
}

export interface FlowLoss {
  readonly name: string;
  readonly count: number;
  /** `known` was here before, `refused` will not come back by itself, `waits` may still go on. */
  readonly kind: 'known' | 'refused' | 'waits';
}

export interface SourceState {
  readonly type: string;
  readonly location: string;
  readonly status: string;
  readonly lastOutcome: string | null;
  readonly lastReason: string | null;
  readonly lastNode: string | null;
}

export interface SourceType {
  readonly type: string;
  readonly sources: number;
  /** Collections by their outcome. */
  readonly collected: number;
  readonly empty: number;
  readonly failed: number;
  readonly quarantined: number;
}

export interface NodeReport {
  readonly node: string;
  readonly artifacts: number;
  readonly reputation: number;
  readonly good: number;
  readonly bad: number;
  /** Moves that too few epochs confirm so far. */
  readonly unconfirmed: number;
  /** What counts at the moment, where it is told apart from the score. */
  readonly effective: number | null;
  /** What the reputation says about the node's claims and what was found against it, in words. */
  readonly remarks: readonly string[];
  /** The latest, newest first. */
  readonly changes: readonly ReputationChange[];
  /** The score over time, oldest first; the first point is the score before the first change kept. */
  readonly course: readonly { readonly at: string; readonly score: number }[];
}

export interface Pattern {
  readonly id: string;
  /** Weights are 0..1. */
  readonly terms: readonly { readonly term: string; readonly weight: number }[];
  readonly characteristics: readonly string[];
  readonly samples: readonly { readonly id: string; readonly source: string; readonly excerpt: string }[];
  readonly members: number;
  /** 0 below three members, else the members' mean similarity. */
  readonly confidence: number;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
}

export interface PatternReport {
  /** When they were found; null when nothing has been yet. */
  readonly at: string | null;
  readonly patterns: readonly Pattern[];
}

export interface ExampleSample {
  /** The latest examples, so many of them. */
  readonly examples: number;
  readonly contentTypes: readonly { readonly name: string; readonly count: number }[];
  readonly domains: readonly { readonly name: string; readonly count: number }[];
  /** Counts of quality in ten equal steps from 0 to 1. */
  readonly quality: readonly number[];
  /** Null without examples. */
  readonly meanQuality: number | null;
}
