/** The coordinator's rows. Everything that grows with the collection is here, not in the context; orders are indexes. */
import { createHash } from 'node:crypto';
import { defineTable } from '../../runtime/table.ts';
import { defineIndex } from '../../runtime/table-index.ts';
import type { Artifact } from '../artifact.ts';
import { bandsOf } from '../text/index.ts';
import { descendingKey } from './rank-key.ts';
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
  /** The first artifact that it is nearly the same as, and how similar: it is kept, and not fed. */
  readonly nearDuplicateOf: NearDuplicate | null;
  readonly feeding: 'waiting' | 'fed' | 'refused';
  readonly refusal: string | null;
  readonly rank: number;
}

export interface NearDuplicate {
  readonly id: string;
  /** Of the word runs, 0 … 1. */
  readonly similarity: number;
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

export const artifacts = defineTable<ArtifactRow>('artifacts', {
  version: 2,
  // The first version knew no near duplicates.
  migrate: ({ artifact, ...row }: ArtifactRow) => ({
    ...row,
    artifact: { ...artifact, signature: '' },
    nearDuplicateOf: null,
  }),
});
/**
 * `<artifact>|<node>|<source>` → who else reported it from where, and when. The first report is the artifact's
 * own row.
 */
export const provenance = defineTable<{ node: string; source: string; atMs: number }>('provenance');
export const nodes = defineTable<NodeRow>('nodes');
/** `<domain>` → its name and how many artifacts it has. */
export const domains = defineTable<{ domain: string; artifacts: number }>('domains');
/** `<order>|<rank with offset>|<node>`: the nodes in the order of their best artifact. */
export const heads = defineTable<true>('heads');

/** `<node>|<rank>|<artifact>`: each node's artifacts, best first. */
export const ranks = defineIndex<ArtifactRow, true>(artifacts, 'ranks', {
  entries: (row) => [[entryOf(row), true]],
});
/** As {@link ranks}, of what was not offered to the feeder or not decided by it. */
export const candidates = defineIndex<ArtifactRow, CandidateRow>(artifacts, 'candidates', {
  entries: (row) =>
    row.feeding === 'waiting'
      ? [[entryOf(row), { domain: row.artifact.domain, contentType: row.artifact.contentType }]]
      : [],
});
/** `<domain>|<node>|<rank>|<artifact>`. */
export const domainRanks = defineIndex<ArtifactRow, true>(artifacts, 'domainRanks', {
  entries: (row) => [[`${keyPart(row.artifact.domain)}|${entryOf(row)}`, true]],
});
/** As {@link domainRanks}, of the candidates. */
export const domainCandidates = defineIndex<ArtifactRow, true>(artifacts, 'domainCandidates', {
  entries: (row) =>
    row.feeding === 'waiting' ? [[`${keyPart(row.artifact.domain)}|${entryOf(row)}`, true]] : [],
});
/** `<level>|<node>|<rank>|<artifact>`; level 00 is threat 10, level 10 is threat 0. */
export const threatRanks = defineIndex<ArtifactRow, true>(artifacts, 'threatRanks', {
  entries: (row) => [[`${levelOf(row.artifact.threat)}|${entryOf(row)}`, true]],
});

/** `<band>|<order>|<artifact>` of those that are no near duplicates of others: see `text/minhash.ts`. */
export const bands = defineIndex<ArtifactRow, true>(artifacts, 'bands', {
  entries: ({ artifact, nearDuplicateOf }) =>
    nearDuplicateOf === null
      ? bandsOf(artifact.signature).map(({ name, order }) => [`${name}|${order}|${artifact.id}`, true])
      : [],
});
/** `<first>|<artifact>` → how similar. */
export const nearDuplicates = defineIndex<ArtifactRow, number>(artifacts, 'nearDuplicates', {
  entries: ({ artifact, nearDuplicateOf: first }) =>
    first === null ? [] : [[`${first.id}|${artifact.id}`, first.similarity]],
});

export const coordinatorTables = {
  artifacts,
  provenance,
  nodes,
  domains,
  heads,
  ...patternTables,
};

/** Where an artifact stands among its node's. */
const entryOf = ({ artifact, rank }: ArtifactRow): string =>
  `${keyPart(artifact.node)}|${descendingKey(rank)}|${artifact.id}`;

/** Level of a threat in {@link threatRanks}: ascending is worst first. */
export const levelOf = (threat: number): string => String(10 - Math.floor(threat)).padStart(2, '0');

const keyParts = new Map<string, string>();
const KEY_PARTS_KEPT = 10_000;

/** Names of any length and alphabet as a part of a row's key: 24 hex digits of their SHA-256. */
export function keyPart(name: string): string {
  let part = keyParts.get(name);
  if (part !== undefined) return part;
  part = createHash('sha256').update(name).digest('hex').slice(0, 24);
  // The same few names come again and again.
  if (keyParts.size >= KEY_PARTS_KEPT) keyParts.clear();
  keyParts.set(name, part);
  return part;
}
