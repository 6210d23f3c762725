/**
 * Counts items over a rolling window of message time, exactly: an item counts while its time is later than
 * now minus the window. Counts are a tree of minutes, seconds and milliseconds. Only the window's two ends are
 * looked at closely, so a turn touches a few small rows per scope however many items the window holds.
 */
import { defineTable } from '../../runtime/table.ts';

/** `[minute, second or time in ms; items]`, oldest first. */
type Counts = readonly (readonly [at: number, items: number])[];

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
/** Minutes that one turn forgets at most: bounds the rows it deletes. What is left does not count any more. */
const minutesForgotten = 2;

/** Per scope. */
export const quotas = defineTable<{ readonly minutes: Counts }>('quotas');
/** Per scope and minute. */
export const quotaMinutes = defineTable<{ readonly seconds: Counts }>('quotaMinutes', {
  version: 2,
  // Rows of version 1 hold exact times; their seconds have no row of their own and count as a whole.
  migrate: ({ entries }: { entries: Counts }) => ({
    seconds: entries.reduce<Counts>((all, [at, items]) => added(all, secondOf(at), items), []),
  }),
});
/** Per scope and second. */
export const quotaSeconds = defineTable<{ readonly times: Counts }>('quotaSeconds');

const minuteOf = (atMs: number): number => Math.floor(atMs / minuteMs);
const secondOf = (atMs: number): number => Math.floor(atMs / secondMs);
const rowKey = (scope: string, at: number): string => `${scope}|${String(at).padStart(12, '0')}`;

/** Items of `scope` within the window that ends at `nowMs`. */
export function used(scope: string, nowMs: number, windowMs: number): number {
  const since = nowMs - windowMs;
  return itemsAfter(since, quotas.get(scope)?.minutes ?? [], minuteMs, (minute) =>
    itemsAfter(since, secondsOf(scope, minute), secondMs, (second, inSecond) =>
      leaving(scope, second, inSecond).reduce((sum, [atMs, items]) => sum + (atMs > since ? items : 0), 0),
    ),
  );
}

/** Counts `items` at `nowMs`, and forgets what left the window. */
export function count(scope: string, items: number, nowMs: number, windowMs: number): void {
  const [minute, second] = [minuteOf(nowMs), secondOf(nowMs)];
  const minutes = forgetExpired(scope, quotas.get(scope)?.minutes ?? [], nowMs - windowMs);
  quotas.put(scope, { minutes: added(minutes, minute, items) });
  quotaMinutes.put(rowKey(scope, minute), { seconds: added(secondsOf(scope, minute), second, items) });
  quotaSeconds.put(rowKey(scope, second), { times: added(timesOf(scope, second), nowMs, items) });
}

/** How long until `items` of those in the window have left it, or all of them if there are fewer; at least 1 (ms). */
export function freeAfterMs(scope: string, items: number, nowMs: number, windowMs: number): number {
  const since = nowMs - windowMs;
  let missing = Math.min(items, used(scope, nowMs, windowMs));
  if (missing <= 0) return 1;
  for (const [minute, inMinute] of quotas.get(scope)?.minutes ?? []) {
    // The counts of a whole minute or second are enough, unless the last of the items stands in it.
    if (start(minute, minuteMs) > since && inMinute < missing) {
      missing -= inMinute;
      continue;
    }
    for (const [second, inSecond] of secondsOf(scope, minute)) {
      for (const [atMs, atOnce] of leaving(scope, second, inSecond)) {
        if (atMs <= since) continue;
        missing -= atOnce;
        if (missing <= 0) return atMs + windowMs - nowMs;
      }
    }
  }
  return windowMs;
}

const start = (at: number, unitMs: number): number => at * unitMs;
/** The last moment of a minute or a second. */
const end = (at: number, unitMs: number): number => (at + 1) * unitMs - 1;

const secondsOf = (scope: string, minute: number): Counts =>
  quotaMinutes.get(rowKey(scope, minute))?.seconds ?? [];
const timesOf = (scope: string, second: number): Counts =>
  quotaSeconds.get(rowKey(scope, second))?.times ?? [];

/** When the items of a second leave the window, less the window. Without exact times they leave at its end. */
function leaving(scope: string, second: number, inSecond: number): Counts {
  const times = timesOf(scope, second);
  const exact = times.reduce((sum, [, items]) => sum + items, 0);
  return exact < inSecond ? [...times, [end(second, secondMs), inSecond - exact]] : times;
}

/** Items later than `since`; `within` counts those of the one unit that `since` falls into. */
function itemsAfter(
  since: number,
  counts: Counts,
  unitMs: number,
  within: (at: number, items: number) => number,
): number {
  let sum = 0;
  for (const [at, items] of counts) {
    if (end(at, unitMs) <= since) continue;
    sum += start(at, unitMs) > since ? items : within(at, items);
  }
  return sum;
}

/** Times never run backwards, so what is added belongs to the last one or behind it. */
function added(counts: Counts, at: number, items: number): Counts {
  const last = counts.at(-1);
  return last?.[0] === at ? [...counts.slice(0, -1), [at, last[1] + items]] : [...counts, [at, items]];
}

function forgetExpired(scope: string, minutes: Counts, since: number): Counts {
  const expired = minutes.slice(0, minutesForgotten).filter(([minute]) => end(minute, minuteMs) <= since);
  for (const [minute] of expired) {
    for (const [second] of secondsOf(scope, minute)) quotaSeconds.delete(rowKey(scope, second));
    quotaMinutes.delete(rowKey(scope, minute));
  }
  return minutes.slice(expired.length);
}
