/**
 * Priority as a key that never needs recalculation.
 *
 *     priority(t) = base · reputation · 2^(−(t − accepted)/halfLife)
 *     log2 priority(t) + t/halfLife = log2 base + accepted/halfLife + log2 reputation
 *
 * The right side does not contain t: age decays all alike, so the order by it is the order by priority at
 * every moment. Its first two terms belong to the artifact and are its *rank*; the third belongs to the node
 * and is an *offset* that all of its artifacts share. Both are kept as whole numbers (of 10⁻⁸), so sums are
 * exact and compare the same everywhere.
 */
import type { CoordinatorSettings } from '../settings.ts';

/** Steps per doubling of priority: below a millisecond of age at a half-life of a day. */
const SCALE = 1e8;
/** Stands for the logarithm of zero; below every other value. */
const LOG_OF_ZERO = -1_100;
const DIGITS = 16;

/** What an artifact contributes: the weighted sum of its measures, before reputation and age. */
export function baseOf(
  measures: { threat: number; opportunity: number; confidence: number },
  settings: CoordinatorSettings,
): number {
  return (
    (settings.threatWeight * measures.threat) / 10 +
    (settings.opportunityWeight * measures.opportunity) / 10 +
    settings.confidenceWeight * measures.confidence
  );
}

/** The artifact's part of the order; higher is better. */
export function rankOf(base: number, acceptedAtMs: number, settings: CoordinatorSettings): number {
  return Math.round((logOf(base) + acceptedAtMs / settings.halfLifeMs) * SCALE);
}

/** The node's part of the order. */
export function offsetOf(reputation: number): number {
  return Math.round(logOf(reputation) * SCALE);
}

/** Priority at a moment, within 0..1. */
export function priorityAt(
  base: number,
  reputation: number,
  ageMs: number,
  settings: CoordinatorSettings,
): number {
  return Math.min(1, Math.max(0, base * reputation * 2 ** (-Math.max(0, ageMs) / settings.halfLifeMs)));
}

/** A rank, or a rank with its offset, as text whose ascending order is best first. */
export function descendingKey(rank: number): string {
  return String(Number.MAX_SAFE_INTEGER - 2_200 * SCALE - rank).padStart(DIGITS, '0');
}

/** The number that {@link descendingKey} encoded. */
export function rankOfKey(key: string): number {
  return Number.MAX_SAFE_INTEGER - 2_200 * SCALE - Number(key);
}

function logOf(value: number): number {
  return value > 0 ? Math.max(LOG_OF_ZERO, Math.log2(value)) : LOG_OF_ZERO;
}
