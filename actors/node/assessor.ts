/**
 * Estimates an item's threat, opportunity and confidence. The shipped assessor is lexical: it looks terms up,
 * and says which ones fired. A module of the user's own replaces it: `pipeline.node.assessor`.
 */
import { opportunityTerms, threatTerms } from './assessor-terms.ts';

export interface AssessedItem {
  readonly content: string;
  readonly contentType: string;
  readonly domain: string;
  readonly source: string;
}

export interface FiredTerm {
  readonly term: string;
  readonly weight: number;
  readonly times: number;
}

export interface Assessment {
  /** 0..10. */
  readonly threat: number;
  /** 0..10. */
  readonly opportunity: number;
  /** 0..1: how sure the assessor is of the two. */
  readonly confidence: number;
  /** Why: the terms that fired, the heaviest first. */
  readonly fired: { readonly threat: readonly FiredTerm[]; readonly opportunity: readonly FiredTerm[] };
  /** The subject area, if the assessor knows it better than the collector. */
  readonly domain?: string;
  /** How it was found; `lexical` for the shipped one. */
  readonly method: string;
}

export type Assessor = (item: AssessedItem) => Assessment | Promise<Assessment>;

/** Characters that are looked at; a term that matters stands near the beginning or occurs often. */
const assessedCharacters = 1_000_000;
/** The weight at which a score reaches 63 % of its scale. */
const saturationWeight = 8;
/** Text shorter than this says too little to be sure of. */
const shortCharacters = 400;

/**
 * Score = 10·(1 − e^(−w/8)), where w sums weight·(1 + log2(times)) over the terms that fired: further
 * occurrences count less and less. Confidence = length·(0.5 + 0.45·(1 − e^(−n/4))), where n is the number of
 * different terms that fired and length = 0.6 … 1 grows with the text up to 400 characters.
 */
export const lexicalAssessor: Assessor = ({ content }) => {
  const words = countWords(content.slice(0, assessedCharacters));
  const threat = fire(words, threatTerms);
  const opportunity = fire(words, opportunityTerms);
  const different = threat.length + opportunity.length;
  const length = 0.6 + 0.4 * Math.min(1, content.length / shortCharacters);
  return {
    threat: score(threat),
    opportunity: score(opportunity),
    confidence: round(length * (0.5 + 0.45 * (1 - Math.exp(-different / 4))), 3),
    fired: { threat, opportunity },
    method: 'lexical',
  };
};

const vocabulary: ReadonlySet<string> = new Set([
  ...Object.keys(threatTerms),
  ...Object.keys(opportunityTerms),
]);

/** How often each word of the vocabulary occurs; other words are passed over, this runs on every item. */
function countWords(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  // An identifier such as bufferOverflow or buffer_overflow holds words, too.
  const spaced = text.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  for (const match of spaced.matchAll(/[a-z]{3,}/g)) {
    const [word] = match;
    if (!vocabulary.has(word)) continue;
    const before = spaced.slice(Math.max(0, match.index - 1), match.index);
    const after = spaced.charAt(match.index + word.length);
    // Part of a longer word that is not all a to z.
    if (/[\p{L}\p{N}]/u.test(before + after)) continue;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function fire(words: ReadonlyMap<string, number>, terms: Readonly<Record<string, number>>): FiredTerm[] {
  const fired: FiredTerm[] = [];
  for (const [term, weight] of Object.entries(terms)) {
    const times = words.get(term) ?? 0;
    if (times > 0) fired.push({ term, weight, times });
  }
  return fired.sort((a, b) => share(b) - share(a) || (a.term < b.term ? -1 : 1));
}

const share = ({ weight, times }: FiredTerm): number => weight * (1 + Math.log2(times));

const score = (fired: readonly FiredTerm[]): number =>
  round(10 * (1 - Math.exp(-fired.reduce((sum, term) => sum + share(term), 0) / saturationWeight)), 2);

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** The terms in one line, as an artifact's metadata carries them: `overflow×3, exploit`. */
export function explain(fired: readonly FiredTerm[], termsMax = 12): string {
  return fired
    .slice(0, termsMax)
    .map(({ term, times }) => (times === 1 ? term : `${term}×${times}`))
    .join(', ');
}
