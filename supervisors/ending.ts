/**
 * The end of a supervisor: what is under way is broken off, then its children stop from right to left, one at a
 * time, and it ends when the last one is down. Those of `simple_one_for_one` have no order and stop all at once.
 * OTP's supervisor finishes what it is doing first; ours must not wait for a start that hangs.
 */
import { Map, Stack } from 'immutable';
import { BanyanError } from '../protocol/errors.ts';
import type { ExitReason } from './child-spec.ts';
import { askToStop, change, childOf, type Draft, settle } from './draft.ts';
import { type ChildState, isAlive, type SupervisorEvent, type SupervisorState } from './supervisor-state.ts';

/** Stops every child in reverse order and then ends; the first reason stands. */
export function stopAll(draft: Draft, exitReason: ExitReason): void {
  const { phase } = draft.state;
  if (phase === 'stopping' || phase === 'stopped') return;
  const asked = breakOff(draft);
  const alive = draft.state.children.valueSeq().filter(isAlive).toArray();
  // One that is stopping already is waited for first, as by a supervisor that was in the middle of it.
  const order = [...alive.filter(isStopping), ...alive.filter((child) => !isStopping(child)).toReversed()];
  const ending = { order: Stack(order.map(({ id }) => id)), left: alive.length, asked };
  draft.state = { ...draft.state, phase: 'stopping', exitReason, ending };
  if (draft.state.strategy === 'simple_one_for_one')
    for (const child of alive) if (!isStopping(child)) askToStop(draft, child);
  goOn(draft);
}

/** Kills every living child at once, in no order: what is left when an orderly stop took too long. */
export function killAll(draft: Draft): void {
  if (draft.state.phase === 'stopped') return;
  const exitReason = { kind: 'killed' } as const;
  if (draft.state.phase !== 'stopping') {
    const asked = breakOff(draft);
    const left = draft.state.children.valueSeq().count(isAlive);
    draft.state = { ...draft.state, phase: 'stopping', ending: { order: Stack(), left, asked } };
  }
  draft.state = { ...draft.state, exitReason };
  for (const child of draft.state.children.valueSeq().filter(isAlive).toArray()) askToStop(draft, child, 0);
  goOn(draft);
}

/** What still reaches a supervisor that stops. */
export function whileStopping(draft: Draft, event: SupervisorEvent): void {
  switch (event.type) {
    case 'child.started':
      // Its turn to stop comes.
      if (isReported(draft, event, 'starting')) change(draft, event.id, { status: 'running' });
      return;
    case 'child.ignored':
    case 'child.startFailed':
    case 'child.exited':
      if (isReported(draft, event)) wentDown(draft, event.id);
      return;
    case 'kill':
      killAll(draft);
      return;
    case 'start.child':
    case 'terminate.child':
    case 'restart.child':
    case 'delete.child':
      settle(draft, event.request, isEnding(draft.state.id));
      return;
    case 'boot':
    case 'adopt':
    case 'restart.due':
    case 'stop':
      return;
  }
}

/**
 * Whoever asked for something does not get it any more, but for a child's end that is under way; what has ended unseen
 * is down. Returns who still waits, by child.
 */
function breakOff(draft: Draft): SupervisorState['ending']['asked'] {
  const { lanes } = draft.state;
  let asked: SupervisorState['ending']['asked'] = Map();
  draft.state = { ...draft.state, lanes: lanes.clear() };
  for (const { procedure, deferred } of lanes.values()) {
    const { purpose } = procedure;
    if (purpose.type === 'terminate') asked = asked.set(purpose.id, purpose.request);
    else if ('request' in purpose) settle(draft, purpose.request, isEnding(draft.state.id));
    for (const event of deferred) {
      if ('request' in event) settle(draft, event.request, isEnding(draft.state.id));
      if (event.type === 'child.exited' && isReported(draft, event))
        change(draft, event.id, { status: 'stopped' });
    }
  }
  return asked;
}

function wentDown(draft: Draft, id: string): void {
  change(draft, id, { status: 'stopped' });
  const { ending } = draft.state;
  const request = ending.asked.get(id);
  if (request !== undefined) settle(draft, request);
  draft.state = { ...draft.state, ending: { ...ending, left: ending.left - 1 } };
  goOn(draft);
}

function goOn(draft: Draft): void {
  const { ending, exitReason = { kind: 'shutdown' } } = draft.state;
  if (ending.left === 0) {
    draft.actions.push({ type: 'exit', reason: exitReason });
    draft.state = { ...draft.state, phase: 'stopped' };
    return;
  }
  let { order } = ending;
  while (order.size > 0 && !isUp(childOf(draft, order.peek() ?? ''))) order = order.pop();
  draft.state = { ...draft.state, ending: { ...ending, order } };
  const next = childOf(draft, order.peek() ?? '');
  if (next !== undefined && !isStopping(next)) askToStop(draft, next);
}

function isReported(
  draft: Draft,
  { id, incarnation }: { readonly id: string; readonly incarnation: number },
  status?: ChildState['status'],
): boolean {
  const child = childOf(draft, id);
  if (child === undefined || child.incarnation !== incarnation || !isAlive(child)) return false;
  return status === undefined || child.status === status;
}

const isUp = (child: ChildState | undefined): boolean => child !== undefined && isAlive(child);
const isStopping = ({ status }: ChildState): boolean => status === 'stopping';

function isEnding(supervisor: string): BanyanError {
  return new BanyanError('actor.ended', { message: `The supervisor '${supervisor}' is stopping` });
}
