/**
 * What a supervisor does about what happens: a pure function of its state, one event and the time. The
 * strategies differ only in who shares a failed child's fate; everything else is common to them.
 *
 *   event ─▶ is something under way in its lane? ─▶ the report that it waits for ─▶ next step   procedure.ts
 *        │                                     └─▶ later, in order
 *        ├─▶ child.exited ─▶ to be restarted? ─▶ intensity ─▶ give up: stop all                 failure.ts
 *        │                                                └─▶ back off, stop and start whoever is affected
 *        ├─▶ a request ─▶ refuse, or begin                                                      child-requests.ts
 *        └─▶ stop, kill ─▶ break off, stop all, end                                             ending.ts
 */
import { adopt } from './adoption.ts';
import { take } from './child-requests.ts';
import { restartsAfter } from './child-spec.ts';
import { childOf, type Draft, leaveDown } from './draft.ts';
import { killAll, stopAll, whileStopping } from './ending.ts';
import { restart, restartDue } from './failure.ts';
import { begin, defer, isAwaited, laneOfEvent, report } from './procedure.ts';
import {
  type Action,
  ALL,
  type ChildState,
  isAlive,
  type SupervisorEvent,
  type SupervisorState,
} from './supervisor-state.ts';

export interface Decision {
  readonly state: SupervisorState;
  /** In the order in which they are to be performed. */
  readonly actions: readonly Action[];
}

/** Decides what follows from `event` at `now` (milliseconds). */
export function decide(state: SupervisorState, event: SupervisorEvent, now: number): Decision {
  const draft: Draft = { state, actions: [], again: [], now };
  accept(draft, event);
  for (let next = draft.again.shift(); next !== undefined; next = draft.again.shift()) accept(draft, next);
  return { state: draft.state, actions: draft.actions };
}

function accept(draft: Draft, event: SupervisorEvent): void {
  const { state } = draft;
  // Also when it has stopped: what had waited for the event that ended it is answered.
  if (state.phase === 'stopping' || state.phase === 'stopped') return whileStopping(draft, event);
  if (event.type === 'stop') return stopAll(draft, { kind: 'shutdown' });
  if (event.type === 'kill') return killAll(draft);
  if (event.type === 'boot')
    return begin(draft, ALL, { starts: state.children.keySeq(), purpose: { type: 'boot' } });
  if (event.type === 'adopt') return adopt(draft, event);
  const lane = laneOfEvent(state, event) ?? ALL;
  if (!state.lanes.has(lane)) handle(draft, event);
  else if (isAwaited(state, lane, event)) report(draft, lane, event);
  else defer(draft, lane, event);
}

/** Nothing is under way that concerns the event. */
function handle(
  draft: Draft,
  event: Exclude<SupervisorEvent, { type: 'boot' | 'adopt' | 'stop' | 'kill' }>,
): void {
  switch (event.type) {
    case 'child.exited':
      return exited(draft, event);
    case 'restart.due':
      return restartDue(draft, event.id, event.timer);
    case 'start.child':
    case 'terminate.child':
    case 'restart.child':
    case 'delete.child':
      return take(draft, event);
    // About an incarnation that nobody waits for any more.
    case 'child.started':
    case 'child.ignored':
    case 'child.startFailed':
      return;
  }
}

function exited(draft: Draft, event: Extract<SupervisorEvent, { type: 'child.exited' }>): void {
  const { id, incarnation, reason } = event;
  const child = childOf(draft, id);
  if (child === undefined || child.incarnation !== incarnation || !isAlive(child)) return;
  if (restartsAfter(child.restart, reason)) return restart(draft, id, event);
  leaveDown(draft, id);
  if (endsWith(draft.state, child)) stopAll(draft, { kind: 'shutdown' });
}

/** Whether the end of a child, by itself and for good, is its supervisor's end (OTP's auto_shutdown). */
function endsWith({ autoShutdown, children }: SupervisorState, { significant }: ChildState): boolean {
  if (!significant || autoShutdown === 'never') return false;
  if (autoShutdown === 'any_significant') return true;
  return !children.some((child) => child.significant && child.status !== 'stopped');
}
