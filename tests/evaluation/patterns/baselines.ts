/** What the incremental patterns are compared with: k-means that sees everything at once, and chance. */
import { countDocuments, noFrequencies } from '../../../actors/coordinator/patterns/frequencies.ts';
import { gramReader } from '../../../actors/coordinator/patterns/grams.ts';
import { addSeeds, settle } from '../../../actors/coordinator/patterns/k-means.ts';
import { Space, weigh } from '../../../actors/coordinator/patterns/vectors.ts';
import { randomSequence } from '../../../runtime/randomness.ts';
import type { Labelled } from './corpora.ts';

/** Batch k-means over all texts, the best of several starts by its own measure (mean similarity). */
export function batchKMeans(
  texts: readonly Labelled[],
  clusters: number,
  seed: string,
  starts: number,
): number[] {
  const read = gramReader();
  const grams = texts.map(({ text }) => read(text));
  const frequencies = countDocuments(
    noFrequencies(0),
    grams.map(({ counts }) => counts.keys()),
  );
  const space = new Space();
  const vectors = grams.map(({ counts }) => space.vector(weigh(counts, frequencies)));
  let best: { similarity: number; clusters: number[] } | undefined;
  for (let start = 0; start < starts; start++) {
    const random = randomSequence(`${seed}/${start}`);
    const { assignments } = settle(vectors, addSeeds(vectors, [], clusters, space.grams.length, random), 0);
    const similarity = assignments.reduce((sum, one) => sum + one.similarity, 0);
    if (best === undefined || similarity > best.similarity) {
      best = { similarity, clusters: assignments.map(({ centroid }) => centroid) };
    }
  }
  return best?.clusters ?? [];
}

/** Every text into one of the clusters, by chance. */
export function chance(texts: readonly Labelled[], clusters: number, seed: string): number[] {
  const random = randomSequence(`chance ${seed}`);
  return texts.map(() => Math.floor(random() * clusters));
}
