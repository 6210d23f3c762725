/** One round of feeding: which of the candidates become scenarios, which never will, which wait. */
import { now } from '../../runtime/effects.ts';
import type { Scenario } from '../scenario.ts';
import type { PhoenixSettings } from '../settings.ts';
import { buildScenario } from './build-scenario.ts';
import type { Candidate } from './contract.ts';
import { chooseNext, type Dimension, type Shortage } from './diversity.ts';
import { type FedRow, noveltyKey, recentRows, recordFeeding, remembered } from './tables.ts';

/** Scenarios built in one turn: each costs a fraction of a millisecond. */
const FEED_PER_TURN = 25;

export interface Round {
  readonly scenarios: readonly Scenario[];
  /** Never fed: its first words were fed before. */
  readonly refused: readonly { id: string; reason: string }[];
  /** Shown and neither fed nor refused, by the limit that holds each back. */
  readonly postponed: Readonly<Partial<Record<Dimension | 'hourlyLimit', number>>>;
  readonly relaxed: Readonly<Partial<Record<Dimension, number>>>;
  readonly shortages: readonly Shortage[];
  /** Whether limits other than the hourly one hold back everything that was left. */
  readonly blocked: boolean;
}

/** Scenarios that the hourly limit still allows, and when it allows the next one if it allows none now. */
export function allowance(settings: PhoenixSettings): { left: number; nextInMs: number } {
  const since = now() - settings.windowMs;
  const within = recentRows(settings).filter(({ atMs }) => atMs > since);
  const left = Math.max(0, settings.hourlyLimit - within.length);
  const oldest = within[within.length - settings.hourlyLimit];
  return { left, nextInMs: left > 0 || oldest === undefined ? 0 : oldest.atMs + settings.windowMs - now() };
}

/** Decides one round; `fedBefore` is the number of scenarios fed ever, `more` whether candidates are not shown. */
export function feed(
  candidates: readonly Candidate[],
  round: { readonly collection: string; readonly fedBefore: number; readonly more: boolean },
  settings: PhoenixSettings,
): Round {
  const recent: FedRow[] = recentRows(settings);
  let waiting = candidates.map((candidate) => ({
    candidate,
    novelty: noveltyKey(candidate.excerpt, settings),
  }));
  const refused: { id: string; reason: string }[] = [];
  const refuseKnown = (): void => {
    waiting = waiting.filter(({ candidate, novelty }) => {
      const known = remembered.has(novelty);
      if (known) refused.push({ id: candidate.id, reason: 'novelty' });
      return !known;
    });
  };
  const scenarios: Scenario[] = [];
  const relaxed: Partial<Record<Dimension, number>> = {};
  const shortages = new Map<Dimension, Shortage>();
  let blockedBy: readonly Dimension[] | undefined;
  let keptLimits = false;
  let { left } = allowance(settings);
  refuseKnown();
  while (left > 0 && scenarios.length < FEED_PER_TURN && waiting.length > 0) {
    const traits = waiting.map(({ candidate }) => candidate);
    // Limits yield only when nothing that keeps them waits; what is not shown may.
    const choice = chooseNext(traits, recent, settings, round.more && keptLimits);
    const chosen = choice.index === undefined ? undefined : waiting[choice.index];
    if (choice.index === undefined || chosen === undefined) {
      blockedBy = choice.index === undefined ? choice.blockedBy : [];
      break;
    }
    if (choice.relaxed.length === 0) keptLimits = true;
    for (const shortage of choice.relaxed) {
      relaxed[shortage.dimension] = (relaxed[shortage.dimension] ?? 0) + 1;
      shortages.set(shortage.dimension, shortage);
    }
    const { candidate, novelty } = chosen;
    const scenario = buildScenario(candidate, round.collection, recent, settings);
    const { domain, node, contentType } = candidate;
    const row = { id: scenario.id, atMs: now(), domain, node, contentType, objectives: scenario.objectives };
    recordFeeding(round.fedBefore + scenarios.length, row, novelty, settings);
    recent.push(row);
    scenarios.push(scenario);
    left--;
    waiting.splice(choice.index, 1);
    refuseKnown();
  }
  return {
    scenarios,
    refused,
    postponed: postponedBy(waiting.length, left, blockedBy),
    relaxed,
    shortages: [...shortages.values()],
    blocked: blockedBy !== undefined && scenarios.length === 0,
  };
}

function postponedBy(
  waiting: number,
  left: number,
  blockedBy: readonly Dimension[] | undefined,
): Round['postponed'] {
  if (waiting === 0) return {};
  if (left === 0) return { hourlyLimit: waiting };
  const counts: Partial<Record<Dimension, number>> = {};
  for (const dimension of blockedBy ?? []) counts[dimension] = (counts[dimension] ?? 0) + 1;
  return counts;
}
