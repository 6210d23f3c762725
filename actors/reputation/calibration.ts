/**
 * Calibration: the confidence that a node claimed for an item, compared with the critic's verdict on it.
 *
 * Claims are kept in bins (0–0.2, 0.2–0.4, …) and all together, so that modest claims for good items do not pay for
 * bold claims for bad ones. In each bin, newer verdicts weighing more (each one the older ones by `memory`):
 *
 *     overconfidence  o = Σw·(claim − good) / Σw
 *     if claims were right, its standard error is  se = √(Σw²·c·(1 − c)) / Σw
 *     established     when  o > tolerance + z·se + 1/(2·Σw)
 *
 * that is: what chance explains, and half an outcome for the steps in which so few outcomes come, is no guilt. (The
 * statistic is Spiegelhalter's test of calibration, Statistics in Medicine 5, 1986, with the variance it has under
 * honest claims.) A node that was established to exaggerate loses the share o of its score, within `penaltyMin` and
 * `penaltyMax`. Too modest a claim costs nothing.
 */
import type { ReputationSettings } from '../settings.ts';

/** Sums over verdicts, the newer ones weighing more. */
interface Bin {
  readonly weight: number;
  readonly claimed: number;
  readonly good: number;
  /** Of the sum of outcomes, if the claims were right. */
  readonly variance: number;
}

export interface Calibration {
  /** One per range of claims, and one over all of them at the end. */
  readonly bins: readonly Bin[];
  /** Epochs with verdicts. */
  readonly cycles: number;
  /** The share of the score that exaggeration costs, 0..`penaltyMax`. */
  readonly penalty: number;
}

/** What a node claimed and what came of it, over all verdicts that still weigh. */
export interface CalibrationSummary {
  readonly penalty: number;
  readonly verdicts: number;
  readonly claimed: number | null;
  readonly good: number | null;
}

/** A claim of certainty is not taken at its word: with no variance a single rejection would prove anything. */
const CERTAIN = 0.95;
/** Penalties move in steps of 0.05, so that each verdict is not a change of its own. */
const STEPS = 20;
/** A faded penalty below this is none. */
const NEGLIGIBLE = 0.0005;

const empty: Bin = { weight: 0, claimed: 0, good: 0, variance: 0 };

export function noCalibration(settings: ReputationSettings): Calibration {
  return {
    bins: Array.from({ length: settings.calibrationBins + 1 }, () => empty),
    cycles: 0,
    penalty: 0,
  };
}

/** Takes one verdict on an item for which `claimed` was claimed. */
export function compare(
  calibration: Calibration,
  claimed: number,
  isGood: boolean,
  settings: ReputationSettings,
): Calibration {
  const own = Math.min(settings.calibrationBins - 1, Math.floor(claimed * settings.calibrationBins));
  const { calibrationMemory: memory } = settings;
  const sure = Math.min(CERTAIN, Math.max(1 - CERTAIN, claimed));
  const bins = calibration.bins.map((bin, index) =>
    index === own || index === settings.calibrationBins
      ? {
          weight: memory * bin.weight + 1,
          claimed: memory * bin.claimed + claimed,
          good: memory * bin.good + (isGood ? 1 : 0),
          variance: memory ** 2 * bin.variance + sure * (1 - sure),
        }
      : bin,
  );
  return { ...calibration, bins };
}

/** Ends an epoch with verdicts: what exaggeration costs from now on, and what shows it. */
export function endCycle(
  calibration: Calibration,
  settings: ReputationSettings,
): { calibration: Calibration; evidence: readonly string[] } {
  const cycles = calibration.cycles + 1;
  const proven = calibration.bins
    .map((bin, index) => ({ bin, index }))
    .filter(({ bin }) => exaggerates(bin, settings));
  if (proven.length === 0 || cycles < settings.epochsNeeded)
    return { calibration: { ...calibration, cycles, penalty: 0 }, evidence: [] };
  const worst = Math.max(...proven.map(({ bin }) => overconfidenceOf(bin)));
  const penalty = Math.min(
    settings.calibrationPenaltyMax,
    Math.max(settings.calibrationPenaltyMin, Math.round(worst * STEPS) / STEPS),
  );
  return {
    calibration: { ...calibration, cycles, penalty },
    evidence: proven.map(({ bin, index }) => describe(bin, index, settings)),
  };
}

/** Fades with inactivity, as the score does: `share` is what stays. */
export function faded(calibration: Calibration, share: number): Calibration {
  const penalty = calibration.penalty * share;
  return {
    ...calibration,
    penalty: penalty < NEGLIGIBLE ? 0 : penalty,
    bins: calibration.bins.map(({ weight, claimed, good, variance }) => ({
      weight: weight * share,
      claimed: claimed * share,
      good: good * share,
      variance: variance * share ** 2,
    })),
  };
}

export function summaryOf({ bins, penalty }: Calibration): CalibrationSummary {
  const all = bins.at(-1) ?? empty;
  const share = (sum: number): number | null =>
    all.weight === 0 ? null : Math.round((sum / all.weight) * 1e4) / 1e4;
  return {
    penalty: Math.round(penalty * 1e4) / 1e4,
    verdicts: Math.round(all.weight * 10) / 10,
    claimed: share(all.claimed),
    good: share(all.good),
  };
}

const overconfidenceOf = ({ claimed, good, weight }: Bin): number => (claimed - good) / weight;

function exaggerates(bin: Bin, settings: ReputationSettings): boolean {
  // The newest verdict weighs 1 and older ones less, so five of them weigh a little less than five.
  if (bin.weight < settings.calibrationMinVerdicts - 0.5) return false;
  const chance = settings.calibrationZ * Math.sqrt(bin.variance) + 0.5;
  return overconfidenceOf(bin) > settings.calibrationTolerance + chance / bin.weight;
}

function describe(bin: Bin, index: number, { calibrationBins: bins }: ReputationSettings): string {
  const range =
    index === bins
      ? 'all claims'
      : `claims of ${(index / bins).toFixed(2)}–${((index + 1) / bins).toFixed(2)}`;
  const mean = (sum: number): number => sum / bin.weight;
  return (
    `${range}: ${mean(bin.claimed).toFixed(2)} on average, ` +
    `${Math.round(mean(bin.good) * 100)} % of about ${Math.round(bin.weight)} verdicts were good`
  );
}
