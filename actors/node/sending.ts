/**
 * How fast a node offers batches to intake: additive increase, multiplicative decrease (Chiu and Jain, 1989), as
 * TCP does it. The window says how many batches may be open at a time. A batch that intake refuses for now halves
 * it and holds sending back for as long as the refusal says; a batch that it takes whole widens it by one step.
 */
import { now } from '../../runtime/effects.ts';
import type { NodeSettings } from '../settings.ts';
import type { SubmissionResult } from './contract.ts';
import type { Draft } from './node-context.ts';
import { hungry, targets, type TargetRow } from './tables.ts';

export interface Sending {
  /** Batches that may be open at a time, 1 or more; a fraction counts towards the next one. */
  readonly window: number;
  /** Until when nothing is offered, because intake said so; null when nothing is held back. */
  readonly heldUntilMs: number | null;
  /** What intake said last, and with which code. */
  readonly refusal: { readonly code: string; readonly message: string; readonly atMs: number } | null;
  /** Batches before this one were on their way when the window was halved last: their refusals are no news. */
  readonly halvedAtBatch: number;
  /** Since the beginning. */
  readonly refusedBatches: number;
}

/** Refusals that say "not so fast"; any other one is about the item. */
const congestion = new Set(['quota.exceeded', 'overload']);

export const initialSending = (windowMax: number): Sending => ({
  window: windowMax,
  heldUntilMs: null,
  refusal: null,
  halvedAtBatch: 0,
  refusedBatches: 0,
});

/** Batches that a node of this capacity may have open when intake takes everything. */
export const windowMax = (capacity: number, { openBatchesFactor }: NodeSettings): number =>
  Math.max(1, capacity * openBatchesFactor);

/** The window after a batch, within 1 … `max`. */
export function nextWindow(
  window: number,
  batch: 'taken' | 'refused',
  max: number,
  { windowIncrease, windowDecrease }: NodeSettings,
): number {
  const next = batch === 'taken' ? window + windowIncrease : window * windowDecrease;
  return Math.min(max, Math.max(1, next));
}

/** What intake's answer to a batch means for the next ones. Returns whether sending is held back by it. */
export function heed(draft: Draft, result: SubmissionResult, settings: NodeSettings): boolean {
  const { sending } = draft;
  const max = windowMax(draft.capacity, settings);
  const refusals = result.rejected
    .map(({ error }) => error)
    .filter(({ code }) => congestion.has(String(code)));
  const [first] = refusals;
  if (first === undefined) {
    draft.sending = { ...sending, window: nextWindow(sending.window, 'taken', max, settings) };
    return false;
  }
  const news = Number(result.batch.slice(1)) >= sending.halvedAtBatch;
  const waitMs = Math.max(
    ...refusals.map(({ retryAfterMs }) =>
      typeof retryAfterMs === 'number' ? Math.max(1, retryAfterMs) : settings.retryAfterMs,
    ),
  );
  draft.sending = {
    window: news ? nextWindow(sending.window, 'refused', max, settings) : sending.window,
    heldUntilMs: Math.max(sending.heldUntilMs ?? 0, Math.ceil(now() + waitMs)),
    refusal: {
      code: String(first['code']),
      message: typeof first['message'] === 'string' ? first['message'] : '',
      atMs: now(),
    },
    halvedAtBatch: news ? draft.nextBatch : sending.halvedAtBatch,
    refusedBatches: sending.refusedBatches + 1,
  };
  return true;
}

/** A machine with another capacity: a window that was wide open stays so. */
export function resize(draft: Draft, capacity: number, settings: NodeSettings): void {
  const [before, after] = [windowMax(draft.capacity, settings), windowMax(capacity, settings)];
  const window = draft.sending.window >= before ? after : Math.min(draft.sending.window, after);
  draft.sending = { ...draft.sending, window };
}

/** Whether what this target has must wait. Quotas do not hold back what the user named. */
export function isHeld({ sending }: Pick<Draft, 'sending'>, { exempt }: Pick<TargetRow, 'exempt'>): boolean {
  const { heldUntilMs, refusal } = sending;
  if (heldUntilMs === null || now() >= heldUntilMs) return false;
  return !exempt || refusal?.code !== 'quota.exceeded';
}

/** Whether another batch fits the window. */
export const hasRoom = ({ sending, open }: Draft): boolean => open < Math.floor(sending.window);

/** The next target in turn that has items and is not held back. */
export function nextHungry(draft: Draft): string | undefined {
  for (const range of [{ gt: draft.lastServed }, {}]) {
    for (const [id] of hungry.range(range)) {
      const row = targets.get(id);
      if (row !== undefined && !isHeld(draft, row)) return id;
    }
  }
  return undefined;
}

/** Targets that wait for nothing but the end of the hold. */
export function* heldTargets(draft: Draft): Generator<string> {
  for (const [id] of hungry.range()) {
    const row = targets.get(id);
    if (row !== undefined && row.attempt !== null && isHeld(draft, row)) yield id;
  }
}

/** For the status query: the window, and why it is not wide open. */
export function describeSending(
  { sending, capacity }: Draft | Readonly<Draft>,
  settings: NodeSettings,
): object {
  const { window, heldUntilMs, refusal, refusedBatches } = sending;
  const max = windowMax(capacity, settings);
  return { window: Math.floor(window), windowMax: max, heldUntilMs, refusal, refusedBatches };
}
