/**
 * What the outcomes of one epoch weigh, by their source.
 *
 * - A **verdict** is strong: the critic made it, and each counts.
 * - **Acceptance** is weak: a node causes it by sending anything new. However many items an epoch accepts, they are
 *   one good outcome.
 * - A **vote** is what others say: another node's corroboration, or somebody's `vote.cast`. Each voter counts once
 *   per epoch with its weight, and together they come closer and closer to one outcome: 1 − ∏(1 − weight).
 *
 * The weak ones have a budget besides: all acceptance together lifts a node by at most `acceptanceMax`, all votes
 * together move it by at most `votesMax` either way. So neither floods nor friends nor enemies replace verdicts.
 */
import type { ReputationSettings } from '../settings.ts';

export type Source = 'acceptance' | 'verdict' | 'vote';
export const SOURCES: readonly Source[] = ['verdict', 'acceptance', 'vote'];

/** What one source showed in one epoch, in outcomes. */
export interface Tally {
  readonly good: number;
  readonly bad: number;
  /** The latest few; all outcomes count. */
  readonly evidence: readonly string[];
}

/** What the weak sources have moved a score by so far; it fades as the score does. */
export type Credit = Readonly<Record<Exclude<Source, 'verdict'>, number>>;

/** Pieces of evidence kept with an epoch and with a change. */
const EVIDENCE_MAX = 5;
export const latest = (evidence: readonly string[]): readonly string[] => evidence.slice(-EVIDENCE_MAX);

const nothing: Tally = { good: 0, bad: 0, evidence: [] };

/** Adds outcomes to what their source showed so far; `weight` (0..1) is that of a vote. */
export function add(
  source: Source,
  tally: Tally = nothing,
  outcome: { good: number; bad: number; evidence: string; weight: number },
): Tally {
  const sum = (before: number, more: number): number => {
    if (source === 'verdict') return before + more;
    if (source === 'acceptance') return Math.min(1, before + more);
    return more > 0 ? 1 - (1 - before) * (1 - outcome.weight) : before;
  };
  return {
    good: sum(tally.good, outcome.good),
    bad: sum(tally.bad, outcome.bad),
    evidence: latest([...tally.evidence, outcome.evidence]),
  };
}

/** By how much an epoch's outcomes would move a score. */
export function moveOf({ good, bad }: Tally, settings: ReputationSettings): number {
  return good * settings.goodStep - bad * settings.badStep;
}

/** What of a confirmed move the source's budget leaves, and the budget after it. */
export function withinBudget(
  credit: Credit,
  source: Source,
  move: number,
  settings: ReputationSettings,
): { credit: Credit; by: number } {
  if (source === 'verdict') return { credit, by: move };
  const max = source === 'acceptance' ? settings.acceptanceMax : settings.votesMax;
  const spent = Math.min(max, Math.max(-max, credit[source] + move));
  return { credit: { ...credit, [source]: spent }, by: spent - credit[source] };
}
