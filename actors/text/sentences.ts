/** Splits a text into sentences or lines, verbatim: each is a substring of the text. */

/** Content types that are read line by line. */
const LINEWISE: ReadonlySet<string> = new Set(['code', 'log', 'data', 'json', 'html']);

/** A sentence ends at `.`, `!` or `?` before white space and something that begins a sentence, or at a blank line. */
const SENTENCE_END = /(?<=[.!?][)"'”’\]]{0,2})\s+(?=[\p{Lu}\p{N}"'“‘([#*-])|\s*\n\s*\n\s*|(?<=[。！？])/u;

/** The sentences (of text) or lines (of code, logs and data), trimmed, without empty ones, in order. */
export function sentencesOf(text: string, contentType: string): string[] {
  const parts = LINEWISE.has(contentType) ? text.split('\n') : text.split(SENTENCE_END);
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
