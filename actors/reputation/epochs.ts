/**
 * Multi-epoch confirmation, as pure functions.
 *
 * An *epoch* is a window of `epochMs` of message time (60 s, aligned to the clock) in which at least one
 * outcome was observed; windows without any do not exist. Its *move* is good · 0.01 − bad · 0.02, and its
 * direction the sign of that. A move counts only when the last three epochs have the same direction: the
 * third one confirms the moves of the two before it, each further one counts at its end. An epoch with
 * another direction, or without one, drops what was not confirmed.
 */
import type { ReputationSettings } from '../settings.ts';

/** What was observed in the epoch that is running. */
export interface Epoch {
  readonly index: number;
  readonly good: number;
  readonly bad: number;
  /** The latest few; all outcomes count. */
  readonly evidence: readonly string[];
}

/** The epochs in a row that agree so far. */
export interface Agreement {
  readonly direction: -1 | 0 | 1;
  readonly epochs: number;
  /** The sum of moves that wait for confirmation. */
  readonly pending: number;
  readonly evidence: readonly string[];
}

export const noAgreement: Agreement = { direction: 0, epochs: 0, pending: 0, evidence: [] };

/** Pieces of evidence kept with an epoch and with a change. */
const EVIDENCE_MAX = 5;
const latest = (evidence: readonly string[]): readonly string[] => evidence.slice(-EVIDENCE_MAX);

/** Adds outcomes to the running epoch, or begins one. */
export function observeIn(
  epoch: Epoch | null,
  index: number,
  outcome: { good: number; bad: number; evidence: string },
): Epoch {
  const current = epoch ?? { index, good: 0, bad: 0, evidence: [] };
  return {
    index: current.index,
    good: current.good + outcome.good,
    bad: current.bad + outcome.bad,
    evidence: latest([...current.evidence, outcome.evidence]),
  };
}

/** Ends an epoch: the new agreement, and the move that is confirmed by it (0 for none). */
export function endEpoch(
  agreement: Agreement,
  epoch: Epoch,
  settings: ReputationSettings,
): { agreement: Agreement; confirmed: number; evidence: readonly string[] } {
  const move = epoch.good * settings.goodStep - epoch.bad * settings.badStep;
  const direction = Math.abs(move) < 1e-9 ? 0 : move > 0 ? 1 : -1;
  if (direction === 0) return { agreement: noAgreement, confirmed: 0, evidence: [] };
  const before = agreement.direction === direction ? agreement : noAgreement;
  const evidence = latest([...before.evidence, ...epoch.evidence]);
  const grown = { direction, epochs: before.epochs + 1, pending: before.pending + move, evidence } as const;
  if (grown.epochs < settings.epochsNeeded) return { agreement: grown, confirmed: 0, evidence: [] };
  return { agreement: { ...grown, pending: 0, evidence: [] }, confirmed: grown.pending, evidence };
}

/** A score moved within its bounds, rounded to millionths so that sums of steps stay readable. */
export function moved(score: number, by: number, settings: ReputationSettings): number {
  return Math.round(Math.min(settings.max, Math.max(settings.min, score + by)) * 1e6) / 1e6;
}
