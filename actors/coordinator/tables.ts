/** The coordinator's rows. Everything that grows with the collection is here, not in the context. */
import { createHash } from 'node:crypto';
import { defineTable } from '../../runtime/table.ts';
import type { Artifact } from '../artifact.ts';
import { patternTables } from './patterns/tables.ts';

/** An artifact and what happened to it. */
export interface ArtifactRow {
  /** As it was offered first; `confidence` is the current one. */
  readonly artifact: Artifact;
  readonly acceptedAtMs: number;
  /** 1, and one more for each higher claim of the node that reported it first. */
  readonly version: number;
  /** The highest confidence that its first node claimed. */
  readonly claimed: number;
  /** Product of (1 − reputation) over the other nodes that reported it: the doubt that they left. */
  readonly doubt: number;
  /** Everybody who reported it, the first one first; at most {@link MAX_REPORTERS} are named. */
  readonly reporters: readonly string[];
  readonly sources: number;
  readonly feeding: 'waiting' | 'fed' | 'refused';
  readonly refusal: string | null;
  readonly rank: number;
}

/** Reporters named with an artifact; further ones count and corroborate, and are in its provenance. */
export const MAX_REPORTERS = 64;

export interface NodeRow {
  readonly node: string;
  readonly reputation: number;
  readonly artifacts: number;
  /** Where the node stands in each order: its key in {@link heads}. */
  readonly headOfAll: string | null;
  readonly headOfCandidates: string | null;
}

export interface CandidateRow {
  readonly domain: string;
  readonly contentType: string;
}

export const artifacts = defineTable<ArtifactRow>('artifacts');
/** `<artifact>|<node>|<source>` → who reported it from where, and when. */
export const provenance = defineTable<{ node: string; source: string; atMs: number }>('provenance');
export const nodes = defineTable<NodeRow>('nodes');
/** `<domain>` → its name and how many artifacts it has. */
export const domains = defineTable<{ domain: string; artifacts: number }>('domains');
/** `<node>|<rank>|<artifact>`: each node's artifacts, best first. */
export const ranks = defineTable<true>('ranks');
/** As {@link ranks}, of what was not offered to the feeder or not decided by it. */
export const candidates = defineTable<CandidateRow>('candidates');
/** `<domain>|<node>|<rank>|<artifact>`. */
export const domainRanks = defineTable<true>('domainRanks');
/** As {@link domainRanks}, of the candidates. */
export const domainCandidates = defineTable<true>('domainCandidates');
/** `<level>|<node>|<rank>|<artifact>`; level 00 is threat 10, level 10 is threat 0. */
export const threatRanks = defineTable<true>('threatRanks');
/** `<order>|<rank with offset>|<node>`: the nodes in the order of their best artifact. */
export const heads = defineTable<true>('heads');

export const coordinatorTables = {
  artifacts,
  provenance,
  nodes,
  domains,
  ranks,
  candidates,
  domainRanks,
  domainCandidates,
  threatRanks,
  heads,
  ...patternTables,
};

/** Names of any length and alphabet as a part of a row's key: 24 hex digits of their SHA-256. */
export function keyPart(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 24);
}
