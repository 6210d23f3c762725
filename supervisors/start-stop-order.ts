/**
 * The order in which children start and stop, whatever caused it: stops go from right to left, one at a
 * time; starts go from left to right and wait until everything that must stop has stopped.
 */
import {
  type Action,
  type ChildState,
  type SupervisorState,
  isAlive,
  withChild,
} from './supervisor-state.ts';

/** Takes the next steps that the order allows now; called after every event. */
export function advance(state: SupervisorState, actions: Action[]): SupervisorState {
  if (state.phase === 'stopped') return state;
  const last = state.children.findLastIndex((child) => child.doomed && isAlive(child));
  if (last >= 0) return state.children[last]?.status === 'stopping' ? state : stopChild(state, last, actions);
  if (state.phase === 'stopping') return exitWhenDown(state, actions);
  return becomeReady(startNext(state, actions), actions);
}

/** Asks a living child to stop; `shutdownMs` overrides what its specification says. */
export function stopChild(
  state: SupervisorState,
  index: number,
  actions: Action[],
  shutdownMs = state.children[index]?.shutdownMs ?? 0,
): SupervisorState {
  const child = state.children[index];
  if (child === undefined) return state;
  actions.push({ type: 'stop', id: child.id, incarnation: child.incarnation, shutdownMs });
  return withChild(state, index, { status: 'stopping' });
}

function startNext(state: SupervisorState, actions: Action[]): SupervisorState {
  if (state.strategy === 'one_for_one' && state.phase === 'running') {
    // Independent children: a slow start holds nobody up.
    return state.children.reduce(
      (next, child, index) => (child.status === 'queued' ? startChild(next, index, actions) : next),
      state,
    );
  }
  const blocks = state.strategy === 'one_for_one' ? isStartingOrQueued : isOnItsWayUp;
  const first = state.children.findIndex(blocks);
  return state.children[first]?.status === 'queued' ? startChild(state, first, actions) : state;
}

function isStartingOrQueued(child: ChildState): boolean {
  return child.status === 'queued' || child.status === 'starting';
}

/** Siblings that depend on each other also wait for one on their left that backs off or is being replaced. */
function isOnItsWayUp(child: ChildState): boolean {
  const replaced = child.status === 'stopping' && child.afterStop === 'restart';
  return isStartingOrQueued(child) || child.status === 'waiting' || replaced;
}

function startChild(state: SupervisorState, index: number, actions: Action[]): SupervisorState {
  const child = state.children[index];
  if (child === undefined) return state;
  const incarnation = child.incarnation + 1;
  actions.push({ type: 'start', id: child.id, incarnation });
  return withChild(state, index, { status: 'starting', incarnation, afterStop: 'stopped' });
}

function becomeReady(state: SupervisorState, actions: Action[]): SupervisorState {
  if (state.phase !== 'starting' || state.children.some((child) => child.fresh && child.status !== 'stopped'))
    return state;
  actions.push({ type: 'ready' });
  return { ...state, phase: 'running' };
}

function exitWhenDown(state: SupervisorState, actions: Action[]): SupervisorState {
  if (state.children.some(isAlive)) return state;
  actions.push({ type: 'exit', reason: state.exitReason ?? { kind: 'shutdown' } });
  return { ...state, phase: 'stopped' };
}
