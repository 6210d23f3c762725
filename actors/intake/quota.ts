/**
 * Counts items over a rolling window of message time, exactly: an item counts while its time is later than
 * now minus the window. Counts are kept per minute with the exact times inside each minute, so a turn reads
 * and writes at most three rows per scope however many items there are.
 */
import { defineTable } from '../../runtime/table.ts';

const minuteMs = 60_000;

/** Per scope: `[minute, items]`, oldest first. */
export const quotas = defineTable<{ readonly minutes: readonly (readonly [number, number])[] }>('quotas');
/** Per scope and minute: `[time in ms, items]`, oldest first. */
export const quotaMinutes = defineTable<{ readonly entries: readonly (readonly [number, number])[] }>(
  'quotaMinutes',
);

const minuteKey = (scope: string, minute: number): string => `${scope}|${String(minute).padStart(12, '0')}`;

/** Items of `scope` within the window that ends at `nowMs`. */
export function used(scope: string, nowMs: number, windowMs: number): number {
  let sum = 0;
  for (const [minute, items] of quotas.get(scope)?.minutes ?? []) {
    if (expired(minute, nowMs, windowMs)) continue;
    if (minute * minuteMs > nowMs - windowMs) sum += items;
    else sum += itemsAfter(scope, minute, nowMs - windowMs);
  }
  return sum;
}

/** Counts `items` at `nowMs`, and forgets what left the window. */
export function count(scope: string, items: number, nowMs: number, windowMs: number): void {
  const minutes: [number, number][] = [];
  for (const [minute, before] of quotas.get(scope)?.minutes ?? []) {
    if (expired(minute, nowMs, windowMs)) quotaMinutes.delete(minuteKey(scope, minute));
    else minutes.push([minute, before]);
  }
  const minute = Math.floor(nowMs / minuteMs);
  const entries = [...(quotaMinutes.get(minuteKey(scope, minute))?.entries ?? [])];
  const last = entries.at(-1);
  if (last?.[0] === nowMs) entries[entries.length - 1] = [nowMs, last[1] + items];
  else entries.push([nowMs, items]);
  const current = minutes.at(-1);
  if (current?.[0] === minute) current[1] += items;
  else minutes.push([minute, items]);
  quotas.put(scope, { minutes });
  quotaMinutes.put(minuteKey(scope, minute), { entries });
}

/**
 * How long until `items` of those in the window have left it, or all of them if there are fewer; to the
 * minute, never too short.
 */
export function freeAfterMs(scope: string, items: number, nowMs: number, windowMs: number): number {
  let freed = 0;
  let until = nowMs;
  for (const [minute, inMinute] of quotas.get(scope)?.minutes ?? []) {
    if (expired(minute, nowMs, windowMs)) continue;
    const partly = minute * minuteMs <= nowMs - windowMs;
    freed += partly ? itemsAfter(scope, minute, nowMs - windowMs) : inMinute;
    until = (minute + 1) * minuteMs + windowMs;
    if (freed >= items) break;
  }
  return Math.max(1, until - nowMs);
}

/** Whether even the last moment of the minute has left the window. */
const expired = (minute: number, nowMs: number, windowMs: number): boolean =>
  (minute + 1) * minuteMs - 1 <= nowMs - windowMs;

function itemsAfter(scope: string, minute: number, afterMs: number): number {
  let sum = 0;
  for (const [atMs, items] of quotaMinutes.get(minuteKey(scope, minute))?.entries ?? []) {
    if (atMs > afterMs) sum += items;
  }
  return sum;
}
