/** Whether something has stopped growing: its peaks in the last quarter of a run against those in the one before. */

/** What a run allows the last quarter to be above the third, in percent: memory and logs go up and down. */
export const GROWTH_PERCENT = 10;

export interface Growth {
  readonly name: string;
  /** The highest value of each quarter. */
  readonly peaks: readonly number[];
  /** From the third quarter to the last, in percent; negative when it shrank. */
  readonly percent: number;
  readonly flat: boolean;
}

/** Judges samples that were taken at equal distances; throws with fewer than four. */
export function judgeGrowth(name: string, samples: readonly number[]): Growth {
  if (samples.length < 4) throw new Error(`${samples.length} samples of ${name} are too few.`);
  const peaks = [0, 1, 2, 3].map((quarter) =>
    Math.max(
      ...samples.slice(
        Math.floor((quarter * samples.length) / 4),
        Math.floor(((quarter + 1) * samples.length) / 4),
      ),
    ),
  );
  const [, , third = 0, last = 0] = peaks;
  const percent = third === last ? 0 : (100 * (last - third)) / third;
  return { name, peaks, percent, flat: percent <= GROWTH_PERCENT };
}
