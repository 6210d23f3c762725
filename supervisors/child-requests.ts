/** What people and programs ask of a running supervisor about one child, and when they get their answer. */
import { BanyanError } from '../protocol/errors.ts';
import type { ChildFacts } from './child-spec.ts';
import { stopChild } from './start-stop-order.ts';
import {
  type Action,
  type PendingRequest,
  type SupervisorState,
  isAlive,
  newChild,
  withChild,
} from './supervisor-state.ts';

/** Adds a child at the end and starts it. An id that is taken is refused: it would hide the first. */
export function requestStart(
  state: SupervisorState,
  child: ChildFacts,
  request: number,
  actions: Action[],
): SupervisorState {
  if (isStopping(state)) return refuse(state, request, stoppingError(state), actions);
  if (state.children.some((other) => other.id === child.id)) {
    const message = `The supervisor '${state.id}' already has a child '${child.id}'`;
    return refuse(state, request, new BanyanError('definition.invalid', { message }), actions);
  }
  const added = { ...newChild(child, state.backoff), requests: [{ request, wants: 'running' as const }] };
  return { ...state, children: [...state.children, added] };
}

/** Stops a child and keeps its specification, unless it is temporary. */
export function requestTerminate(
  state: SupervisorState,
  id: string,
  request: number,
  actions: Action[],
): SupervisorState {
  const index = state.children.findIndex((child) => child.id === id);
  const child = state.children[index];
  if (child === undefined) return refuse(state, request, unknownChild(state, id), actions);
  const others = endRequests(child.requests, 'running', stoppedError(id), actions);
  if (!isAlive(child)) {
    actions.push({ type: 'settle', request });
    if (child.restart === 'temporary') return forget(state, index, actions);
    return withChild(state, index, { status: 'stopped', timer: undefined, requests: others });
  }
  const requests = [...others, { request, wants: 'stopped' as const }];
  const next = withChild(state, index, {
    requests,
    // A group that restarts brings back all of its members, terminated ones too, as in OTP.
    ...(child.doomed ? {} : { afterStop: 'stopped' as const }),
  });
  return child.status === 'stopping' || child.doomed ? next : stopChild(next, index, actions);
}

/**
 * Starts a child that is stopped or backing off at once; one that runs is stopped first. Neither counts
 * towards the intensity: it is somebody's decision, not a failure. Siblings are left alone.
 */
export function requestRestart(
  state: SupervisorState,
  id: string,
  request: number,
  actions: Action[],
): SupervisorState {
  const index = state.children.findIndex((child) => child.id === id);
  const child = state.children[index];
  if (child === undefined) return refuse(state, request, unknownChild(state, id), actions);
  if (isStopping(state)) return refuse(state, request, stoppingError(state), actions);
  const requests = [...child.requests, { request, wants: 'running' as const }];
  if (!isAlive(child)) return withChild(state, index, { status: 'queued', timer: undefined, requests });
  // Already on its way up, in its turn: the request waits for that.
  if (child.doomed || child.status === 'starting') return withChild(state, index, { requests });
  const next = withChild(state, index, { requests, afterStop: 'restart' });
  return child.status === 'stopping' ? next : stopChild(next, index, actions);
}

/** Forgets a child that is stopped. */
export function requestDelete(
  state: SupervisorState,
  id: string,
  request: number,
  actions: Action[],
): SupervisorState {
  const index = state.children.findIndex((child) => child.id === id);
  const child = state.children[index];
  if (child === undefined) return refuse(state, request, unknownChild(state, id), actions);
  if (child.status !== 'stopped') {
    const message = `The child '${id}' is ${child.status}; terminate it before it is deleted`;
    return refuse(state, request, new BanyanError('definition.invalid', { message }), actions);
  }
  actions.push({ type: 'settle', request });
  return forget(state, index, actions);
}

/** Drops a child that is down, with its specification; whoever still waits for it is answered. */
export function forget(state: SupervisorState, index: number, actions: Action[]): SupervisorState {
  const child = state.children[index];
  if (child === undefined) return state;
  settleRequests(child.requests, 'stopped', actions);
  actions.push({ type: 'forget', id: child.id });
  return { ...state, children: state.children.toSpliced(index, 1) };
}

/** Answers those whose wish came true or cannot any more; returns those who still wait. */
export function settleRequests(
  requests: readonly PendingRequest[],
  reached: 'running' | 'down' | 'stopped',
  actions: Action[],
): readonly PendingRequest[] {
  return requests.filter(({ request, wants }) => {
    const granted = reached === 'running' ? wants === 'running' : wants === 'stopped';
    if (granted) actions.push({ type: 'settle', request });
    else if (reached === 'stopped') actions.push({ type: 'settle', request, error: stoppedError() });
    return !granted && reached !== 'stopped';
  });
}

/** Refuses those who wait for `wants`; returns the others. */
export function endRequests(
  requests: readonly PendingRequest[],
  wants: PendingRequest['wants'],
  error: unknown,
  actions: Action[],
): readonly PendingRequest[] {
  return requests.filter((pending) => {
    if (pending.wants === wants) actions.push({ type: 'settle', request: pending.request, error });
    return pending.wants !== wants;
  });
}

function refuse(
  state: SupervisorState,
  request: number,
  error: BanyanError,
  actions: Action[],
): SupervisorState {
  actions.push({ type: 'settle', request, error });
  return state;
}

function isStopping(state: SupervisorState): boolean {
  return state.phase === 'stopping' || state.phase === 'stopped';
}

function unknownChild(state: SupervisorState, id: string): BanyanError {
  return new BanyanError('actor.not_found', { message: `The supervisor '${state.id}' has no child '${id}'` });
}

function stoppingError(state: SupervisorState): BanyanError {
  return new BanyanError('actor.ended', { message: `The supervisor '${state.id}' is stopping` });
}

function stoppedError(id?: string): BanyanError {
  const who = id === undefined ? 'The child' : `The child '${id}'`;
  return new BanyanError('actor.ended', { message: `${who} was stopped before it ran` });
}
