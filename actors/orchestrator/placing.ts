/** A target's row and the one index entry that its status needs: only here, so that the two always agree. */
import { now } from '../../runtime/effects.ts';
import type { OrchestratorSettings } from '../settings.ts';
import type { Target } from './contract.ts';
import { hold } from './node-standing.ts';
import {
  deadlines,
  due,
  dueKey,
  held,
  heldPrefix,
  targets,
  type TargetRow,
  timedKey,
  upcoming,
} from './tables.ts';

export function newRow(id: string, target: Target): TargetRow {
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

/** Stores the row and the one index entry that its status needs, instead of those it had `before`. */
export function place(row: TargetRow, before?: TargetRow): void {
  if (before !== undefined) unplace(before);
  targets.put(row.id, row);
  if (row.status === 'waiting') upcoming.put(timedKey(row.dueAtMs, row.id), true);
  if (row.status === 'due') due.put(dueKey(row), true);
  if (row.assignment === null) return;
  deadlines.put(timedKey(row.assignment.deadlineMs, row.id), true);
  held.put(heldPrefix(row.assignment.node) + row.id, true);
}

export function unplace(row: TargetRow): void {
  upcoming.delete(timedKey(row.dueAtMs, row.id));
  due.delete(dueKey(row));
  if (row.assignment === null) return;
  deadlines.delete(timedKey(row.assignment.deadlineMs, row.id));
  held.delete(heldPrefix(row.assignment.node) + row.id);
}

/** Takes the target from its node. */
export function release(row: TargetRow, settings: OrchestratorSettings): TargetRow {
  if (row.assignment === null) return row;
  hold(row.assignment.node, -1, settings);
  unplace(row);
  return { ...row, assignment: null };
}

/** How long after its last result a target is due again. */
export const intervalOf = ({ target }: TargetRow, settings: OrchestratorSettings): number =>
  target.intervalMs ??
  (target.interval === undefined ? settings.intervalMs : Math.round(target.interval * 1_000));
