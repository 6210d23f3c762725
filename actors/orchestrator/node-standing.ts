/** The nodes: what they report about themselves, what their attempts measure, and what follows from both. */
import { escapeKey } from '../../protocol/address.ts';
import { emit, now, tell } from '../../runtime/effects.ts';
import { intakeContract } from '../intake/contract.ts';
import type { OrchestratorSettings } from '../settings.ts';
import { orchestratorContract } from './contract.ts';
import { type AttemptRecord, measure } from './measures.ts';
import { attempts, type NodeRow, nodes, type NodeStatus, type ReportedStatus } from './tables.ts';

export function nodeReported(
  report: { node: string; status: ReportedStatus; capabilities: readonly string[]; capacity: number },
  settings: OrchestratorSettings,
): void {
  const before = nodes.get(escapeKey(report.node));
  const row: NodeRow = {
    name: report.node,
    reported: report.status,
    status: before?.status ?? 'offline',
    capabilities: report.capabilities,
    capacity: report.capacity,
    assigned: before?.assigned ?? 0,
    measures: before?.measures ?? measure([], settings),
    lastSuccessAtMs: before?.lastSuccessAtMs ?? null,
    failingSinceMs: before?.failingSinceMs ?? null,
  };
  putNode(row, `the node reported '${report.status}'`, settings);
}

/** One more or less assignment is the node's. */
export function hold(name: string, difference: 1 | -1, settings: OrchestratorSettings): void {
  const row = nodes.get(escapeKey(name));
  if (row === undefined) return;
  const assigned = Math.max(0, row.assigned + difference);
  putNode({ ...row, assigned }, `it holds ${assigned} of ${row.capacity} collections`, settings);
}

/** An attempt ended, or timed out: the node's measures move, and intake learns its success rate. */
export function attempted(name: string, record: AttemptRecord, settings: OrchestratorSettings): void {
  const key = escapeKey(name);
  const row = nodes.get(key);
  if (row === undefined) return;
  const records = [...(attempts.get(key)?.records ?? []), record].slice(-settings.measuredAttempts);
  attempts.put(key, { records });
  const measures = measure(records, settings);
  const [outcome] = record;
  const failingSinceMs =
    outcome === 1 ? null : outcome === 0 ? (row.failingSinceMs ?? now()) : row.failingSinceMs;
  const lastSuccessAtMs = outcome === 1 ? now() : row.lastSuccessAtMs;
  const usefulness = measures.usefulness?.toFixed(2) ?? 'unknown';
  putNode({ ...row, measures, failingSinceMs, lastSuccessAtMs }, `its usefulness is ${usefulness}`, settings);
  if (measures.successRate === null) return;
  const { successRate, attempts: judged } = measures;
  tell(intakeContract.at('main'), { type: 'node.measured', node: name, successRate, attempts: judged });
}

/** Status of every node after time has passed: degradation needs no message. */
export function reviewNodes(settings: OrchestratorSettings): void {
  for (const [, row] of nodes.range()) {
    if (statusOf(row, settings) !== row.status) {
      putNode(row, 'it has had no success for too long', settings);
    }
  }
}

function statusOf(row: NodeRow, settings: OrchestratorSettings): NodeStatus {
  return standingOf(row, settings, now()).status;
}

/** What a node's report and its results say about it, and why. Aliveness comes first, then room, then usefulness. */
export function standingOf(
  row: Pick<NodeRow, 'reported' | 'assigned' | 'capacity' | 'measures' | 'failingSinceMs'>,
  { degradedUsefulness, degradedAfterMs }: OrchestratorSettings,
  nowMs: number,
): { status: NodeStatus; reason: string } {
  const { reported, assigned, capacity, failingSinceMs } = row;
  const { usefulness } = row.measures;
  if (reported !== 'active') return { status: reported, reason: `the node reported '${reported}'` };
  if (assigned >= capacity)
    return { status: 'busy', reason: `it holds ${assigned} of ${capacity} collections` };
  if (usefulness !== null && usefulness < degradedUsefulness) {
    const reason = `its usefulness is ${usefulness.toFixed(2)}, below ${degradedUsefulness}`;
    return { status: 'degraded', reason };
  }
  if (failingSinceMs !== null && nowMs - failingSinceMs >= degradedAfterMs) {
    const minutes = Math.floor((nowMs - failingSinceMs) / 60_000);
    return { status: 'degraded', reason: `it has tried for ${minutes} minutes without a success` };
  }
  const measured =
    usefulness === null ? 'nothing was measured yet' : `its usefulness is ${usefulness.toFixed(2)}`;
  return { status: 'active', reason: `it holds ${assigned} of ${capacity} collections; ${measured}` };
}

function putNode(row: NodeRow, reason: string, settings: OrchestratorSettings): void {
  const status = statusOf(row, settings);
  nodes.put(escapeKey(row.name), { ...row, status });
  if (status === row.status) return;
  emit(orchestratorContract, 'node-status-changed', { node: row.name, from: row.status, to: status, reason });
}
