/** What a benchmark hands over, and the few statistics they share. */

/** One line of the table. */
export interface Measurement {
  readonly bench: string;
  readonly measure: string;
  readonly unit: string;
  /** Ours. */
  readonly value: number;
  /** The raw library's, measured in the same run. */
  readonly raw?: number;
  /** Ours against the raw one, and what it should be, as text: `>= 2`. */
  readonly ratio?: number;
  readonly aim?: string;
  /** Every run's value, in order: how far they are apart says how much the median is worth. */
  readonly runs?: readonly number[];
  readonly note?: string;
}

/** A benchmark that could not run, and why. */
export interface Skipped {
  readonly bench: string;
  readonly skipped: string;
}

export type Result = Measurement | Skipped;

export interface Bench {
  readonly name: string;
  /** `say` takes a line now and then, from one that takes minutes. */
  run(say: (line: string) => void): Promise<readonly Result[]>;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The smallest value that at least `percent` of the values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1);
  return sorted[place] ?? Number.NaN;
}

/** Microseconds on the clock that all processes of a machine share. */
export const nowUs = (): number => Number(process.hrtime.bigint()) / 1_000;

export const seconds = (sinceUs: number): number => (nowUs() - sinceUs) / 1_000_000;
