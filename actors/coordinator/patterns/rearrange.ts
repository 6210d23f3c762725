/** What k-means cannot correct by moving: two clusters about the same, and one about two things. */
import { addSeeds, type Assignment, type Centroid, likeness, settle } from './k-means.ts';
import { joinHours, type Pattern, settledTotals } from './model.ts';
import type { SparseVector } from './vectors.ts';

/** An exchange must be worth this much of all similarity: patterns keep their names rather than gain a little. */
const WORTH_EXCHANGING = 0.01;

/** A centroid, and the pattern that it continues; undefined for one that is being born. */
export interface Cluster {
  readonly centroid: Centroid;
  readonly pattern: Pattern | undefined;
}

export interface Clustering {
  readonly clusters: readonly Cluster[];
  readonly assignments: readonly Assignment[];
}

/** Clusters that have become alike are one: the older keeps its name and takes what the younger had. */
export function joinAlike(clusters: readonly Cluster[], mergeSimilarity: number): Cluster[] {
  const kept: Cluster[] = [];
  for (const cluster of clusters) {
    const alike = kept.findIndex(
      ({ centroid }) => likeness(centroid.now, cluster.centroid.now) >= mergeSimilarity,
    );
    const older = kept[alike];
    if (older === undefined) kept.push(cluster);
    else kept[alike] = join(older, cluster);
  }
  return kept;
}

/**
 * Joins the two clusters that are most alike and tries a seed in the freed place. Undefined unless the documents are
 * clearly nearer their centroids then, what the joined ones lose included.
 */
export function exchange(
  vectors: readonly SparseVector[],
  before: Clustering,
  size: number,
  leastSimilarity: number,
  random: () => number,
): Clustering | undefined {
  const pair = closestPair(before.clusters);
  if (pair === undefined) return undefined;
  const [older, younger, alike] = pair;
  const joined = before.clusters
    .filter((cluster) => cluster !== younger)
    .map((cluster) => (cluster === older ? join(older, younger) : cluster));
  const seeded = addSeeds(
    vectors,
    joined.map(({ centroid }) => centroid),
    1,
    size,
    random,
  );
  const { centroids, assignments } = settle(vectors, seeded, leastSimilarity);
  const lost = younger.pattern === undefined ? 0 : settledTotals(younger.pattern).similarity * (1 - alike);
  const total = similarityOf(before.assignments);
  if (similarityOf(assignments) - lost < total * (1 + WORTH_EXCHANGING)) return undefined;
  return {
    clusters: centroids.map((centroid, i) => ({ centroid, pattern: joined[i]?.pattern })),
    assignments,
  };
}

function join(older: Cluster, younger: Cluster): Cluster {
  const centroid = { ...older.centroid, weight: older.centroid.weight + younger.centroid.weight };
  const pattern =
    older.pattern === undefined || younger.pattern === undefined
      ? older.pattern
      : { ...older.pattern, settled: joinHours(older.pattern.settled, younger.pattern.settled) };
  return { centroid, pattern };
}

function closestPair(clusters: readonly Cluster[]): [Cluster, Cluster, alike: number] | undefined {
  let closest: [Cluster, Cluster, number] | undefined;
  clusters.forEach((older, i) => {
    for (const younger of clusters.slice(i + 1)) {
      const alike = likeness(older.centroid.now, younger.centroid.now);
      if (closest === undefined || alike > closest[2]) closest = [older, younger, alike];
    }
  });
  return closest;
}

const similarityOf = (assignments: readonly Assignment[]): number =>
  assignments.reduce((sum, { similarity }) => sum + similarity, 0);
