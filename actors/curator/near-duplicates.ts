/** Finds the example that an input is nearly the same as, at a cost that does not grow with the dataset. */
import { bandsOf, signatureOf, similarityOf } from '../text/index.ts';
import { alike, examples } from './tables.ts';

/** Examples looked at in one band, the newest first: a crowded band must not make a turn long. */
const PER_BAND = 8;

/** The id of an example whose masked input is at least so similar, if there is one. */
export function findAlike(input: string, similarityMin: number): string | undefined {
  const seen = new Set<string>();
  for (const { name } of bandsOf(signatureOf(input))) {
    for (const [key] of alike.range({ prefix: `${name}|`, reverse: true, limit: PER_BAND })) {
      const number = key.slice(name.length + 1);
      if (seen.has(number)) continue;
      seen.add(number);
      const example = examples.get(number);
      if (example !== undefined && similarityOf(input, example.input) >= similarityMin) return example.id;
    }
  }
  return undefined;
}
