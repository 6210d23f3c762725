/**
 * Near duplicates: content that says nearly the same as an artifact that is there. Candidates share a band of
 * their signatures; what is found is compared before it counts.
 */
import type { Artifact } from '../artifact.ts';
import { bandsOf, estimatedSimilarity, similarityOf } from '../text/index.ts';
import { artifacts, bands, type ArtifactRow, type NearDuplicate } from './tables.ts';

/** Texts looked at in one band. Of a crowded one, those next in order: they are the most alike. */
const LOOKED_AT = 6;

/** The most similar artifact whose similarity is at least `threshold`; of equals, the one accepted first. */
export function findNearDuplicate(artifact: Artifact, threshold: number): NearDuplicate | null {
  let best: (NearDuplicate & { readonly acceptedAtMs: number }) | undefined;
  for (const id of candidatesFor(artifact)) {
    const row = artifacts.get(id);
    if (row === undefined) continue;
    const similarity = comparedWith(row, artifact);
    if (similarity < threshold) continue;
    const { acceptedAtMs } = row;
    const isFirst =
      acceptedAtMs < (best?.acceptedAtMs ?? 0) || (acceptedAtMs === best?.acceptedAtMs && id < best.id);
    if (best === undefined || similarity > best.similarity || (similarity === best.similarity && isFirst))
      best = { id, similarity, acceptedAtMs };
  }
  return best === undefined ? null : { id: best.id, similarity: best.similarity };
}

function candidatesFor({ signature }: Artifact): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { name, order } of bandsOf(signature)) {
    const prefix = `${name}|`;
    const first = [...bands.range({ prefix, limit: LOOKED_AT + 1 })];
    const near =
      first.length <= LOOKED_AT
        ? first
        : [
            ...bands.range({ prefix, gte: prefix + order, limit: LOOKED_AT }),
            ...bands.range({ prefix, lt: prefix + order, limit: LOOKED_AT, reverse: true }),
          ];
    for (const [key] of near) ids.add(key.slice(key.lastIndexOf('|') + 1));
  }
  return ids;
}

/** Exact where both contents are at hand as a whole, and else what the signatures show. */
function comparedWith({ artifact: known }: ArtifactRow, artifact: Artifact): number {
  const estimated = estimatedSimilarity(known.signature, artifact.signature);
  if (!known.complete || !artifact.complete || estimated < SURELY_DIFFERENT) return rounded(estimated);
  return rounded(similarityOf(known.excerpt, artifact.excerpt));
}

/** Far below every sensible threshold, by more than the estimate can be wrong. */
const SURELY_DIFFERENT = 0.5;
const rounded = (similarity: number): number => Math.round(similarity * 1e4) / 1e4;
