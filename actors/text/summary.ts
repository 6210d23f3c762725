/** Extractive summary: the sentences that carry most of a text's terms, verbatim and in their order. */
import { cutAtWord, wordsOf } from './normalise.ts';
import { sentencesOf } from './sentences.ts';
import { isTerm, termCounts } from './terms.ts';

/** Between the sentences of a summary. No sentence contains a blank line, so a summary can be split again. */
export const SUMMARY_SEPARATOR = '\n\n';

const MAX_SENTENCES = 3;
const MAX_SENTENCE_CHARACTERS = 300;

/**
 * Up to three sentences. A sentence weighs the sum of its distinct terms' frequencies in the whole text,
 * divided by the square root of its length in words, so that neither the longest nor the shortest always
 * wins; the first sentence counts half as much again. Empty when the text has no terms.
 */
export function summarise(text: string, contentType: string): string {
  const counts = termCounts(text);
  const weighed = sentencesOf(text, contentType).map((sentence, position) => {
    const words = wordsOf(sentence);
    const terms = new Set(words.filter(isTerm));
    let weight = 0;
    for (const term of terms) weight += counts.get(term) ?? 0;
    return {
      sentence,
      position,
      weight: (weight / Math.sqrt(Math.max(4, words.length))) * (position === 0 ? 1.5 : 1),
    };
  });
  return weighed
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.position - b.position)
    .slice(0, MAX_SENTENCES)
    .sort((a, b) => a.position - b.position)
    .map(({ sentence }) => cutAtWord(sentence, MAX_SENTENCE_CHARACTERS))
    .join(SUMMARY_SEPARATOR);
}

/** The sentences of a summary made by {@link summarise}. */
export function quotesOf(summary: string): string[] {
  return summary.split(SUMMARY_SEPARATOR).filter((quote) => quote !== '');
}
