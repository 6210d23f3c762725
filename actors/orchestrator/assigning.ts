/** Who collects what: due targets go to nodes by capability, room, usefulness and the target's priority. */
import { escapeKey } from '../../protocol/address.ts';
import { now, tell } from '../../runtime/effects.ts';
import { nodeContract } from '../node/contract.ts';
import type { OrchestratorSettings } from '../settings.ts';
import type { Target } from './contract.ts';
import { hold } from './node-standing.ts';
import { place } from './placing.ts';
import type { Draft } from './scheduling.ts';
import { boundTo, due, duePrefix, idOf, nodes, type NodeRow, targets, type TargetRow } from './tables.ts';

/** Due targets per type that one turn looks at, the highest priority first. */
const dueLookedAt = 256;

/** Gives due targets to nodes, the highest priority first. */
export function assignDue(draft: Draft, settings: OrchestratorSettings): void {
  const free = [...nodes.range()].map(([, row]) => row).filter(takesWork);
  let made = 0;
  for (const row of candidates(free)) {
    if (made === settings.assignmentsPerTurn || free.length === 0) return;
    const node = choose(row, free, settings);
    if (node === undefined) continue;
    assign(draft, row, node.name, settings);
    made++;
    const at = free.indexOf(node);
    const after = nodes.get(escapeKey(node.name));
    if (after !== undefined && takesWork(after)) free[at] = after;
    else free.splice(at, 1);
  }
}

/** Due targets that one of these nodes may take, the highest priority first and then the longest due. */
function candidates(free: readonly NodeRow[]): TargetRow[] {
  const prefixes = new Set(
    free.flatMap(({ name, capabilities }) =>
      capabilities.flatMap((type) => [duePrefix(type), duePrefix(type, name)]),
    ),
  );
  const keys = [...prefixes].flatMap((prefix) =>
    [...due.range({ prefix, limit: dueLookedAt })].map(([key]) => key),
  );
  // Without the type, keys are ordered by priority and then by time.
  const rankOf = (key: string): string => key.slice(key.indexOf('|') + 1);
  const rows: TargetRow[] = [];
  for (const key of keys.sort((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1))) {
    const row = targets.get(idOf(key));
    if (row?.status === 'due') rows.push(row);
    // An earlier release filed bound targets under their type alone.
    else due.delete(key);
  }
  return rows;
}

/** Whether the node may get one more. */
export const takesWork = (row: NodeRow): boolean => row.status === 'active' || row.status === 'degraded';

/**
 * A target stays with the node that knows it until it has failed too often there; else the most useful node
 * that has the most room gets it. Degraded nodes come last.
 */
function choose(
  row: TargetRow,
  free: readonly NodeRow[],
  settings: OrchestratorSettings,
): NodeRow | undefined {
  const able = free.filter((node) => isAble(node, row.target));
  const last = able.find(({ name }) => name === row.lastNode);
  const unlucky = row.failures >= settings.reassignAfterFailures;
  if (last !== undefined && !unlucky) return last;
  const others = unlucky ? able.filter((node) => node !== last) : able;
  return best(others, settings) ?? last;
}

/** Whether the node may collect the target at all: it can, and the target is not bound to another one. */
export function isAble({ name, capabilities }: NodeRow, target: Target): boolean {
  return capabilities.includes(target.type) && (boundTo(target) ?? name) === name;
}

function best(able: readonly NodeRow[], settings: OrchestratorSettings): NodeRow | undefined {
  const score = ({ status, measures, capacity, assigned }: NodeRow): number => {
    const room = (capacity - assigned) / capacity;
    return (measures.usefulness ?? settings.unmeasuredUsefulness) * room - (status === 'degraded' ? 1 : 0);
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
