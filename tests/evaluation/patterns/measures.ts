/** How well a clustering agrees with labels. */

type Names = readonly (string | number | null)[];

/** Share of items that have the commonest label of their cluster; an item without a cluster has none. */
export function purity(labels: readonly string[], clusters: Names): number {
  const counts = new Map<string | number, Map<string, number>>();
  labels.forEach((label, i) => {
    const cluster = clusters[i];
    if (cluster === null || cluster === undefined) return;
    const ofCluster = counts.get(cluster) ?? new Map<string, number>();
    counts.set(cluster, ofCluster.set(label, (ofCluster.get(label) ?? 0) + 1));
  });
  const agreeing = [...counts.values()].reduce((sum, ofCluster) => sum + Math.max(...ofCluster.values()), 0);
  return agreeing / labels.length;
}

/**
 * Normalised mutual information, 2·I(L; C) / (H(L) + H(C)): 0 for a clustering that says nothing about the labels, 1 for
 * the labels themselves (C. Manning and others, Introduction to information retrieval, 16.3). Items without a cluster
 * count as one cluster.
 */
export function mutualInformation(labels: readonly string[], clusters: Names): number {
  const ofLabels = entropy(labels);
  const ofClusters = entropy(clusters);
  const together = entropy(labels.map((label, i) => `${label}|${clusters[i]}`));
  return ofLabels + ofClusters === 0 ? 1 : (2 * (ofLabels + ofClusters - together)) / (ofLabels + ofClusters);
}

function entropy(names: Names): number {
  const counts = new Map<unknown, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / names.length) * Math.log2(count / names.length),
    0,
  );
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
