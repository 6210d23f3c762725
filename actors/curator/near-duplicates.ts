/** Finds the example that an input is nearly the same as, at a cost that does not grow with the dataset. */
import { bandsOf, shinglesOf, similarity } from './minhash.ts';
import { alike, examples } from './tables.ts';

/** Examples looked at under one key, the newest first: a crowded key must not make a turn long. */
const PER_BAND = 8;

/** The id of an example whose masked input is at least so similar, if there is one. */
export function findAlike(input: string, similarityMin: number): string | undefined {
  const shingles = shinglesOf(input);
  const seen = new Set<string>();
  for (const band of bandsOf(shingles)) {
    for (const [key] of alike.range({ prefix: `${band}|`, reverse: true, limit: PER_BAND })) {
      const number = key.slice(band.length + 1);
      if (seen.has(number)) continue;
      seen.add(number);
      const example = examples.get(number);
      if (example !== undefined && similarity(shingles, shinglesOf(example.input)) >= similarityMin)
        return example.id;
    }
  }
  return undefined;
}

/** Makes an example one that later ones are compared with. */
export function rememberAlike(number: string, input: string): void {
  for (const band of bandsOf(shinglesOf(input))) alike.put(`${band}|${number}`, true);
}
