/** Why a target is where it is, in a sentence for whoever looks. */
import type { OrchestratorSettings } from '../settings.ts';
import { isAble, takesWork } from './assigning.ts';
import { boundTo, type NodeRow, type TargetRow } from './tables.ts';

/** `nodes`: all that the orchestrator knows. */
export function explainTarget(
  row: TargetRow,
  nodes: readonly NodeRow[],
  settings: OrchestratorSettings,
): string {
  const { status, assignment, failures, lastReason, dueAtMs } = row;
  const because = lastReason === null ? '' : `; the last said: ${lastReason}`;
  switch (status) {
    case 'waiting': {
      const time = iso(dueAtMs);
      if (row.lastOutcome !== 'failed') return `it was collected, and is due again at ${time}`;
      return `failure ${failures} of ${settings.quarantineAfterFailures}, tried again at ${time}${because}`;
    }
    case 'due':
      return whyNotAssigned(row, nodes);
    case 'assigned':
      return assignment === null
        ? ''
        : `'${assignment.node}' collects it since ${iso(assignment.atMs)}, and has until ${iso(assignment.deadlineMs)}`;
    case 'quarantined':
      return `${failures} failures without a success${because}; add or resume it to try again`;
    case 'paused':
      return 'a user paused it; resume it to have it collected';
  }
}

function whyNotAssigned({ target }: TargetRow, nodes: readonly NodeRow[]): string {
  const { type } = target;
  const able = nodes.filter((node) => isAble(node, target));
  const bound = boundTo(target);
  if (able.length === 0) {
    const known = nodes.some(({ name }) => name === bound);
    if (bound !== undefined && !known) return `it is bound to the node '${bound}', which never reported`;
    return `no node${bound === undefined ? '' : ` but '${bound}' may, and that`} can collect targets of type '${type}'`;
  }
  if (able.some(takesWork)) return 'it is assigned as soon as targets of a higher priority are';
  return `who could collect it cannot now: ${able.map(({ name, status }) => `'${name}' is ${status}`).join(', ')}`;
}

/** A given time, not the clock's. */
const iso = (ms: number): string => new Date(ms).toISOString();
