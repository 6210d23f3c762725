/** What a reader sees of the patterns. */
import { patternRun, ONLY, patterns } from './tables.ts';
import type { Pattern } from './model.ts';

/** Terms shown of a pattern, the heaviest first. */
const TERMS_SHOWN = 8;

export interface ShownPattern {
  /** Kept from run to run. */
  readonly id: string;
  /** What its members have in common; weights in 0..1. */
  readonly terms: readonly { readonly term: string; readonly weight: number }[];
  readonly characteristics: readonly string[];
  /** The members that show it best, three at most. */
  readonly samples: readonly { readonly id: string; readonly source: string; readonly excerpt: string }[];
  /** Artifacts of the last 24 hours that a run has looked at. */
  readonly members: number;
  /** 0 below 3 members, else their mean similarity to the pattern. */
  readonly confidence: number;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
}

export interface ShownPatterns {
  /** Runs so far. */
  readonly run: number;
  /** When the last one was; null before the first. */
  readonly at: string | null;
  /** Artifacts that runs have looked at: all, or of a rush a sample. */
  readonly considered: number;
  readonly patterns: readonly ShownPattern[];
}

/** The patterns with members in the window, those with most first. */
export function showPatterns(limit: number, nowMs: number, windowMs: number): ShownPatterns {
  const last = patternRun.get(ONLY);
  return {
    run: last?.run ?? 0,
    at: last === undefined ? null : new Date(last.atMs).toISOString(),
    considered: last?.considered ?? 0,
    patterns: [...patterns.range()]
      .map(([, pattern]) => pattern)
      .filter(({ lastSeenAtMs }) => lastSeenAtMs > nowMs - windowMs)
      .sort((a, b) => b.members - a.members || a.firstSeenAtMs - b.firstSeenAtMs)
      .slice(0, limit)
      .map(shownPattern),
  };
}

export function shownPattern(pattern: Pattern): ShownPattern {
  return {
    id: pattern.id,
    terms: shownTerms(pattern.terms),
    characteristics: pattern.characteristics,
    samples: pattern.samples.map(({ id, source, excerpt }) => ({ id, source, excerpt })),
    members: pattern.members,
    confidence: pattern.confidence,
    firstSeenAt: new Date(pattern.firstSeenAtMs).toISOString(),
    lastSeenAt: new Date(pattern.lastSeenAtMs).toISOString(),
  };
}

/** The heaviest terms; a word that a shown phrase has, or a phrase that has a shown one, says nothing new. */
function shownTerms(terms: Pattern['terms']): { term: string; weight: number }[] {
  const shown: { term: string; weight: number }[] = [];
  for (const [term, weight] of terms) {
    if (shown.length === TERMS_SHOWN) break;
    const within = (part: string, whole: string): boolean => ` ${whole} `.includes(` ${part} `);
    if (shown.some((other) => within(term, other.term) || within(other.term, term))) continue;
    shown.push({ term, weight });
  }
  return shown;
}
