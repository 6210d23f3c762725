/** What every campaign is: many runs, each from its own seed, each with something to say when it fails. */

export interface CampaignOptions {
  readonly runs: number;
  /** The first run's seed; the others follow it. */
  readonly seed: number;
  /** Which of the campaign's modes; all in turn without it. */
  readonly mode?: string;
  /** How long, for a campaign that is one long run. */
  readonly minutes?: number;
  /** Takes one line after each run. */
  readonly progress: (line: string) => void;
}

export interface CampaignResult {
  /** Runs that were checked. */
  readonly runs: number;
  readonly failures: readonly { readonly seed: number; readonly what: string }[];
  /** What else was counted, by name. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface Campaign {
  readonly name: string;
  /** One line for the list. */
  readonly about: string;
  readonly modes: readonly string[];
  readonly defaultRuns: number;
  run(options: CampaignOptions): Promise<CampaignResult>;
}

const Z_95 = 1.959964;

/**
 * The highest rate of failures that so many runs leave plausible: the upper end of Wilson's score interval at
 * 95 % (E. B. Wilson, Probable inference, JASA 22, 1927). No failure in 100 runs still leaves 3.7 %.
 */
export function wilsonUpper(failures: number, runs: number): number {
  if (runs === 0) return 1;
  const rate = failures / runs;
  const square = Z_95 ** 2;
  const spread = Z_95 * Math.sqrt((rate * (1 - rate)) / runs + square / (4 * runs ** 2));
  return Math.min(1, (rate + square / (2 * runs) + spread) / (1 + square / runs));
}
