/**
 * How many votes an hour are usual for one node, and whether the running hour is a burst.
 *
 * Mean and variance of the hours before are exponentially weighted (T. Finch, Incremental calculation of weighted mean
 * and variance, 2009), hours without a vote included. Counts of independent votes vary by the root of their mean even
 * if nothing is wrong, so the deviation is never taken for less than that.
 */
import type { ReputationSettings } from '../settings.ts';

export interface History {
  /** The running window, and the votes in it. */
  readonly index: number;
  readonly count: number;
  /** Of the windows before it. */
  readonly windows: number;
  readonly mean: number;
  readonly variance: number;
}

export const noHistory: History = { index: 0, count: 0, windows: 0, mean: 0, variance: 0 };

/** After so many windows without a vote the mean is as good as 0, whatever it was. */
const EMPTY_WINDOWS_MAX = 200;

/** Counts a vote at a moment, closing the windows before it. */
export function countIn(history: History, atMs: number, settings: ReputationSettings): History {
  const index = Math.floor(atMs / settings.burstWindowMs);
  if (history.count === 0) return { ...history, index, count: 1 };
  if (index <= history.index) return { ...history, count: history.count + 1 };
  let closed = close(history, history.count, settings);
  const empty = Math.min(EMPTY_WINDOWS_MAX, index - history.index - 1);
  for (let window = 0; window < empty; window++) closed = close(closed, 0, settings);
  return { ...closed, index, count: 1 };
}

/** How many deviations the running window lies above the usual; 0 while too few windows say what is usual. */
export function burstOf({ count, windows, mean, variance }: History, settings: ReputationSettings): number {
  if (windows < settings.burstMinWindows || count < settings.burstMinVotes) return 0;
  if (count < settings.burstTimes * mean) return 0;
  return (count - mean) / Math.sqrt(Math.max(variance, mean, 1));
}

function close(history: History, count: number, { burstMemory: memory }: ReputationSettings): History {
  if (history.windows === 0) return { ...history, windows: 1, mean: count, variance: 0 };
  const step = (1 - memory) * (count - history.mean);
  return {
    ...history,
    windows: history.windows + 1,
    mean: history.mean + step,
    variance: memory * (history.variance + step * (count - history.mean)),
  };
}
