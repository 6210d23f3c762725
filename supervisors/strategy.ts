/**
 * What a supervisor does about what happens: a pure function of its state, one event and the time. The
 * strategies differ only in who shares a failed child's fate; everything else is common to them.
 *
 *   child.exited ─▶ restarts by its type? ─▶ intensity ─▶ give up: stop all, end with `shutdown`
 *                                                     └─▶ doom whoever is affected, back off, start again
 */
import { cameUp, failed, nextDelayMs } from './backoff.ts';
import { type ChildFacts, type ExitReason, restartsAfter } from './child-spec.ts';
import {
  endRequests,
  forget,
  requestDelete,
  requestRestart,
  requestStart,
  requestTerminate,
  settleRequests,
} from './child-requests.ts';
import { addRestart } from './restart-intensity.ts';
import { advance, stopChild } from './start-stop-order.ts';
import {
  type Action,
  type ChildState,
  type Strategy,
  type SupervisorEvent,
  type SupervisorState,
  isAlive,
  withChild,
} from './supervisor-state.ts';

export interface Decision {
  readonly state: SupervisorState;
  /** In the order in which they are to be performed. */
  readonly actions: readonly Action[];
}

/** Decides what follows from `event` at `now` (milliseconds). */
export function decide(state: SupervisorState, event: SupervisorEvent, now: number): Decision {
  const actions: Action[] = [];
  const next = advance(handle(state, event, now, actions), actions);
  return { state: next, actions };
}

function handle(
  state: SupervisorState,
  event: SupervisorEvent,
  now: number,
  actions: Action[],
): SupervisorState {
  switch (event.type) {
    case 'boot':
      return state;
    case 'child.started':
      return started(state, event, now, actions);
    case 'child.startFailed':
      return startFailed(state, event, now, actions);
    case 'child.exited':
      return exited(state, event, now, actions);
    case 'restart.due':
      return restartDue(state, event.timer);
    case 'start.child':
      return requestStart(state, event.child, event.request, actions);
    case 'terminate.child':
      return requestTerminate(state, event.id, event.request, actions);
    case 'restart.child':
      return requestRestart(state, event.id, event.request, actions);
    case 'delete.child':
      return requestDelete(state, event.id, event.request, actions);
    case 'stop':
      return stopAll(state, { kind: 'shutdown' }, actions);
    case 'kill':
      return killAll(state, actions);
  }
}

type Incarnation = Pick<ChildFacts, 'id'> & { readonly incarnation: number };

/** The index of the living child that a report is about; −1 for a report about an earlier incarnation. */
function reportedChild(state: SupervisorState, report: Incarnation): number {
  return state.children.findIndex(
    (child) => child.id === report.id && child.incarnation === report.incarnation && isAlive(child),
  );
}

function started(
  state: SupervisorState,
  report: Incarnation,
  now: number,
  actions: Action[],
): SupervisorState {
  const index = reportedChild(state, report);
  const child = state.children[index];
  if (child === undefined || child.status !== 'starting') return state;
  return withChild(state, index, {
    status: 'running',
    fresh: false,
    backoff: cameUp(child.backoff, now),
    requests: settleRequests(child.requests, 'running', actions),
  });
}

function startFailed(
  state: SupervisorState,
  event: Incarnation & { readonly error: unknown; readonly random: number },
  now: number,
  actions: Action[],
): SupervisorState {
  const index = reportedChild(state, event);
  const child = state.children[index];
  if (child === undefined) return state;
  if (child.doomed || child.status === 'stopping') return wentDown(state, index, actions);
  const asked = child.requests.some((pending) => pending.wants === 'running');
  const requests = endRequests(child.requests, 'running', event.error, actions);
  const next = withChild(state, index, { requests });
  // As in OTP: a child that was asked for and cannot start was never there; one declared ends its supervisor.
  if (child.fresh && asked) return forget(next, index, actions);
  const reason: ExitReason = { kind: 'error', error: event.error };
  if (child.fresh && state.phase === 'starting') {
    return stopAll(withChild(next, index, { status: 'stopped' }), reason, actions);
  }
  if (child.restart === 'temporary') return forget(next, index, actions);
  return restart(next, index, reason, event.random, now, actions);
}

function exited(
  state: SupervisorState,
  event: Incarnation & { readonly reason: ExitReason; readonly random: number },
  now: number,
  actions: Action[],
): SupervisorState {
  const index = reportedChild(state, event);
  const child = state.children[index];
  if (child === undefined) return state;
  // A child that must stop anyway has only gone ahead: its end is no failure and costs no restart.
  if (child.doomed || child.status === 'stopping') return wentDown(state, index, actions);
  if (restartsAfter(child.restart, event.reason)) {
    return restart(state, index, event.reason, event.random, now, actions);
  }
  return wentDown(withChild(state, index, { afterStop: 'stopped' }), index, actions);
}

/** Back-off is over: whoever waited for this timer takes its turn. */
function restartDue(state: SupervisorState, timer: number): SupervisorState {
  if (!state.children.some((child) => child.timer === timer)) return state;
  const children = state.children.map((child): ChildState => {
    if (child.timer !== timer) return child;
    return { ...child, timer: undefined, status: child.status === 'waiting' ? 'queued' : child.status };
  });
  return { ...state, children };
}

const AFFECTED: Readonly<Record<Strategy, (failedIndex: number, index: number) => boolean>> = {
  one_for_one: (failedIndex, index) => index === failedIndex,
  one_for_all: () => true,
  rest_for_one: (failedIndex, index) => index >= failedIndex,
};

function restart(
  state: SupervisorState,
  failedIndex: number,
  reason: ExitReason,
  random: number,
  now: number,
  actions: Action[],
): SupervisorState {
  const child = state.children[failedIndex];
  if (child === undefined) return state;
  const counted = addRestart(state.intensity, now);
  const down = withChild({ ...state, intensity: counted.state }, failedIndex, { status: 'stopped' });
  if (counted.giveUp) {
    actions.push({ type: 'giveUp', id: child.id, reason });
    return stopAll({ ...down, gaveUp: true }, { kind: 'shutdown', error: reason.error }, actions);
  }
  const timer = state.timersSet + 1;
  const backoff = failed(child.backoff, now);
  actions.push({ type: 'restartLater', id: child.id, timer, delayMs: nextDelayMs(backoff, random) });
  const affected = AFFECTED[state.strategy];
  const children = withChild(down, failedIndex, { backoff }).children.map((sibling, index): ChildState => {
    if (!affected(failedIndex, index)) return sibling;
    if (isAlive(sibling)) return { ...sibling, doomed: true, afterStop: 'restart', timer };
    return { ...sibling, status: 'waiting', timer };
  });
  return { ...down, children, timersSet: timer };
}

function wentDown(state: SupervisorState, index: number, actions: Action[]): SupervisorState {
  const child = state.children[index];
  if (child === undefined) return state;
  const returns = child.afterStop === 'restart' && state.phase !== 'stopping';
  // A group's restart does not bring temporary members back; an explicit restart of one does.
  if (child.restart === 'temporary' && (child.doomed || !returns)) return forget(state, index, actions);
  const resting = child.timer === undefined ? 'queued' : 'waiting';
  return withChild(state, index, {
    status: returns ? resting : 'stopped',
    doomed: false,
    timer: returns ? child.timer : undefined,
    requests: settleRequests(child.requests, returns ? 'down' : 'stopped', actions),
  });
}

/** Stops every child in reverse order and then ends; the first reason stands. */
function stopAll(state: SupervisorState, reason: ExitReason, actions: Action[]): SupervisorState {
  if (state.phase === 'stopping' || state.phase === 'stopped') return state;
  const children = state.children.map((child): ChildState => {
    if (isAlive(child)) return { ...child, doomed: true, afterStop: 'stopped', timer: undefined };
    return {
      ...child,
      status: 'stopped',
      timer: undefined,
      requests: settleRequests(child.requests, 'stopped', actions),
    };
  });
  return { ...state, phase: 'stopping', exitReason: reason, children };
}

/** Kills every living child at once, in no order: what is left when an orderly stop took too long. */
function killAll(state: SupervisorState, actions: Action[]): SupervisorState {
  if (state.phase === 'stopped') return state;
  const stopping = {
    ...stopAll(state, { kind: 'killed' }, actions),
    exitReason: { kind: 'killed' } as const,
  };
  return stopping.children.reduce<SupervisorState>(
    (next, child, index) => (isAlive(child) ? stopChild(next, index, actions, 0) : next),
    stopping,
  );
}
