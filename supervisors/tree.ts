/** The live tree as `tree --json` shows it: built from what supervisors remember and children say of themselves. */
import type { ChildHandle, ChildType, RestartType } from './child-spec.ts';
import { restartsInWindow } from './restart-intensity.ts';
import type { ChildState, Strategy, SupervisorState } from './supervisor-state.ts';

/**
 * `backoff`: down, and about to start by itself. `passivated`: down until something asks for it.
 * `failed`: gave up. `parked` and `paused` are what an actor says of itself.
 */
export type TreeStatus = 'running' | 'parked' | 'backoff' | 'paused' | 'passivated' | 'failed';

/** One node of the tree; what does not apply to its type is absent. */
export interface TreeNode {
  readonly id: string;
  readonly type: ChildType;
  /** The ids from the root down, joined with `/`. */
  readonly path: string;
  readonly status: TreeStatus;
  /** How it is restarted; absent at a root. */
  readonly restart?: RestartType;
  /** How often its supervisor started it again. */
  readonly restarts: number;

  /** Supervisors. */
  readonly strategy?: Strategy;
  readonly intensity?: { readonly max: number; readonly windowMs: number; readonly used: number };
  /** How many children there are, shown or not. */
  readonly childCount?: number;
  readonly children?: readonly TreeNode[];
  /** Some children are not shown. */
  readonly childrenTruncated?: boolean;

  /** Actors. */
  readonly kind?: string;
  /** The machine's state value. */
  readonly state?: string | object;
  /** Messages that wait for it. */
  readonly buffered?: number;
  readonly partition?: number;
  readonly cursor?: { readonly seq: number; readonly index: number };

  /** Workers. */
  readonly pid?: number;
}

/** A supervisor's node always has these. */
export type SupervisorNode = TreeNode &
  Required<Pick<TreeNode, 'strategy' | 'intensity' | 'childCount' | 'children'>>;

/** Joins a path and an id; without a path the id is the root. */
export function pathOf(parentPath: string | undefined, id: string): string {
  return parentPath === undefined || parentPath === '' ? id : `${parentPath}/${id}`;
}

/** The node of a supervisor with everything below it, at `now` (milliseconds). */
export function supervisorNode(
  state: SupervisorState,
  parentPath: string | undefined,
  now: number,
  handleOf: (id: string) => ChildHandle | undefined,
): SupervisorNode {
  const path = pathOf(parentPath, state.id);
  const { max, windowMs } = state.intensity;
  const children = state.children
    .valueSeq()
    .map((child) => childNode(child, path, handleOf(child.id)))
    .toArray();
  return {
    id: state.id,
    type: 'supervisor',
    path,
    strategy: state.strategy,
    status: state.gaveUp ? 'failed' : 'running',
    restarts: 0,
    intensity: { max, windowMs, used: restartsInWindow(state.intensity, now) },
    childCount: children.length,
    children,
  };
}

function childNode(child: ChildState, parentPath: string, handle: ChildHandle | undefined): TreeNode {
  const { id, type, restart } = child;
  const path = pathOf(parentPath, id);
  const restarts = Math.max(0, child.incarnation - 1);
  const status = statusOf(child);
  const described = status === 'running' ? handle?.describe?.(path) : undefined;
  // Who and where it is, and how often it returned, only its supervisor knows.
  return { status, ...described, id, type, path, restart, restarts };
}

function statusOf(child: ChildState): TreeStatus {
  if (child.status === 'running' || child.status === 'stopping') return 'running';
  // Down with a sibling that backs off, and about to return with it.
  const returns = child.status !== 'stopped' || child.awaits !== undefined;
  return returns ? 'backoff' : 'passivated';
}
