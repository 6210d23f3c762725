/** Between a failure and the restart: a child that backs off, and whoever waits with it. */
import type { Stack } from 'immutable';
import { failed, nextDelayMs } from './backoff.ts';
import { change, childOf, type Draft } from './draft.ts';
import type { ChildState, PendingRestart } from './supervisor-state.ts';

/**
 * Lets a child that is down wait for its next start; returns for how long. Zero is no wait for whoever can restart it
 * at once. What was to start with it, `others`, waits with it.
 */
export function backOff(
  draft: Draft,
  id: string,
  { reason, random, counted }: Omit<PendingRestart, 'timer' | 'delayMs'> & { readonly random: number },
  others?: Stack<string>,
): number {
  const backoff = failed((childOf(draft, id) as ChildState).backoff, draft.now);
  const delayMs = nextDelayMs(backoff, random);
  const timer = draft.state.timersSet + 1;
  draft.state = { ...draft.state, timersSet: timer };
  change(draft, id, { backoff, status: 'waiting', pending: { timer, delayMs, counted, reason } });
  if (delayMs > 0) for (const other of others ?? []) change(draft, other, { awaits: id });
  if (delayMs > 0 || !counted || others !== undefined)
    draft.actions.push({ type: 'restartLater', id, timer, delayMs });
  return delayMs;
}
