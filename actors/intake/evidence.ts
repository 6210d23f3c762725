/** Whether an artifact says what a scenario claims it says: plain look-ups, no judgement. */
import { identityOf } from './identity.ts';

export interface EvidenceFound {
  readonly hashMatches: boolean;
  readonly missingTerms: string[];
  readonly missingQuotes: string[];
}

/**
 * Recomputes the identity and looks every term and quote up in the content. Quotes match verbatim but for
 * white space; terms match whole words, whatever their case and whatever stands between the words.
 */
export function findEvidence(
  claim: { readonly artifact: string; readonly terms: readonly string[]; readonly quotes: readonly string[] },
  contentType: string,
  content: string,
): EvidenceFound {
  const text = collapse(content);
  const words = asWords(content);
  return {
    hashMatches: identityOf(contentType, content) === claim.artifact,
    missingTerms: claim.terms.filter(
      (term) => !words.includes(asWords(term)) && !text.includes(collapse(term)),
    ),
    missingQuotes: claim.quotes.filter((quote) => !text.includes(collapse(quote))),
  };
}

const collapse = (text: string): string => text.normalize('NFKC').replace(/\s+/gu, ' ').trim();

/** Words between single spaces, with a space at both ends so that only whole words match. */
const asWords = (text: string): string =>
  ` ${text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `;
