/** Key terms: the words that a text repeats and that are not common to all texts. */
import { STOP_WORDS } from './stop-words.ts';
import { wordsOf } from './normalise.ts';

/** Longer ones are hashes, encoded data or text without spaces: nobody searches for them. */
const MAX_TERM_CHARACTERS = 40;

/** Whether a normalised word can be a term at all. */
export function isTerm(word: string): boolean {
  return (
    word.length >= 3 && word.length <= MAX_TERM_CHARACTERS && !STOP_WORDS.has(word) && /\p{L}/u.test(word)
  );
}

/** How often each term occurs, in the order of first occurrence. */
export function termCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of wordsOf(text)) {
    if (isTerm(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/**
 * The `limit` heaviest terms. Weight = occurrences · (1 + log2(length)/4): a long word says more than a short
 * one that is as frequent. Ties are ordered by the word, so the same text always gives the same list.
 */
export function keyTerms(text: string, limit: number): string[] {
  return [...termCounts(text)]
    .map(([term, count]) => ({ term, weight: count * (1 + Math.log2(term.length) / 4) }))
    .sort((a, b) => b.weight - a.weight || (a.term < b.term ? -1 : 1))
    .slice(0, limit)
    .map(({ term }) => term);
}
