/** What the feeder may choose from, and what it decided. */
import type { Candidate } from '../phoenix/contract.ts';
import { bestOfEachDomain, refreshHeads, walkCandidates } from './ranking.ts';
import { artifacts } from './tables.ts';

/** Bytes of artifacts in one answer, well below the limit of a message. */
const ANSWER_BYTES = 180_000;
/** Candidates looked at in the order of priority for one answer. */
const SCAN_MAX = 1_000;
/** Domains looked at when single ones crowd the top. */
const DOMAINS_MAX = 500;

interface Wanted {
  readonly limit: number;
  readonly perDomain?: number | undefined;
  readonly perNode?: number | undefined;
  readonly perContentType?: number | undefined;
}

/**
 * The best candidates first, at most so many of each domain, node and content type; what room is left goes
 * to the best of the others, those of crowded domains last.
 */
export function findCandidates(wanted: Wanted): Candidate[] {
  const found: { candidate: Candidate; position: number }[] = [];
  let bytes = 0;
  for (const { id, position } of choose(wanted)) {
    const row = artifacts.get(id);
    if (row === undefined) continue;
    // Scenarios are made from the text and the measures: what may be long besides stays behind.
    const { reporters, claimed } = row;
    const candidate = { ...row.artifact, metadata: {}, signature: '', reporters: [...reporters], claimed };
    bytes += Buffer.byteLength(JSON.stringify(candidate));
    if (bytes > ANSWER_BYTES && found.length > 0) break;
    found.push({ candidate, position });
  }
  return found.sort((a, b) => a.position - b.position).map(({ candidate }) => candidate);
}

/** Ids in the order in which they get room, with their position in the order of priority. */
function choose(wanted: Wanted): { id: string; position: number }[] {
  const taken = new Map<string, number>();
  const count = (name: string): number => {
    const before = taken.get(name) ?? 0;
    taken.set(name, before + 1);
    return before;
  };
  const { limit, perDomain = limit, perNode = limit, perContentType = limit } = wanted;
  const chosen: { id: string; position: number }[] = [];
  const crowded: { id: string; position: number }[] = [];
  const flooded: { id: string; position: number }[] = [];
  const seen = new Set<string>();
  for (const { id, domain, node, contentType } of walkCandidates()) {
    if (chosen.length >= limit || seen.size >= SCAN_MAX) break;
    const entry = { id, position: seen.size };
    seen.add(id);
    const [ofDomain, ofNode, ofType] = [
      count(`domain ${domain}`),
      count(`node ${node}`),
      count(`type ${contentType}`),
    ];
    if (ofDomain >= perDomain) flooded.push(entry);
    else if (ofNode >= perNode || ofType >= perContentType) crowded.push(entry);
    else chosen.push(entry);
  }
  if (chosen.length + crowded.length < limit && seen.size >= SCAN_MAX) {
    for (const id of bestOfEachDomain(perDomain, DOMAINS_MAX)) {
      if (chosen.length + crowded.length >= limit) break;
      if (!seen.has(id)) crowded.push({ id, position: SCAN_MAX + crowded.length });
    }
  }
  return [...chosen, ...crowded, ...flooded].slice(0, limit);
}

/** Marks what became a scenario and what never will; returns how many of each were still waiting. */
export function settleCandidates(decided: {
  fed: readonly string[];
  refused: readonly { id: string; reason: string }[];
}): { fed: number; refused: Map<string, number> } {
  const touched = new Set<string>();
  const refused = new Map<string, number>();
  let fed = 0;
  const settle = (id: string, feeding: 'fed' | 'refused', refusal: string | null): boolean => {
    const row = artifacts.get(id);
    if (row === undefined || row.feeding !== 'waiting') return false;
    artifacts.put(id, { ...row, feeding, refusal });
    touched.add(row.artifact.node);
    return true;
  };
  for (const id of decided.fed) if (settle(id, 'fed', null)) fed++;
  for (const { id, reason } of decided.refused) {
    if (settle(id, 'refused', reason)) refused.set(reason, (refused.get(reason) ?? 0) + 1);
  }
  for (const node of touched) refreshHeads(node);
  return { fed, refused };
}
