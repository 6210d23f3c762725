/** What time and results decide: when a target is due, and what follows from the outcome of its collection. */
import { escapeKey } from '../../protocol/address.ts';
import { now, schedule, tell } from '../../runtime/effects.ts';
import { nodeContract } from '../node/contract.ts';
import type { OrchestratorSettings } from '../settings.ts';
import { attempted } from './node-standing.ts';
import { intervalOf, place, release } from './placing.ts';
import {
  deadlines,
  held,
  heldPrefix,
  idOf,
  nodes,
  targets,
  type TargetRow,
  timedKey,
  timeOf,
  upcoming,
} from './tables.ts';

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
  const { outcome, items, quality, durationMs } = result;
  const row = targets.get(result.target);
  if (row?.assignment?.id !== result.assignment) {
    draft.totals = { ...draft.totals, late: draft.totals.late + 1 };
    return;
  }
  draft.totals = { ...draft.totals, [outcome]: draft.totals[outcome] + 1, items: draft.totals.items + items };
  if (outcome !== 'declined') {
    const code = outcome === 'collected' ? 1 : outcome === 'failed' ? 0 : 2;
    attempted(row.assignment.node, [code, items, quality, durationMs], settings);
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

/** A node is gone: what it held is due for others, and nobody's failure. A tick goes on with what is left. */
export function releaseAll(node: string, settings: OrchestratorSettings): void {
  const keys = [...held.range({ prefix: heldPrefix(node), limit: perTurn })].map(([key]) => key);
  for (const key of keys) {
    const row = targets.get(idOf(key));
    if (row !== undefined) place({ ...release(row, settings), status: 'due' }, row);
  }
}

const goneHolders = (): string[] =>
  [...nodes.range()].flatMap(([, { name, reported, assigned }]) =>
    reported === 'offline' && assigned > 0 ? [name] : [],
  );

/** Everything that time alone decides: assignments time out, targets become due. */
export function elapse(draft: Draft, settings: OrchestratorSettings): void {
  for (const node of goneHolders()) releaseAll(node, settings);
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

/** One timer for all: it fires at the next deadline or due time. */
export function scheduleTick(draft: Draft, settings: OrchestratorSettings): void {
  const soon = goneHolders().length > 0 ? now() : undefined;
  const times = [soon, first(upcoming), first(deadlines), nextReview(settings)].filter(
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
