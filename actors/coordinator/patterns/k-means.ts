/**
 * Spherical k-means over a mini-batch: centroids are directions, and a document belongs to the one with the
 * greatest cosine (I. Dhillon and D. Modha, Concept decompositions for large sparse text data, 2001). A centroid
 * carries the weight of the documents that formed it before, so that a batch moves it by its share of all (D. Sculley,
 * Web-scale k-means clustering, 2010). Everything is in a fixed order, and ties go to whoever comes first.
 */
import type { SparseVector } from './vectors.ts';

export interface Centroid {
  /** Where it stood before this batch: of length 1, or 0 for a seed. By axis. */
  readonly before: Float64Array;
  /** Documents that formed it and are not in the batch. */
  readonly weight: number;
  readonly now: Float64Array;
}

/** Where a document belongs; `centroid` is -1 when it is like none. */
export interface Assignment {
  readonly centroid: number;
  readonly similarity: number;
}

/** Passes over a batch until nothing moves, at most. */
const PASSES_MAX = 12;
/** Documents tried for each seed; the one that leaves least unexplained is taken. */
const SEED_TRIALS = 6;

/** A vector as one number per axis. */
export function dense(vector: SparseVector, size: number): Float64Array {
  const values = new Float64Array(size);
  add(vector, values);
  return values;
}

function add({ axes, weights }: SparseVector, to: Float64Array): void {
  for (let i = 0; i < axes.length; i++) {
    const axis = axes[i] ?? 0;
    to[axis] = (to[axis] ?? 0) + (weights[i] ?? 0);
  }
}

export function cosine(vector: SparseVector, direction: Float64Array): number {
  let sum = 0;
  const { axes, weights } = vector;
  for (let i = 0; i < axes.length; i++) sum += (weights[i] ?? 0) * (direction[axes[i] ?? 0] ?? 0);
  return Math.min(1, sum);
}

/** Cosine of two directions. */
export function likeness(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return Math.min(1, sum);
}

/** Each document's nearest centroid, if it is at least `leastSimilarity` near. */
function assign(
  vectors: readonly SparseVector[],
  centroids: readonly Centroid[],
  leastSimilarity: number,
): Assignment[] {
  return vectors.map((vector) => {
    let best = { centroid: -1, similarity: 0 };
    centroids.forEach(({ now }, centroid) => {
      const similarity = cosine(vector, now);
      if (similarity > best.similarity) best = { centroid, similarity };
    });
    return best.similarity < leastSimilarity ? { centroid: -1, similarity: best.similarity } : best;
  });
}

/** Moves each centroid to the mean of its documents, earlier ones included. */
function move(
  vectors: readonly SparseVector[],
  centroids: readonly Centroid[],
  assignments: readonly Assignment[],
): Centroid[] {
  const sums = centroids.map(({ before, weight }) =>
    weight === 0 ? new Float64Array(before.length) : before.map((value) => value * weight),
  );
  assignments.forEach(({ centroid }, document) => {
    const sum = sums[centroid];
    const vector = vectors[document];
    if (sum !== undefined && vector !== undefined) add(vector, sum);
  });
  return centroids.map((centroid, i) => ({ ...centroid, now: ofLengthOne(sums[i]) ?? centroid.now }));
}

/** Undefined for what has no direction: a centroid without documents stays where it is. */
function ofLengthOne(values: Float64Array | undefined): Float64Array | undefined {
  let squares = 0;
  for (const value of values ?? []) squares += value * value;
  const length = Math.sqrt(squares);
  return length > 0 ? values?.map((value) => value / length) : undefined;
}

/**
 * Assigns and moves by turns until no document changes its centroid. A seed is one document and so like few others:
 * every document takes part, and only in the end those that are too far away belong to none.
 */
export function settle(
  vectors: readonly SparseVector[],
  start: readonly Centroid[],
  leastSimilarity: number,
): { centroids: Centroid[]; assignments: Assignment[] } {
  let centroids = [...start];
  let assignments = assign(vectors, centroids, 0);
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    centroids = move(vectors, centroids, assignments);
    const next = assign(vectors, centroids, 0);
    const same = next.every(({ centroid }, i) => centroid === assignments[i]?.centroid);
    assignments = next;
    if (same) break;
  }
  return { centroids, assignments: assign(vectors, centroids, leastSimilarity) };
}

/**
 * Greedy k-means++ (D. Arthur and S. Vassilvitskii, k-means++: the advantages of careful seeding, 2007): a document
 * becomes a seed with a probability that grows with its distance from all centroids, and of several tried the one
 * that brings the documents nearest is taken.
 */
export function addSeeds(
  vectors: readonly SparseVector[],
  centroids: readonly Centroid[],
  count: number,
  size: number,
  random: () => number,
): Centroid[] {
  const seeded = [...centroids];
  const nearest = vectors.map((vector) => Math.max(0, ...seeded.map(({ now }) => cosine(vector, now))));
  // A document without terms is like nothing and makes no seed.
  const distance = (i: number): number => (vectors[i]?.axes.length === 0 ? 0 : 1 - (nearest[i] ?? 0));
  for (let seed = 0; seed < count; seed++) {
    const total = vectors.reduce((sum, _, i) => sum + distance(i), 0);
    // What is left is the error of the arithmetic: every document has its centroid.
    if (total < 1e-6) break;
    let best: { gain: number; direction: Float64Array; similarities: number[] } | undefined;
    for (let trial = 0; trial < SEED_TRIALS; trial++) {
      const vector = vectors[drawn(vectors.length, distance, random() * total)];
      if (vector === undefined) continue;
      const direction = dense(vector, size);
      const similarities = vectors.map((other) => cosine(other, direction));
      const gain = similarities.reduce((sum, value, i) => sum + Math.max(0, value - (nearest[i] ?? 0)), 0);
      if (best === undefined || gain > best.gain) best = { gain, direction, similarities };
    }
    if (best === undefined) break;
    const { direction, similarities } = best;
    seeded.push({ before: new Float64Array(size), weight: 0, now: direction });
    similarities.forEach((value, i) => (nearest[i] = Math.max(nearest[i] ?? 0, value)));
  }
  return seeded;
}

/** The index at which the sum of the weights passes `at`. */
function drawn(length: number, weight: (i: number) => number, at: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) {
    sum += weight(i);
    if (sum > at) return i;
  }
  return length - 1;
}
