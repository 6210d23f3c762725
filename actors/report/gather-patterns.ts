/** What the collection's artifacts have in common, as its coordinator has found it. */
import type { Pattern, PatternReport } from './report-data.ts';
import type { TolerantAsk } from './tolerant-ask.ts';

const PATTERNS = 20;
const TERMS = 10;
const SAMPLES = 3;
const EXCERPT_CHARACTERS = 300;

interface PatternsAnswer {
  readonly at: string | number | null;
  readonly patterns: readonly Pattern[];
}

/** Null where the coordinator knows no such query. */
export async function gatherPatterns(ask: TolerantAsk, coordinator: string): Promise<PatternReport | null> {
  const answer = await ask<PatternsAnswer | null>(coordinator, 'patterns', { limit: PATTERNS }, null);
  if (answer === null) return null;
  const at = typeof answer.at === 'number' ? new Date(answer.at).toISOString() : answer.at;
  return { at, patterns: answer.patterns.slice(0, PATTERNS).map(bounded) };
}

function bounded(pattern: Pattern): Pattern {
  return {
    id: pattern.id,
    terms: pattern.terms.slice(0, TERMS),
    characteristics: pattern.characteristics.slice(0, TERMS),
    samples: pattern.samples.slice(0, SAMPLES).map(({ id, source, excerpt }) => ({
      id,
      source,
      excerpt: excerpt.slice(0, EXCERPT_CHARACTERS).toWellFormed(),
    })),
    members: pattern.members,
    confidence: pattern.confidence,
    firstSeenAt: pattern.firstSeenAt,
    lastSeenAt: pattern.lastSeenAt,
  };
}
