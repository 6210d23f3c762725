/**
 * What a supervisor does step by step: stops from right to left, then starts from left to right, one at a time.
 * While that is under way whatever else happens to the children concerned waits, in order, as in the mailbox of a
 * gen_server that is busy. Children of one_for_one concern only themselves: one that is slow holds nobody up.
 */
import { Stack } from 'immutable';
import { cameUp } from './backoff.ts';
import { askToStop, change, childOf, type Draft, forget, leaveDown, settle } from './draft.ts';
import { stopAll } from './ending.ts';
import { backOff, tryLater } from './pending-restart.ts';
import {
  ALL,
  type ChildState,
  isAlive,
  isGroup,
  type Lane,
  type Procedure,
  type SupervisorEvent,
  type SupervisorState,
} from './supervisor-state.ts';

/** The lane in which things happen to a child. */
function laneOf(state: SupervisorState, id: string): string {
  return state.phase === 'starting' || isGroup(state) ? ALL : id;
}

/** The lane that an event is about; what is about the supervisor itself never waits in one. */
export function laneOfEvent(state: SupervisorState, event: SupervisorEvent): string | undefined {
  if (event.type === 'start.child') return laneOf(state, event.child.id);
  return 'id' in event ? laneOf(state, event.id) : undefined;
}

/** Begins what its lane is free for. `stops` and `starts` are in the order of the steps. */
export function begin(
  draft: Draft,
  id: string,
  { stops = [], starts = [], purpose }: Steps & Pick<Procedure, 'purpose'>,
): void {
  const lane = laneOf(draft.state, id);
  // What had waited and has not had its turn yet waits on.
  const deferred = draft.again.filter((event) => laneOfEvent(draft.state, event) === lane);
  draft.again.splice(0, Infinity, ...draft.again.filter((event) => !deferred.includes(event)));
  put(draft, lane, { procedure: { stops: Stack(stops), starts: Stack(starts), purpose }, deferred });
  proceed(draft, lane);
}

interface Steps {
  readonly stops?: Iterable<string>;
  readonly starts?: Iterable<string>;
}

/** Keeps an event for later; it concerns a lane in which something is under way. */
export function defer(draft: Draft, lane: string, event: SupervisorEvent): void {
  const { procedure, deferred } = laneAt(draft, lane);
  put(draft, lane, { procedure, deferred: [...deferred, event] });
}

/** Whether the event is the report that a procedure waits for. */
export function isAwaited(state: SupervisorState, lane: string, event: SupervisorEvent): boolean {
  if (!('incarnation' in event)) return false;
  const child = state.children.get(event.id);
  if (child === undefined || child.incarnation !== event.incarnation) return false;
  const { stops, starts } = (state.lanes.get(lane) as Lane).procedure;
  const isStopping = child.status === 'stopping' && stops.peek() === child.id;
  return isStopping || (child.status === 'starting' && starts.peek() === child.id);
}

/** Takes the report that a procedure waited for, and the next steps. */
export function report(draft: Draft, lane: string, event: SupervisorEvent): void {
  const { stops } = laneAt(draft, lane).procedure;
  if (!('incarnation' in event)) return;
  if (stops.size > 0) wentDown(draft, lane, event.id);
  else if (event.type === 'child.started') isUp(draft, lane, event.id);
  else if (event.type === 'child.ignored') isIgnored(draft, lane, event.id);
  else if (event.type === 'child.startFailed') return startFailed(draft, lane, event);
  else return startFailed(draft, lane, { ...event, error: event.reason.error });
  proceed(draft, lane);
}

function proceed(draft: Draft, lane: string): void {
  for (;;) {
    const { stops, starts } = laneAt(draft, lane).procedure;
    const id = stops.peek() ?? starts.peek();
    if (id === undefined) return finish(draft, lane);
    const child = childOf(draft, id);
    if (child !== undefined && stops.size > 0 && isAlive(child)) {
      // It has ended by itself meanwhile, and its report waits here: it has only gone ahead.
      if (!takeExit(draft, lane, child)) return askToStop(draft, child);
      wentDown(draft, lane, id);
    } else if (child !== undefined && stops.size === 0 && !isAlive(child)) return start(draft, child);
    else pop(draft, lane);
  }
}

function start(draft: Draft, { id, incarnation }: ChildState): void {
  change(draft, id, {
    status: 'starting',
    incarnation: incarnation + 1,
    pending: undefined,
    awaits: undefined,
  });
  draft.actions.push({ type: 'start', id, incarnation: incarnation + 1 });
}

function wentDown(draft: Draft, lane: string, id: string): void {
  const { purpose } = laneAt(draft, lane).procedure;
  leaveDown(draft, id, purpose.type === 'clear' ? purpose.leader : undefined);
  pop(draft, lane);
}

function isUp(draft: Draft, lane: string, id: string): void {
  const { backoff } = childOf(draft, id) as ChildState;
  change(draft, id, { status: 'running', backoff: cameUp(backoff, draft.now) });
  pop(draft, lane);
}

function isIgnored(draft: Draft, lane: string, id: string): void {
  leaveDown(draft, id);
  pop(draft, lane);
}

type StartFailure = Omit<Extract<SupervisorEvent, { type: 'child.startFailed' }>, 'type'>;

/** What was still to start stays down; what becomes of the child depends on who wanted it. */
function startFailed(draft: Draft, lane: string, { id, error, random, transient }: StartFailure): void {
  const { purpose, starts } = laneAt(draft, lane).procedure;
  change(draft, id, { status: 'stopped' });
  const reason = { kind: 'error', error } as const;
  switch (purpose.type) {
    case 'boot':
      return stopAll(draft, reason);
    case 'add':
      // As in OTP: one that was asked for and cannot start was never there.
      forget(draft, id);
      settle(draft, purpose.request, error);
      break;
    case 'revive':
      settle(draft, purpose.request, error);
      break;
    case 'restart':
      tryLater(draft, id, backOff(draft, id, { reason, random, counted: transient }), starts.pop());
      break;
    case 'clear':
    case 'terminate':
      break;
  }
  free(draft, lane);
}

function finish(draft: Draft, lane: string): void {
  const { purpose } = laneAt(draft, lane).procedure;
  if (purpose.type === 'boot') {
    draft.actions.push({ type: 'ready' });
    draft.state = { ...draft.state, phase: 'running' };
  }
  if ('request' in purpose) settle(draft, purpose.request);
  free(draft, lane);
}

/** Nothing is under way any more; whoever deferred an event to this lane takes it up. */
function free(draft: Draft, lane: string): void {
  const { deferred } = laneAt(draft, lane);
  draft.state = { ...draft.state, lanes: draft.state.lanes.delete(lane) };
  draft.again.push(...deferred);
}

function takeExit(draft: Draft, lane: string, { id, incarnation }: ChildState): boolean {
  const { procedure, deferred } = laneAt(draft, lane);
  const isIt = (event: SupervisorEvent): boolean =>
    event.type === 'child.exited' && event.id === id && event.incarnation === incarnation;
  if (!deferred.some(isIt)) return false;
  put(draft, lane, { procedure, deferred: deferred.filter((event) => !isIt(event)) });
  return true;
}

/** The step is done. */
function pop(draft: Draft, lane: string): void {
  const { procedure, deferred } = laneAt(draft, lane);
  const { stops, starts } = procedure;
  const next = stops.size > 0 ? { stops: stops.pop() } : { starts: starts.pop() };
  put(draft, lane, { procedure: { ...procedure, ...next }, deferred });
}

const laneAt = (draft: Draft, lane: string): Lane => draft.state.lanes.get(lane) as Lane;

function put(draft: Draft, lane: string, changed: Lane): void {
  draft.state = { ...draft.state, lanes: draft.state.lanes.set(lane, changed) };
}
