/** Text as the pipeline compares it: what differs only in form counts as the same. */

/** Unicode NFKC, lower case, runs of white space as one space, none at the ends. */
export function normaliseText(text: string): string {
  // Lower case can leave a form that composes further.
  return text.normalize('NFKC').toLowerCase().normalize('NFKC').replace(/\s+/gu, ' ').trim();
}

/** A word: letters and digits, joined by `_`, `-` or an apostrophe inside. */
const WORD = /[\p{L}\p{N}]+(?:[_'’-][\p{L}\p{N}]+)*/gu;

/** The words of a text, normalised, in order, with repetitions. */
export function wordsOf(text: string): string[] {
  return normaliseText(text).match(WORD) ?? [];
}

/** The first `count` normalised words, joined by a space: what novelty compares. */
export function firstWords(text: string, count: number): string {
  return wordsOf(text).slice(0, count).join(' ');
}

/**
 * At most `maxCharacters` of the text, cut after a whole word where one ends in the second half; a longer
 * run without white space is cut inside, but never inside a surrogate pair.
 */
export function cutAtWord(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const atBoundary = /\s/u.test(text.charAt(maxCharacters));
  const cut = text.slice(0, maxCharacters);
  if (atBoundary) return cut.trimEnd();
  const boundary = cut.search(/\s\S*$/u);
  if (boundary > maxCharacters / 2) return cut.slice(0, boundary).trimEnd();
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
