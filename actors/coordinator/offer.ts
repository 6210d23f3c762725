/** Deduplication: what each offered item is to the collection, and what follows from it. */
import { type Address, escapeKey } from '../../protocol/address.ts';
import { emit, now, self, tell } from '../../runtime/effects.ts';
import type { Artifact, Outcome } from '../artifact.ts';
import { reputationContract } from '../reputation/contract.ts';
import type { CoordinatorSettings } from '../settings.ts';
import { coordinatorContract } from './contract.ts';
import { findNearDuplicate } from './near-duplicates.ts';
import { baseOf, priorityAt, rankOf } from './rank-key.ts';
import { refreshHeads } from './ranking.ts';
import { artifacts, type ArtifactRow, domains, keyPart, MAX_REPORTERS, nodes, provenance } from './tables.ts';

export interface OfferedItem {
  readonly index: number;
  readonly artifact: Artifact;
}
export interface Decision {
  readonly index: number;
  readonly id: string;
  readonly outcome: Outcome;
}

/** What a batch did, for the collection's totals. */
export interface OfferTotals {
  readonly decisions: readonly Decision[];
  readonly newNodes: number;
  readonly newDomains: number;
  /** Accepted items that nearly say what an earlier one does. */
  readonly nearDuplicates: number;
}

/** Why a near duplicate is not fed: what it says was, or will be. */
export const NEAR_DUPLICATE = 'near-duplicate';

/** Outcomes that a batch shows about a node, told to its reputation in one message for each who says so. */
interface Observed {
  accepted: number;
  /** By the node that corroborated: how many items. */
  readonly corroborated: Map<string, number>;
}

/** Decides items in order; later ones see what earlier ones did. */
export function decideOffer(
  batch: string,
  items: readonly OfferedItem[],
  settings: CoordinatorSettings,
): OfferTotals {
  const decisions: Decision[] = [];
  const observed = new Map<string, Observed>();
  const touched = new Set<string>();
  const totals = { newNodes: 0, newDomains: 0, nearDuplicates: 0 };
  for (const { index, artifact } of items) {
    if (enterNode(artifact.node, settings)) totals.newNodes++;
    const known = artifacts.get(artifact.id);
    let outcome: Outcome = 'accepted';
    if (known !== undefined) outcome = meetAgain(known, artifact, settings);
    else {
      if (accept(artifact, settings).nearDuplicateOf !== null) totals.nearDuplicates++;
      if (countInDomain(artifact.domain)) totals.newDomains++;
    }
    const first = known?.artifact.node ?? artifact.node;
    if (outcome !== 'duplicate') touched.add(first);
    observe(observed, first, artifact.node, outcome);
    decisions.push({ index, id: artifact.id, outcome });
  }
  for (const node of touched) refreshHeads(node);
  for (const [node, seen] of observed) tellReputation(node, seen, batch, settings);
  return { decisions, ...totals };
}

function accept(artifact: Artifact, settings: CoordinatorSettings): ArtifactRow {
  const base = baseOf(artifact, settings);
  const nearDuplicateOf = findNearDuplicate(artifact, settings.nearDuplicateSimilarity);
  const row: ArtifactRow = {
    artifact,
    acceptedAtMs: now(),
    version: 1,
    claimed: artifact.confidence,
    doubt: 1,
    reporters: [artifact.node],
    sources: 1,
    nearDuplicateOf,
    feeding: nearDuplicateOf === null ? 'waiting' : 'refused',
    refusal: nearDuplicateOf === null ? null : NEAR_DUPLICATE,
    rank: rankOf(base, now(), settings),
  };
  artifacts.put(artifact.id, row);
  const key = keyPart(artifact.node);
  const node = nodes.get(key);
  if (node !== undefined) nodes.put(key, { ...node, artifacts: node.artifacts + 1 });
  announce(row, settings);
  return row;
}

/**
 * The same content again. Only a node that never reported it corroborates; a higher claim counts only from
 * the node that reported it first, because a claim about somebody else's item is no new version of it.
 */
function meetAgain(known: ArtifactRow, offered: Artifact, settings: CoordinatorSettings): Outcome {
  const reported = hasReported(known, offered);
  const isNewSource = addSource(known, offered);
  const sources = known.sources + (isNewSource ? 1 : 0);
  if (offered.node === known.artifact.node && offered.confidence > known.claimed) {
    const next = withConfidence(
      { ...known, sources, version: known.version + 1, claimed: offered.confidence },
      settings,
    );
    artifacts.put(known.artifact.id, next);
    announce(next, settings);
    return 'version';
  }
  if (!reported) {
    const reputation = nodes.get(keyPart(offered.node))?.reputation ?? settings.neutralReputation;
    const reporters =
      known.reporters.length < MAX_REPORTERS ? [...known.reporters, offered.node] : known.reporters;
    const doubt = known.doubt * (1 - reputation);
    artifacts.put(known.artifact.id, withConfidence({ ...known, sources, reporters, doubt }, settings));
    return 'corroborated';
  }
  if (isNewSource) artifacts.put(known.artifact.id, { ...known, sources });
  return 'duplicate';
}

/** Noisy-or: the artifact is wrong only if its claim and all who corroborate it are; certainty is never reached. */
function withConfidence(row: ArtifactRow, settings: CoordinatorSettings): ArtifactRow {
  const confirmed = Math.min(settings.confidenceMax, 1 - (1 - row.claimed) * row.doubt);
  const artifact = { ...row.artifact, confidence: Math.max(row.claimed, confirmed) };
  return { ...row, artifact, rank: rankOf(baseOf(artifact, settings), row.acceptedAtMs, settings) };
}

function hasReported(known: ArtifactRow, { id, node }: Artifact): boolean {
  if (known.artifact.node === node) return true;
  for (const _ of provenance.range({ prefix: `${id}|${keyPart(node)}|`, limit: 1 })) return true;
  return false;
}

function addSource(known: ArtifactRow, { id, node, source }: Artifact): boolean {
  if (known.artifact.node === node && known.artifact.source === source) return false;
  const key = `${id}|${keyPart(node)}|${keyPart(source)}`;
  if (provenance.has(key)) return false;
  provenance.put(key, { node, source, atMs: now() });
  return true;
}

/** Whether the node is new to this collection. */
function enterNode(node: string, settings: CoordinatorSettings): boolean {
  const key = keyPart(node);
  if (nodes.has(key)) return false;
  const reputation = settings.neutralReputation;
  nodes.put(key, { node, reputation, artifacts: 0, headOfAll: null, headOfCandidates: null });
  return true;
}

/** Whether the domain is new to this collection. */
function countInDomain(domain: string): boolean {
  const key = keyPart(domain);
  const row = domains.get(key);
  domains.put(key, { domain, artifacts: (row?.artifacts ?? 0) + 1 });
  return row === undefined;
}

function announce(row: ArtifactRow, settings: CoordinatorSettings): void {
  const { artifact, version } = row;
  const reputation = nodes.get(keyPart(artifact.node))?.reputation ?? settings.neutralReputation;
  emit(coordinatorContract, 'artifact-accepted', {
    id: artifact.id,
    node: artifact.node,
    domain: artifact.domain,
    source: artifact.source,
    priority: priorityAt(baseOf(artifact, settings), reputation, now() - row.acceptedAtMs, settings),
    version,
    ...(row.nearDuplicateOf === null ? {} : { nearDuplicateOf: row.nearDuplicateOf.id }),
  });
}

/**
 * An accepted item is a good outcome of its node; corroboration is a vote for the node that reported the item first.
 * Who repeats what others reported earns nothing by it: copying would be the cheapest way to rise.
 */
function observe(observed: Map<string, Observed>, first: string, reporter: string, outcome: Outcome): void {
  if (outcome !== 'accepted' && outcome !== 'corroborated') return;
  const seen = observed.get(first) ?? { accepted: 0, corroborated: new Map<string, number>() };
  if (outcome === 'accepted') seen.accepted++;
  else seen.corroborated.set(reporter, (seen.corroborated.get(reporter) ?? 0) + 1);
  observed.set(first, seen);
}

function tellReputation(node: string, seen: Observed, batch: string, settings: CoordinatorSettings): void {
  const notify: Address = self();
  const reputation = reputationContract.at(escapeKey(node));
  const outcome = { type: 'outcome.observed', node, bad: 0, notify } as const;
  if (seen.accepted > 0) {
    const evidence = `${seen.accepted} accepted in ${batch}`;
    tell(reputation, { ...outcome, source: 'acceptance', good: seen.accepted, origin: notify, evidence });
  }
  for (const [origin, good] of seen.corroborated) {
    const weight = nodes.get(keyPart(origin))?.reputation ?? settings.neutralReputation;
    const evidence = `${good} corroborated by ${origin} in ${batch}`;
    tell(reputation, { ...outcome, source: 'corroboration', good, origin, evidence, weight });
  }
}
