/**
 * A decision in the making. Decisions are pure from outside; inside, their steps share the state that they change
 * and the list of what they want done.
 */
import { endSpell } from './backoff.ts';
import type { Action, ChildState, SupervisorEvent, SupervisorState } from './supervisor-state.ts';

export interface Draft {
  state: SupervisorState;
  readonly actions: Action[];
  /** Events that had to wait and have their turn now. */
  readonly again: SupervisorEvent[];
  /** Milliseconds. */
  readonly now: number;
}

export function childOf({ state }: Draft, id: string): ChildState | undefined {
  return state.children.get(id);
}

/** Changes a child that there is. */
export function change(draft: Draft, id: string, changes: Partial<ChildState>): void {
  const child = childOf(draft, id);
  if (child === undefined) return;
  const children = draft.state.children.set(id, { ...child, ...changes });
  draft.state = { ...draft.state, children };
}

/** Drops a child that is down, with its specification. */
export function forget(draft: Draft, id: string): void {
  draft.actions.push({ type: 'forget', id });
  draft.state = { ...draft.state, children: draft.state.children.delete(id) };
}

/**
 * A child is down and does not return by itself: it is kept, if it may be started again. `awaits` names the sibling
 * that it returns with.
 */
export function leaveDown(draft: Draft, id: string, awaits?: string): void {
  const child = childOf(draft, id);
  const isDynamic = draft.state.strategy === 'simple_one_for_one';
  if (child === undefined || isDynamic || child.restart === 'temporary') return forget(draft, id);
  const backoff = endSpell(child.backoff, draft.now);
  change(draft, id, { status: 'stopped', backoff, pending: undefined, awaits });
}

/** Answers whoever asked; with an error, that it cannot be done. */
export function settle(draft: Draft, request: number, error?: unknown): void {
  draft.actions.push(error === undefined ? { type: 'settle', request } : { type: 'settle', request, error });
}

/** Asks a living child to stop; `shutdownMs` overrides what its specification says. */
export function askToStop(draft: Draft, child: ChildState, shutdownMs = child.shutdownMs): void {
  const { id, incarnation } = child;
  draft.actions.push({ type: 'stop', id, incarnation, shutdownMs });
  change(draft, id, { status: 'stopping' });
}
