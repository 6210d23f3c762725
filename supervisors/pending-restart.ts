/** Between a failure and the restart: a child that backs off, and whoever waits with it. */
import { failed, nextDelayMs } from './backoff.ts';
import { change, childOf, type Draft } from './draft.ts';
import type { ChildState, PendingRestart } from './supervisor-state.ts';

/** Lets a child that is down wait for its next start. */
export function backOff(
  draft: Draft,
  id: string,
  { reason, random, counted }: Pick<PendingRestart, 'reason' | 'counted'> & { readonly random: number },
): PendingRestart {
  const backoff = failed((childOf(draft, id) as ChildState).backoff, draft.now);
  const timer = draft.state.timersSet + 1;
  draft.state = { ...draft.state, timersSet: timer };
  const pending = { timer, delayMs: nextDelayMs(backoff, random), counted, reason };
  change(draft, id, { backoff, status: 'waiting', pending });
  return pending;
}

/**
 * Comes back to a waiting child when its back-off is over, through the mailbox also when there is none. What was to
 * start with it waits with it.
 */
export function tryLater(
  draft: Draft,
  id: string,
  { timer, delayMs }: PendingRestart,
  others: Iterable<string> = [],
): void {
  if (delayMs > 0) for (const other of others) change(draft, other, { awaits: id });
  draft.actions.push({ type: 'restartLater', id, timer, delayMs });
}
