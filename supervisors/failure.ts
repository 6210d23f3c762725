/**
 * What follows when a child fails: it counts, unless its fault is declared to be passing; too often, and the
 * supervisor gives up; else whoever shares its fate stops, and all return after the child's back-off.
 *
 * A failed attempt at a restart counts when it is tried again, as in OTP: whoever stops the child or the supervisor
 * before that has come in between.
 */
import type { ExitReason } from './child-spec.ts';
import { change, childOf, type Draft } from './draft.ts';
import { stopAll } from './ending.ts';
import { backOff, tryLater } from './pending-restart.ts';
import { begin } from './procedure.ts';
import { addRestart } from './restart-intensity.ts';
import { type ChildState, isAlive, type SupervisorState } from './supervisor-state.ts';

interface Failed {
  readonly reason: ExitReason;
  readonly random: number;
  readonly transient: boolean;
}

/** A child that is to be restarted has ended by itself. */
export function restart(draft: Draft, id: string, failure: Failed): void {
  change(draft, id, { status: 'stopped' });
  if (!failure.transient && !mayRestart(draft, id, failure.reason)) return;
  const pending = backOff(draft, id, { ...failure, counted: true });
  if (pending.delayMs === 0) return restartNow(draft, id);
  tryLater(draft, id, pending);
  const others = affectedBy(draft.state, id).filter((child) => child.id !== id);
  for (const { id: other, status, awaits } of others)
    if (status === 'waiting' || awaits !== undefined)
      change(draft, other, { status: 'stopped', pending: undefined, awaits: id });
  const stops = ids(others.filter(isAlive).toReversed());
  if (stops.length > 0) begin(draft, id, { stops, purpose: { type: 'clear', leader: id } });
}

/** The back-off of a child is over. */
export function restartDue(draft: Draft, id: string, timer: number): void {
  const pending = childOf(draft, id)?.pending;
  // It was terminated, or returned with its group, or failed again and backs off longer.
  if (pending === undefined || (pending.timer !== timer && pending.delayMs > 0)) return;
  if (!pending.counted && !mayRestart(draft, id, pending.reason)) return;
  restartNow(draft, id);
}

/** Those who waited for a child that does not return now return without it. */
export function returnWithout(draft: Draft, leader: string): void {
  const starts = draft.state.children
    .valueSeq()
    .filter(({ awaits }) => awaits === leader)
    .map(({ id }) => id)
    .toArray();
  for (const id of starts) change(draft, id, { awaits: undefined });
  if (starts.length > 0) begin(draft, leader, { starts, purpose: { type: 'restart' } });
}

function restartNow(draft: Draft, id: string): void {
  const affected = affectedBy(draft.state, id);
  // Whoever of them was waiting returns now.
  for (const child of affected)
    if (child.status === 'waiting') change(draft, child.id, { status: 'stopped', pending: undefined });
  begin(draft, id, {
    stops: ids(affected.filter(isAlive).toReversed()),
    starts: ids(affected),
    purpose: { type: 'restart' },
  });
}

/** Counts a restart; false when it is one too many, and the supervisor gives up. */
function mayRestart(draft: Draft, id: string, reason: ExitReason): boolean {
  const { state, giveUp } = addRestart(draft.state.intensity, draft.now);
  draft.state = { ...draft.state, intensity: state };
  if (!giveUp) return true;
  draft.actions.push({ type: 'giveUp', id, reason });
  change(draft, id, { status: 'stopped', pending: undefined });
  draft.state = { ...draft.state, gaveUp: true };
  // An orderly end, so that a transient supervisor is not started again by its parent.
  stopAll(draft, { kind: 'shutdown', error: reason.error });
  return false;
}

/** Who returns with a child that failed, in start order, it included: also those that had ended or were terminated. */
function affectedBy({ strategy, children }: SupervisorState, id: string): ChildState[] {
  switch (strategy) {
    case 'one_for_one':
    case 'simple_one_for_one':
      return [children.get(id) as ChildState];
    case 'one_for_all':
      return children.valueSeq().toArray();
    case 'rest_for_one':
      return children
        .valueSeq()
        .skipUntil((child) => child.id === id)
        .toArray();
  }
}

const ids = (children: readonly ChildState[]): string[] => children.map((child) => child.id);
