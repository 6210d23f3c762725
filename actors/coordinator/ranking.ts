/**
 * The order of a collection, kept as one run per node: a node's artifacts among themselves never change
 * places, and its reputation shifts the whole run. The runs are merged when somebody reads, and `heads`
 * says which run comes next. So a reputation that moves costs a few rows, however many artifacts the node
 * has, and nothing is ever recalculated because time passes.
 */
import type { Index } from '../../runtime/table-index.ts';
import { descendingKey, offsetOf, rankOfKey } from './rank-key.ts';
import {
  artifacts,
  type CandidateRow,
  candidates,
  domainCandidates,
  domainRanks,
  heads,
  keyPart,
  levelOf,
  nodes,
  ranks,
  threatRanks,
} from './tables.ts';

/** The orders that have heads: all artifacts, and those that may still be fed. */
export type Order = 'all' | 'candidates';
const runsOf: Readonly<Record<Order, Index<unknown>>> = {
  all: ranks,
  candidates: candidates,
};

/** Brings a node's place among the others up to date, after its artifacts or its reputation changed. */
export function refreshHeads(node: string): void {
  const key = keyPart(node);
  const row = nodes.get(key);
  if (row === undefined) return;
  const headOfAll = headOf('all', key, row.reputation);
  const headOfCandidates = headOf('candidates', key, row.reputation);
  for (const [before, after] of [
    [row.headOfAll, headOfAll],
    [row.headOfCandidates, headOfCandidates],
  ] as const) {
    if (before === after) continue;
    if (before !== null) heads.delete(before);
    if (after !== null) heads.put(after, true);
  }
  nodes.put(key, { ...row, headOfAll, headOfCandidates });
}

function headOf(order: Order, node: string, reputation: number): string | null {
  for (const [entry] of runsOf[order].range({ prefix: `${node}|`, limit: 1 })) {
    return `${order}|${descendingKey(rankOfEntry(entry) + offsetOf(reputation))}|${node}`;
  }
  return null;
}

/** Ids of artifacts, best first; a generator, so a reader stops when it has enough. */
export function* walk(order: Order): Generator<string> {
  for (const { id } of walkRuns(order)) yield id;
}

/** What may still be fed, best first; `node` is a key of the `nodes` table. */
export function* walkCandidates(): Generator<CandidateRow & { id: string; node: string }> {
  for (const { id, node, row } of walkRuns('candidates')) yield { id, node, ...(row as CandidateRow) };
}

function walkRuns(order: Order): Generator<Entry> {
  return merge(bestNodesFirst(order), (node) => runsOf[order].range({ prefix: `${node}|` }));
}

/** Ids of one node's artifacts, best first. */
export function* walkNode(node: string): Generator<string> {
  for (const [entry] of ranks.range({ prefix: `${keyPart(node)}|` })) yield idOfEntry(entry);
}

/** Ids of one domain's artifacts, best first. */
export function* walkDomain(domain: string): Generator<string> {
  yield* walkGroup(domainRanks, `${keyPart(domain)}|`);
}

/** Ids of artifacts whose threat is at least `min`: the greatest threat (in whole steps) first, then priority. */
export function* walkThreat(min: number): Generator<string> {
  for (let level = 10; level >= Math.floor(min); level--) {
    for (const id of walkGroup(threatRanks, `${levelOf(level)}|`)) {
      if ((artifacts.get(id)?.artifact.threat ?? 0) >= min) yield id;
    }
  }
}

/**
 * The best `perDomain` candidates of each domain, for at most `domains` of them: what a crowd of better ones
 * hides. The domains come in no particular order.
 */
export function* bestOfEachDomain(perDomain: number, domains: number): Generator<string> {
  let left = domains;
  for (const domain of groupsIn(domainCandidates, '')) {
    if (left-- <= 0) return;
    let taken = 0;
    for (const id of walkGroup(domainCandidates, `${domain}|`)) {
      yield id;
      if (++taken >= perDomain) break;
    }
  }
}

/** A group has no heads: its nodes are found by skipping from run to run, then merged. */
function* walkGroup(table: Index<true>, prefix: string): Generator<string> {
  function* open(): Generator<{ node: string; bound: number }> {
    for (const node of groupsIn(table, prefix)) yield { node, bound: Number.POSITIVE_INFINITY };
  }
  const runOf = (node: string) => stripped(table.range({ prefix: `${prefix}${node}|` }), prefix.length);
  for (const { id } of merge(open(), runOf)) yield id;
}

/** The distinct parts that follow `prefix` in a table's keys, each found with one look. */
function* groupsIn(table: Index<true>, prefix: string): Generator<string> {
  for (let after = prefix; ;) {
    const [first] = [...table.range({ prefix, gt: after, limit: 1 })];
    if (first === undefined) return;
    const group = first[0].slice(prefix.length, first[0].indexOf('|', prefix.length));
    yield group;
    after = `${prefix}${group}|~`;
  }
}

function* stripped(
  rows: Iterable<readonly [string, unknown]>,
  characters: number,
): Generator<readonly [string, unknown]> {
  for (const [key, row] of rows) yield [key.slice(characters), row];
}

function* bestNodesFirst(order: Order): Generator<{ node: string; bound: number }> {
  for (const [key] of heads.range({ prefix: `${order}|` })) {
    const [, rank = '', node = ''] = key.split('|');
    yield { node, bound: rankOfKey(rank) };
  }
}

interface Entry {
  readonly id: string;
  readonly node: string;
  readonly row: unknown;
}

interface Run {
  readonly rows: Iterator<readonly [string, unknown]>;
  readonly node: string;
  readonly offset: number;
  rank: number;
  id: string;
  row: unknown;
}

/**
 * Merges the nodes' runs. `sources` names them with an upper bound of what each holds, best first, so a run
 * is opened only when it may hold the next artifact: the best K touch at most K runs. Equal ranks are
 * ordered by id.
 */
function* merge(
  sources: Iterable<{ node: string; bound: number }>,
  open: (node: string) => Iterable<readonly [string, unknown]>,
): Generator<Entry> {
  const waiting = sources[Symbol.iterator]();
  const runs: Run[] = [];
  try {
    let next = waiting.next();
    for (;;) {
      let best = bestOf(runs);
      while (next.done !== true && (best === undefined || next.value.bound >= best.rank)) {
        const { node } = next.value;
        const offset = offsetOf(nodes.get(node)?.reputation ?? 1);
        const run = { rows: open(node)[Symbol.iterator](), node, offset, rank: 0, id: '', row: null };
        runs.push(run);
        if (!advance(run)) runs.pop();
        best = bestOf(runs);
        next = waiting.next();
      }
      if (best === undefined) return;
      yield { id: best.id, node: best.node, row: best.row };
      if (!advance(best)) runs.splice(runs.indexOf(best), 1);
    }
  } finally {
    waiting.return?.();
    for (const run of runs) run.rows.return?.();
  }
}

function advance(run: Run): boolean {
  const next = run.rows.next();
  if (next.done === true) return false;
  run.rank = rankOfEntry(next.value[0]) + run.offset;
  run.id = idOfEntry(next.value[0]);
  run.row = next.value[1];
  return true;
}

function bestOf(runs: readonly Run[]): Run | undefined {
  let best: Run | undefined;
  for (const run of runs) {
    if (best === undefined || run.rank > best.rank || (run.rank === best.rank && run.id < best.id))
      best = run;
  }
  return best;
}

/** An entry is `<node>|<rank>|<artifact>`. */
const rankOfEntry = (entry: string): number =>
  rankOfKey(entry.slice(entry.indexOf('|') + 1, entry.lastIndexOf('|')));
const idOfEntry = (entry: string): string => entry.slice(entry.lastIndexOf('|') + 1);
