/** What the feeder may choose from, and what it decided. */
import type { Candidate } from '../phoenix/contract.ts';
import { refreshHeads, walkCandidates, withdraw } from './ranking.ts';
import { artifacts } from './tables.ts';

/** Bytes of artifacts in one answer, well below the limit of a message. */
const ANSWER_BYTES = 180_000;
/** Candidates looked at for one answer when single domains crowd the top. */
const SCAN_MAX = 2_000;

interface Wanted {
  readonly limit: number;
  readonly perDomain?: number | undefined;
  readonly perNode?: number | undefined;
  readonly perContentType?: number | undefined;
}

/**
 * The best candidates first, at most so many of each domain, node and content type; what room is left goes
 * to the best of the others.
 */
export function findCandidates(wanted: Wanted): Candidate[] {
  const taken = new Map<string, number>();
  const fits = (name: string, max = wanted.limit): boolean => {
    const count = taken.get(name) ?? 0;
    taken.set(name, count + 1);
    return count < max;
  };
  const chosen: string[] = [];
  const crowded: string[] = [];
  let scanned = 0;
  for (const { id, domain, node, contentType } of walkCandidates()) {
    if (chosen.length >= wanted.limit || ++scanned > SCAN_MAX) break;
    const room =
      fits(`domain ${domain}`, wanted.perDomain) &&
      fits(`node ${node}`, wanted.perNode) &&
      fits(`type ${contentType}`, wanted.perContentType);
    if (room) chosen.push(id);
    else if (crowded.length < wanted.limit) crowded.push(id);
  }
  const found: Candidate[] = [];
  let bytes = 0;
  for (const id of [...chosen, ...crowded].slice(0, wanted.limit)) {
    const row = artifacts.get(id);
    if (row === undefined) continue;
    const candidate = { ...row.artifact, reporters: [...row.reporters] };
    bytes += Buffer.byteLength(JSON.stringify(candidate));
    if (bytes > ANSWER_BYTES && found.length > 0) break;
    found.push(candidate);
  }
  return found;
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
    withdraw(id, row);
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
