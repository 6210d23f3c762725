/** What people and programs ask of a running supervisor about one child, with OTP's refusals. */
import { BanyanError, type ErrorCode } from '../protocol/errors.ts';
import { backoff } from './backoff.ts';
import { childOf, type Draft, forget, leaveDown, settle } from './draft.ts';
import { returnWithout } from './failure.ts';
import { begin } from './procedure.ts';
import { type ChildRequest, isAlive, newChild, whatIsWrong } from './supervisor-state.ts';

/** Takes a request whose lane is free. */
export function take(draft: Draft, event: ChildRequest): void {
  switch (event.type) {
    case 'start.child':
      return startChild(draft, event);
    case 'terminate.child':
      return terminateChild(draft, event);
    case 'restart.child':
      return restartChild(draft, event);
    case 'delete.child':
      return deleteChild(draft, event);
  }
}

type Asked = Exclude<ChildRequest, { type: 'start.child' }>;

/** Adds a child at the end and starts it. An id that is taken is refused: it would hide the first. */
function startChild(draft: Draft, { child, request }: Extract<ChildRequest, { type: 'start.child' }>): void {
  const { id } = child;
  const wrong = whatIsWrong(child, draft.state.autoShutdown);
  if (wrong !== undefined)
    return settle(draft, request, new BanyanError('definition.invalid', { message: wrong }));
  const present = childOf(draft, id);
  if (present !== undefined) {
    const code = isAlive(present) ? 'child.started' : 'child.present';
    return refuse(draft, request, code, `The supervisor '${draft.state.id}' already has a child '${id}'`);
  }
  const children = draft.state.children.set(id, newChild(child, backoff(draft.state.backoff)));
  draft.state = { ...draft.state, children };
  draft.actions.push({ type: 'learn', id, request });
  begin(draft, id, { starts: [id], purpose: { type: 'add', id, request } });
}

/** Stops a child and keeps its specification, unless it is temporary. */
function terminateChild(draft: Draft, { id, request }: Asked): void {
  const child = childOf(draft, id);
  if (child === undefined) return refuseUnknown(draft, id, request);
  if (isAlive(child)) return begin(draft, id, { stops: [id], purpose: { type: 'terminate', id, request } });
  leaveDown(draft, id);
  settle(draft, request);
  returnWithout(draft, id);
}

/** Starts a child that was terminated or ended. It is somebody's decision, not a failure, and does not count. */
function restartChild(draft: Draft, { id, request }: Asked): void {
  if (!mayHandle(draft, id, request)) return;
  begin(draft, id, { starts: [id], purpose: { type: 'revive', id, request } });
}

/** Forgets a child that is down. */
function deleteChild(draft: Draft, { id, request }: Asked): void {
  if (!mayHandle(draft, id, request)) return;
  forget(draft, id);
  settle(draft, request);
}

/** Both need a child that is down and stays so by itself; without an order they mean nothing. */
function mayHandle(draft: Draft, id: string, request: number): boolean {
  const child = childOf(draft, id);
  if (draft.state.strategy === 'simple_one_for_one')
    refuse(draft, request, 'child.dynamic', `'${draft.state.id}' keeps no child that is down`);
  else if (child === undefined) refuseUnknown(draft, id, request);
  else if (child.status === 'waiting')
    refuse(draft, request, 'child.restarting', `The child '${id}' is about to be restarted`);
  else if (isAlive(child)) refuse(draft, request, 'child.running', `The child '${id}' is running`);
  else return true;
  return false;
}

function refuseUnknown(draft: Draft, id: string, request: number): void {
  refuse(draft, request, 'child.not_found', `The supervisor '${draft.state.id}' has no child '${id}'`);
}

function refuse(draft: Draft, request: number, code: ErrorCode, message: string): void {
  settle(draft, request, new BanyanError(code, { message }));
}
