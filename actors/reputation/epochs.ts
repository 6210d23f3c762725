/**
 * Multi-epoch confirmation, as pure functions.
 *
 * An *epoch* is a window of `epochMs` of message time (60 s, aligned to the clock) in which at least one outcome was
 * observed; windows without any do not exist. Each source of outcomes is confirmed by itself, so that one that a node
 * controls (what it sends) cannot break what another says (what the critic found).
 *
 * A source's *move* is good · 0.01 − bad · 0.02, and its direction the sign of that. A move counts only when three
 * epochs have its direction: the third one confirms the moves of the two before it, each further one counts at its
 * end. Good epochs must follow one another: any other epoch drops what was not confirmed. Bad ones wait until three
 * good ones in a row come: else a node that alternates would keep a high score for ever.
 */
import type { ReputationSettings } from '../settings.ts';
import { latest, moveOf, type Source, type Tally } from './outcomes.ts';

/** What was observed in the epoch that is running. */
export interface Epoch {
  readonly index: number;
  readonly tallies: Readonly<Partial<Record<Source, Tally>>>;
  /** Who voted in it; each counts once. */
  readonly voters: readonly string[];
}

/** Epochs of one direction that agree so far. */
interface Run {
  readonly epochs: number;
  /** The sum of moves that wait for confirmation. */
  readonly pending: number;
  readonly evidence: readonly string[];
}
export interface Agreement {
  readonly good: Run;
  readonly bad: Run;
}

/** A move that enough epochs confirmed. */
export interface Confirmed {
  readonly move: number;
  readonly epochs: number;
  readonly evidence: readonly string[];
}

const noRun: Run = { epochs: 0, pending: 0, evidence: [] };
export const noAgreement: Agreement = { good: noRun, bad: noRun };

/** Below this a move is none: what sums of steps leave by rounding. */
const NO_MOVE = 1e-9;

/** Ends an epoch of one source: the new agreement, and the move that is confirmed by it. */
export function endEpoch(
  agreement: Agreement,
  tally: Tally,
  settings: ReputationSettings,
): { agreement: Agreement; confirmed: Confirmed | null } {
  const move = moveOf(tally, settings);
  if (Math.abs(move) < NO_MOVE) return { agreement: { ...agreement, good: noRun }, confirmed: null };
  const side = move > 0 ? 'good' : 'bad';
  const before = agreement[side];
  const run: Run = {
    epochs: before.epochs + 1,
    pending: before.pending + move,
    evidence: latest([...before.evidence, ...tally.evidence]),
  };
  const isConfirmed = run.epochs >= settings.epochsNeeded;
  const after = isConfirmed ? { ...run, pending: 0, evidence: [] } : run;
  const confirmed = isConfirmed ? { move: run.pending, epochs: run.epochs, evidence: run.evidence } : null;
  if (side === 'bad') return { agreement: { good: noRun, bad: after }, confirmed };
  return { agreement: { good: after, bad: isConfirmed ? noRun : agreement.bad }, confirmed };
}
