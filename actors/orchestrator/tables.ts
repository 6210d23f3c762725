/** What the orchestrator knows: targets and when they are due, nodes and what they hold. */
import { escapeKey } from '../../protocol/address.ts';
import { defineTable } from '../../runtime/table.ts';
import type { Target } from './contract.ts';
import type { AttemptRecord, Measures } from './measures.ts';

export interface Assignment {
  readonly id: string;
  readonly node: string;
  readonly atMs: number;
  readonly deadlineMs: number;
}

/** `waiting` for its time, `due` and waiting for a node, `assigned` to one, `quarantined`, or `paused` by a user. */
export type TargetStatus = 'waiting' | 'due' | 'assigned' | 'quarantined' | 'paused';

export interface TargetRow {
  readonly id: string;
  readonly target: Target;
  readonly status: TargetStatus;
  readonly addedAtMs: number;
  readonly dueAtMs: number;
  /** The user named it: intake's quotas do not apply to what it yields. */
  readonly exempt: boolean;
  /** The run that last asked for it; the same run never asks twice. */
  readonly run: string | null;
  /** Asked for again while it was assigned: due as soon as that ends. */
  readonly again: boolean;
  /** Since its last success. */
  readonly failures: number;
  readonly lastNode: string | null;
  readonly lastOutcome: string | null;
  readonly lastReason: string | null;
  readonly lastResultAtMs: number | null;
  /** The run whose collection ended last. */
  readonly lastRun: string | null;
  readonly assignment: Assignment | null;
  readonly collections: { readonly collected: number; readonly empty: number; readonly failed: number };
}
/** By id. */
export const targets = defineTable<TargetRow>('targets');

/** Targets that wait for their time: `<due time>|<id>`. */
export const upcoming = defineTable<true>('upcoming');
/** Targets that are due: `<type>[@<the node they are bound to>]|<priority, highest first>|<due time>|<id>`. */
export const due = defineTable<true>('due');
/** Assignments by their deadline: `<deadline>|<id>`. */
export const deadlines = defineTable<true>('deadlines');
/** Assignments by node: `<escaped name>|<id>`. */
export const held = defineTable<true>('held');

const time = (ms: number): string => String(Math.max(0, Math.floor(ms))).padStart(14, '0');
export const timedKey = (ms: number, id: string): string => `${time(ms)}|${id}`;
export const timeOf = (key: string): number => Number(key.slice(0, 14));
export const idOf = (key: string): string => key.slice(key.lastIndexOf('|') + 1);

const prioritiesPerUnit = 100;
/** Targets of one type for any node, or for the one that they are bound to: they keep nobody else waiting. */
export const duePrefix = (type: string, bound?: string): string =>
  `${escapeKey(type)}${bound === undefined ? '' : `@${escapeKey(bound)}`}|`;
export function dueKey({ id, target, dueAtMs }: Pick<TargetRow, 'id' | 'target' | 'dueAtMs'>): string {
  const rank = Math.round((10 - target.priority) * prioritiesPerUnit);
  return `${duePrefix(target.type, boundTo(target))}${String(rank).padStart(4, '0')}|${time(dueAtMs)}|${id}`;
}
/** `metadata.node` binds a target to one node. */
export function boundTo({ metadata }: Target): string | undefined {
  const { node } = metadata;
  return typeof node === 'string' && node !== '' ? node : undefined;
}
export const heldPrefix = (node: string): string => `${escapeKey(node)}|`;

export type ReportedStatus = 'active' | 'paused' | 'draining' | 'offline';
/** Aliveness is what was reported; `busy` and `degraded` are what an active node's work shows. */
export type NodeStatus = ReportedStatus | 'busy' | 'degraded';

export interface NodeRow {
  readonly name: string;
  readonly reported: ReportedStatus;
  readonly status: NodeStatus;
  readonly capabilities: readonly string[];
  readonly capacity: number;
  readonly assigned: number;
  readonly measures: Measures;
  readonly lastSuccessAtMs: number | null;
  /** The first failure since the last success. */
  readonly failingSinceMs: number | null;
}
/** By escaped name. */
export const nodes = defineTable<NodeRow>('nodes');
/** The last attempts of each node, oldest first; by escaped name. */
export const attempts = defineTable<{ readonly records: readonly AttemptRecord[] }>('attempts');
