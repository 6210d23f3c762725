/** Targets: when each is due, who collects it, and what follows from the outcome. */
import { escapeKey } from '../../protocol/address.ts';
import { now, schedule, tell } from '../../runtime/effects.ts';
import { nodeContract } from '../node/contract.ts';
import type { OrchestratorSettings } from '../settings.ts';
import type { Target } from './contract.ts';
import { attempted, hold } from './node-standing.ts';
import {
  deadlines,
  due,
  dueKey,
  duePrefix,
  held,
  heldPrefix,
  idOf,
  nodes,
  type NodeRow,
  targets,
  type TargetRow,
  timedKey,
  timeOf,
  upcoming,
} from './tables.ts';
import { targetId } from './target-id.ts';

export interface OrchestratorContext {
  /** Assignments made since the beginning; each gets the next number. */
  readonly assignments: number;
  /** When the timer fires; null while none is set. */
  readonly tickAtMs: number | null;
  readonly totals: {
    readonly collected: number;
    readonly empty: number;
    readonly failed: number;
    readonly timedOut: number;
    readonly declined: number;
    /** Results of assignments that had ended before. */
    readonly late: number;
    readonly quarantined: number;
    readonly items: number;
  };
}
export type Draft = { -readonly [K in keyof OrchestratorContext]: OrchestratorContext[K] };

/** Targets that one turn takes back or lets become due at most: bounds the rows it touches. */
const perTurn = 64;
/** Due targets per type that one turn looks at, the highest priority first. */
const dueLookedAt = 256;
/** Counts for a node that nothing was measured of: neither trusted nor mistrusted. */
const unmeasuredUsefulness = 0.5;

/** Adds or updates a target; adding a quarantined one again lifts the quarantine. Returns its id. */
export function addTarget(target: Target): string {
  const id = targetId(target);
  const before = targets.get(id);
  if (before === undefined) place({ ...newRow(id, target), status: 'due' });
  else if (before.status === 'quarantined')
    place({ ...before, target, status: 'due', dueAtMs: now(), failures: 0 });
  else place({ ...before, target }, before);
  return id;
}

/** The user asks for a target in one run: due now, and free of quotas. The same run asks once. */
export function collectTarget(target: Target, run: string): string {
  const id = targetId(target);
  const before = targets.get(id);
  if (before?.run === run) return id;
  const row: TargetRow = { ...(before ?? newRow(id, target)), target, run, exempt: true, failures: 0 };
  if (before?.status === 'assigned') place({ ...row, again: true }, before);
  else place({ ...row, status: 'due', dueAtMs: now() }, before);
  return id;
}

function newRow(id: string, target: Target): TargetRow {
  return {
    id,
    target,
    status: 'due',
    addedAtMs: now(),
    dueAtMs: now(),
    exempt: false,
    run: null,
    again: false,
    failures: 0,
    lastNode: null,
    lastOutcome: null,
    lastReason: null,
    lastResultAtMs: null,
    lastRun: null,
    assignment: null,
    collections: { collected: 0, empty: 0, failed: 0 },
  };
}

export function removeTarget(id: string, settings: OrchestratorSettings): boolean {
  const row = targets.get(id);
  if (row === undefined) return false;
  unplace(row);
  targets.delete(id);
  if (row.assignment !== null) hold(row.assignment.node, -1, settings);
  return true;
}

export interface CollectResult {
  readonly node: string;
  readonly target: string;
  readonly assignment: string;
  readonly outcome: 'collected' | 'empty' | 'failed' | 'declined';
  readonly items: number;
  readonly durationMs: number;
  readonly quality: number;
  readonly reason?: string | undefined;
}

/** A collection ended. One that is not the target's assignment any more (it timed out, say) was judged before. */
export function collected(draft: Draft, result: CollectResult, settings: OrchestratorSettings): void {
  const { outcome, items, quality, durationMs, node } = result;
  const row = targets.get(result.target);
  if (row?.assignment?.id !== result.assignment) {
    draft.totals = { ...draft.totals, late: draft.totals.late + 1 };
    return;
  }
  draft.totals = { ...draft.totals, [outcome]: draft.totals[outcome] + 1, items: draft.totals.items + items };
  if (outcome !== 'declined') {
    const code = outcome === 'collected' ? 1 : outcome === 'failed' ? 0 : 2;
    attempted(node, [code, items, quality, durationMs], settings);
  }
  const ended = release(row, settings);
  if (outcome === 'declined') {
    // The node's affair: the target is due as it was, for whoever works.
    place({ ...ended, status: 'due' }, row);
    return;
  }
  const next = withOutcome(ended, outcome, result.reason ?? null);
  if (outcome === 'failed') afterFailure(draft, row, next, settings);
  else if (row.again) place({ ...next, again: false, status: 'due', dueAtMs: now() }, row);
  else place({ ...next, status: 'waiting', dueAtMs: now() + intervalOf(next, settings) }, row);
}

function withOutcome(
  row: TargetRow,
  outcome: 'collected' | 'empty' | 'failed',
  reason: string | null,
): TargetRow {
  return {
    ...row,
    lastOutcome: outcome,
    lastReason: reason,
    lastResultAtMs: now(),
    lastRun: row.again ? row.lastRun : row.run,
    failures: outcome === 'collected' ? 0 : row.failures,
    collections: { ...row.collections, [outcome]: row.collections[outcome] + 1 },
  };
}

function afterFailure(draft: Draft, before: TargetRow, row: TargetRow, settings: OrchestratorSettings): void {
  const failures = row.failures + 1;
  if (failures >= settings.quarantineAfterFailures) {
    draft.totals = { ...draft.totals, quarantined: draft.totals.quarantined + 1 };
    place({ ...row, failures, again: false, status: 'quarantined' }, before);
  } else if (row.again) {
    place({ ...row, failures, again: false, status: 'due', dueAtMs: now() }, before);
  } else {
    place({ ...row, failures, status: 'waiting', dueAtMs: now() + settings.retryMs }, before);
  }
}

/** A long collection goes on: its time-out begins anew. */
export function progressed(
  progress: { target: string; assignment: string },
  settings: OrchestratorSettings,
): void {
  const row = targets.get(progress.target);
  if (row?.assignment?.id !== progress.assignment) return;
  const deadlineMs = now() + settings.assignmentTimeoutMs;
  place({ ...row, assignment: { ...row.assignment, deadlineMs } }, row);
}

/**
 * A target's watcher has seen a change: the target is due, or due again as soon as its collection ends. One that
 * failed keeps its retry time. A node that does not collect the target any more is told to stop watching it.
 */
export function targetChanged({ node, target: id }: { node: string; target: string }): void {
  const row = targets.get(id);
  if (row === undefined || row.lastNode !== node)
    tell(nodeContract.at(escapeKey(node)), { type: 'watch.ended', target: id });
  else if (row.status === 'assigned') place({ ...row, again: true }, row);
  else if (row.status === 'waiting' && row.lastOutcome !== 'failed')
    place({ ...row, status: 'due', dueAtMs: now() }, row);
}

/** A node is gone: what it held is due for others, and nobody's failure. */
export function releaseAll(node: string, settings: OrchestratorSettings): void {
  for (const key of [...held.range({ prefix: heldPrefix(node), limit: perTurn })].map(
    ([heldKey]) => heldKey,
  )) {
    const row = targets.get(idOf(key));
    if (row !== undefined) place({ ...release(row, settings), status: 'due' }, row);
  }
}

/** Everything that time alone decides: assignments time out, targets become due. */
export function elapse(draft: Draft, settings: OrchestratorSettings): void {
  for (const id of passed(deadlines)) {
    const row = targets.get(id);
    const assignment = row?.assignment ?? null;
    if (row === undefined || assignment === null) continue;
    const { node, atMs } = assignment;
    draft.totals = { ...draft.totals, timedOut: draft.totals.timedOut + 1 };
    attempted(node, [0, 0, 0, now() - atMs], settings);
    afterFailure(
      draft,
      row,
      withOutcome(release(row, settings), 'failed', 'the assignment timed out'),
      settings,
    );
  }
  for (const id of passed(upcoming)) {
    const row = targets.get(id);
    if (row !== undefined) place({ ...row, status: 'due' }, row);
  }
}

/** Targets whose time in this index has come, read before anything is changed. */
function passed(table: typeof upcoming): string[] {
  const until = { lt: timedKey(now() + 1, ''), limit: perTurn };
  return [...table.range(until)].map(([key]) => idOf(key));
}

/** Gives due targets to nodes, the highest priority first. */
export function assignDue(draft: Draft, settings: OrchestratorSettings): void {
  const free = [...nodes.range()].map(([, row]) => row).filter(takesWork);
  const types = new Set(free.flatMap(({ capabilities }) => capabilities));
  const candidates = [...types]
    .flatMap((type) => [...due.range({ prefix: duePrefix(type), limit: dueLookedAt })])
    // Without the type, keys are ordered by priority and then by time.
    .map(([key]) => ({ rank: key.slice(key.indexOf('|') + 1), id: idOf(key) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  let made = 0;
  for (const { id } of candidates) {
    if (made === settings.assignmentsPerTurn || free.length === 0) break;
    const row = targets.get(id);
    const node = row === undefined ? undefined : choose(row, free, settings);
    if (row === undefined || node === undefined) continue;
    assign(draft, row, node.name, settings);
    made++;
    const at = free.indexOf(node);
    const after = nodes.get(escapeKey(node.name));
    if (after !== undefined && takesWork(after)) free[at] = after;
    else free.splice(at, 1);
  }
}

const takesWork = (row: NodeRow): boolean => row.status === 'active' || row.status === 'degraded';

/**
 * A target stays with the node that knows it until it has failed too often there; else the most useful node
 * that has the most room gets it. Degraded nodes come last. `metadata.node` binds a target to one node.
 */
function choose(
  row: TargetRow,
  free: readonly NodeRow[],
  settings: OrchestratorSettings,
): NodeRow | undefined {
  const { type, metadata } = row.target;
  const bound = metadata['node'];
  const able = free.filter(
    ({ name, capabilities }) => capabilities.includes(type) && (typeof bound !== 'string' || bound === name),
  );
  const last = able.find(({ name }) => name === row.lastNode);
  const unlucky = row.failures >= settings.reassignAfterFailures;
  if (last !== undefined && !unlucky) return last;
  const others = unlucky ? able.filter((node) => node !== last) : able;
  return best(others) ?? last;
}

function best(able: readonly NodeRow[]): NodeRow | undefined {
  const score = ({ status, measures, capacity, assigned }: NodeRow): number => {
    const room = (capacity - assigned) / capacity;
    return (measures.usefulness ?? unmeasuredUsefulness) * room - (status === 'degraded' ? 1 : 0);
  };
  return able.toSorted((a, b) => score(b) - score(a) || (a.name < b.name ? -1 : 1))[0];
}

function assign(draft: Draft, row: TargetRow, node: string, settings: OrchestratorSettings): void {
  const id = `${row.id.slice(0, 16)}.${++draft.assignments}`;
  const assignment = { id, node, atMs: now(), deadlineMs: now() + settings.assignmentTimeoutMs };
  place({ ...row, status: 'assigned', lastNode: node, assignment }, row);
  hold(node, 1, settings);
  const run = row.run === null ? {} : { run: row.run };
  const { target, exempt } = row;
  tell(nodeContract.at(escapeKey(node)), {
    type: 'target.assigned',
    id: row.id,
    assignment: id,
    target,
    exempt,
    ...run,
  });
}

/** Takes the target from its node. */
function release(row: TargetRow, settings: OrchestratorSettings): TargetRow {
  if (row.assignment === null) return row;
  hold(row.assignment.node, -1, settings);
  unplace(row);
  return { ...row, assignment: null };
}

const intervalOf = ({ target }: TargetRow, settings: OrchestratorSettings): number =>
  target.intervalMs ??
  (target.interval === undefined ? settings.intervalMs : Math.round(target.interval * 1_000));

/** Stores the row and the one index entry that its status needs, instead of those it had `before`. */
function place(row: TargetRow, before?: TargetRow): void {
  if (before !== undefined) unplace(before);
  targets.put(row.id, row);
  if (row.status === 'waiting') upcoming.put(timedKey(row.dueAtMs, row.id), true);
  if (row.status === 'due') due.put(dueKey(row), true);
  if (row.assignment === null) return;
  deadlines.put(timedKey(row.assignment.deadlineMs, row.id), true);
  held.put(heldPrefix(row.assignment.node) + row.id, true);
}

function unplace(row: TargetRow): void {
  upcoming.delete(timedKey(row.dueAtMs, row.id));
  due.delete(dueKey(row));
  if (row.assignment === null) return;
  deadlines.delete(timedKey(row.assignment.deadlineMs, row.id));
  held.delete(heldPrefix(row.assignment.node) + row.id);
}

/** One timer for all: it fires at the next deadline or due time. */
export function scheduleTick(draft: Draft, settings: OrchestratorSettings): void {
  const times = [first(upcoming), first(deadlines), nextReview(settings)].filter(
    (time) => time !== undefined,
  );
  if (times.length === 0) return;
  const atMs = Math.max(Math.min(...times), now() + 1);
  if (draft.tickAtMs !== null && draft.tickAtMs <= atMs && draft.tickAtMs > now()) return;
  draft.tickAtMs = atMs;
  schedule('tick', atMs - now(), { type: 'orchestrator.tick' });
}

function first(table: typeof upcoming): number | undefined {
  for (const [key] of table.range({ limit: 1 })) return timeOf(key);
  return undefined;
}

/** When the next failing node will have failed for too long. */
function nextReview({ degradedAfterMs }: OrchestratorSettings): number | undefined {
  const times: number[] = [];
  for (const [, { status, failingSinceMs }] of nodes.range()) {
    if (status === 'active' && failingSinceMs !== null) times.push(failingSinceMs + degradedAfterMs);
  }
  return times.length === 0 ? undefined : Math.min(...times);
}
