/** Pure functions over text: what the pipeline's actors agree on when they compare and condense it. */
export { characteristicsOf } from './characteristics.ts';
export { bandsOf, estimatedSimilarity, signatureOf, similarityOf } from './minhash.ts';
export { cutAtWord, firstWords, normaliseText, wordsOf } from './normalise.ts';
export { quotesOf, summarise } from './summary.ts';
export { isTerm, keyTerms } from './terms.ts';
