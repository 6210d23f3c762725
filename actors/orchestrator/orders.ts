/** What users order: targets that are added, collected at once, paused, resumed and removed. */
import { escapeKey } from '../../protocol/address.ts';
import { now, tell } from '../../runtime/effects.ts';
import { nodeContract } from '../node/contract.ts';
import type { OrchestratorSettings } from '../settings.ts';
import type { Target } from './contract.ts';
import { intervalOf, newRow, place, release, unplace } from './placing.ts';
import { targets, type TargetRow } from './tables.ts';
import { targetId } from './target-id.ts';

/**
 * Adds or updates a target; adding a quarantined one again lifts the quarantine, a paused one stays paused.
 * Returns its id.
 */
export function addTarget(target: Target, settings: OrchestratorSettings): string {
  const id = targetId(target);
  const before = targets.get(id);
  if (before === undefined) place(newRow(id, target));
  else if (before.status === 'quarantined') place(dueNow({ ...before, target }), before);
  else place(withInterval({ ...before, target }, settings), before);
  return id;
}

/** What waits after a success follows a new interval at once; what failed keeps its time. */
function withInterval(row: TargetRow, settings: OrchestratorSettings): TargetRow {
  if (row.status !== 'waiting' || row.lastResultAtMs === null || row.lastOutcome === 'failed') return row;
  return { ...row, dueAtMs: row.lastResultAtMs + intervalOf(row, settings) };
}

/** The user asks for a target in one run: due now, paused or not, and free of quotas. The same run asks once. */
export function collectTarget(target: Target, run: string): string {
  const id = targetId(target);
  const before = targets.get(id);
  if (before?.run === run) return id;
  const row: TargetRow = { ...(before ?? newRow(id, target)), target, run, exempt: true, failures: 0 };
  if (before?.status === 'assigned') place({ ...row, again: true }, before);
  else place(dueNow(row), before);
  return id;
}

/** The target stays, and is not collected until it is resumed. Its node stops; what that had read goes on. */
export function pauseTarget(id: string, settings: OrchestratorSettings): boolean {
  const row = targets.get(id);
  if (row === undefined || row.status === 'paused') return row !== undefined;
  withdraw(row);
  place({ ...release(row, settings), status: 'paused', again: false }, row);
  return true;
}

/** Lifts a pause or a quarantine: the target is due now. */
export function resumeTarget(id: string): boolean {
  const row = targets.get(id);
  if (row?.status === 'paused' || row?.status === 'quarantined') place(dueNow(row), row);
  return row !== undefined;
}

/** The target is forgotten. Its node stops collecting it; what that had read goes on. */
export function removeTarget(id: string, settings: OrchestratorSettings): boolean {
  const row = targets.get(id);
  if (row === undefined) return false;
  withdraw(row);
  unplace(release(row, settings));
  targets.delete(id);
  return true;
}

const dueNow = (row: TargetRow): TargetRow => ({ ...row, status: 'due', dueAtMs: now(), failures: 0 });

function withdraw({ id, assignment }: TargetRow): void {
  if (assignment === null) return;
  tell(nodeContract.at(escapeKey(assignment.node)), { type: 'target.withdrawn', id });
}
