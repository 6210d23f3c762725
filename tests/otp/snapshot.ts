/** A supervisor's children and counts as one line, as the oracle writes them. */
import type { ChildSummary, Supervisor } from '../../supervisors/supervisor.ts';

/** `root(a=up,b=down)2/1/0/2`: specifications, active, supervisors, workers. */
export function snapshotOf(id: string, supervisor: Supervisor, simple: boolean): string {
  const children = supervisor.whichChildren();
  const { specs, active, supervisors, workers } = supervisor.countChildren();
  const lines = children.map((child) => `${child.id}=${stateOf(child)}`);
  // In OTP a simple_one_for_one's children have no order, and its template counts as the only specification.
  return simple
    ? `${id}(${lines.sort().join(',')})${active}/${supervisors}/${workers}`
    : `${id}(${lines.join(',')})${specs}/${active}/${supervisors}/${workers}`;
}

function stateOf({ status }: ChildSummary): string {
  if (status === 'running') return 'up';
  if (status === 'waiting') return 'restarting';
  return status === 'stopped' ? 'down' : status;
}
