/** What a node's last attempts measure. Nothing here is assumed: without attempts there is no measure. */
import type { OrchestratorSettings } from '../settings.ts';

/** `[outcome, items, quality, duration in ms]`; outcome: 1 success, 0 failure, 2 empty. */
export type AttemptRecord = readonly [outcome: 0 | 1 | 2, items: number, quality: number, durationMs: number];

export interface Measures {
  /** Attempts that succeeded or failed; an empty one is neither. */
  readonly attempts: number;
  readonly empty: number;
  /** Null without attempts. */
  readonly successRate: number | null;
  /** Mean over the attempts that offered items; null without. */
  readonly meanQuality: number | null;
  readonly meanDurationMs: number | null;
  /** 0.4·success + 0.4·quality + 0.2·(1 − min(1, duration/60 s)); null until something succeeded or failed. */
  readonly usefulness: number | null;
}

export function measure(records: readonly AttemptRecord[], settings: OrchestratorSettings): Measures {
  const judged = records.filter(([outcome]) => outcome !== 2);
  const offering = records.filter(([, items]) => items > 0);
  const successRate = mean(judged.map(([outcome]) => outcome));
  const meanQuality = mean(offering.map(([, , quality]) => quality));
  const meanDurationMs = mean(records.map(([, , , durationMs]) => durationMs));
  const { usefulnessSuccessWeight, usefulnessQualityWeight, usefulnessSpeedWeight, slowMs } = settings;
  const usefulness =
    successRate === null
      ? null
      : usefulnessSuccessWeight * successRate +
        usefulnessQualityWeight * (meanQuality ?? 0) +
        usefulnessSpeedWeight * (1 - Math.min(1, (meanDurationMs ?? 0) / slowMs));
  return {
    attempts: judged.length,
    empty: records.length - judged.length,
    successRate,
    meanQuality,
    meanDurationMs,
    usefulness,
  };
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
