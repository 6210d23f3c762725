/** One run: what the newest artifacts change about the patterns. A pure function of the model and the texts. */
import type { PatternSettings } from '../../settings.ts';
import { characteristicsOf } from '../../text/index.ts';
import { type Batch, type Member, namesOf, rounded, samplesOf, termsOf } from './explain.ts';
import { countDocuments, forgetFrequencies } from './frequencies.ts';
import { gramOf, gramReader, type Grams } from './grams.ts';
import { addSeeds, type Centroid, dense, likeness, settle } from './k-means.ts';
import {
  type Document,
  forget,
  type Model,
  type Pattern,
  type Remembered,
  settledTotals,
  settleMembers,
} from './model.ts';
import { type Cluster, type Clustering, exchange, joinAlike } from './rearrange.ts';
import { Space, weigh, type Weighted } from './vectors.ts';

/** Members that make a cluster more than a coincidence. */
export const MEMBERS_NEEDED = 3;
/** With few artifacts there are few patterns: this many are wanted for each. */
const DOCUMENTS_PER_PATTERN = 5;

export interface Learned {
  readonly model: Model;
  /** Patterns that this run found, to be announced. */
  readonly found: readonly Pattern[];
}

/**
 * Takes new artifacts in, together with as many remembered ones as the batch holds. `texts` gives the text of
 * a remembered artifact; one that has none is forgotten.
 */
export function learn(
  before: Model,
  arrivals: readonly Document[],
  texts: (id: string) => Document | undefined,
  { nowMs, random, settings }: { nowMs: number; random: () => number; settings: PatternSettings },
): Learned {
  const current = forget(before, nowMs, settings.windowMs);
  const newest = inOrder(arrivals).slice(0, settings.batchMax);
  const kept = current.remembered.slice(0, settings.batchMax - newest.length);
  const left = current.remembered.slice(kept.length);
  const documents = [...newest, ...kept.flatMap(({ id }) => texts(id) ?? [])];

  const read = gramReader();
  const grams = documents.map(({ text }) => read(text));
  const frequencies = countDocuments(
    forgetFrequencies(current.frequencies, nowMs),
    grams.slice(0, newest.length).map(({ counts }) => counts.keys()),
  );
  const settled = settleMembers(current.patterns, left);
  const space = new Space();
  const vectors = grams.map(({ counts }) => space.vector(weigh(counts, frequencies)));
  const model: Model = {
    ...current,
    run: before.run + 1,
    atMs: nowMs,
    considered: before.considered + newest.length,
    frequencies,
  };
  if (settled.length === 0 && documents.length < settings.itemsNeeded) {
    return { model: { ...model, remembered: documents.map(unassigned) }, found: [] };
  }
  const batch = { documents, vectors, space };
  const clustered = cluster(batch, worthKeeping(settled), random, settings);
  return conclude(model, batch, clustered, grams, { nowMs, settings });
}

const unassigned = ({ id, atMs }: Document): Remembered => ({ id, atMs, pattern: null, similarity: 0 });

/** Newest first, and the same whatever the order within one turn was. */
function inOrder(documents: readonly Document[]): Document[] {
  return [...documents].sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? -1 : 1));
}

/** A seed that has stayed alone gives its place back, so that another is tried. */
function worthKeeping(patterns: readonly Pattern[]): Pattern[] {
  return patterns.filter(({ found, members }) => found || members > 1);
}

function cluster(
  { vectors, space }: Batch,
  patterns: readonly Pattern[],
  random: () => number,
  settings: PatternSettings,
): Clustering {
  const directions = patterns.map(({ terms }) =>
    space.vector(terms.map(([term, weight]): Weighted => [gramOf(term), weight])),
  );
  const size = space.grams.length;
  const old = directions.map((vector, i): Centroid => {
    const direction = dense(vector, size);
    const pattern = patterns[i];
    const weight = pattern === undefined ? 0 : settledTotals(pattern).members;
    return { before: direction, weight, now: direction };
  });
  const sensible = Math.max(1, Math.floor(vectors.length / DOCUMENTS_PER_PATTERN));
  const free = Math.min(settings.clusters, sensible) - old.length;
  const seeded = addSeeds(vectors, old, free, size, random);
  const { centroids, assignments } = settle(vectors, seeded, settings.similarityMin);
  const clusters = centroids.map((centroid, i): Cluster => ({ centroid, pattern: patterns[i] }));
  const joined = joinAlike(clusters, settings.mergeSimilarity);
  const settled = joined.length === clusters.length ? { clusters, assignments } : again(joined);
  return exchange(vectors, settled, size, settings.similarityMin, random) ?? settled;

  function again(kept: readonly Cluster[]): Clustering {
    const moved = settle(
      vectors,
      kept.map(({ centroid }) => centroid),
      settings.similarityMin,
    );
    return {
      clusters: moved.centroids.map((centroid, i) => ({ centroid, pattern: kept[i]?.pattern })),
      assignments: moved.assignments,
    };
  }
}

/** Turns centroids back into patterns, with what explains them. */
function conclude(
  model: Model,
  batch: Batch,
  { clusters, assignments }: Clustering,
  grams: readonly Grams[],
  { nowMs, settings }: { nowMs: number; settings: PatternSettings },
): Learned {
  let births = model.births;
  const names = namesOf(
    batch,
    clusters.map(({ pattern }) => pattern),
    grams,
  );
  const patterns: Pattern[] = [];
  const ids: (string | null)[] = [];
  const found: Pattern[] = [];
  clusters.forEach(({ centroid, pattern: before }, i) => {
    // One that has turned to something else altogether is a new pattern.
    const drifted = likeness(centroid.before, centroid.now) < settings.identitySimilarity;
    const earlier = drifted ? undefined : before;
    const members = assignments.flatMap((assignment, document) =>
      assignment.centroid === i ? [{ document, similarity: assignment.similarity }] : [],
    );
    if (earlier === undefined && members.length === 0) {
      ids.push(null);
      return;
    }
    const id = earlier?.id ?? `p${++births}`;
    ids.push(id);
    const pattern = describe(id, earlier, centroid, members, batch, names, nowMs);
    if (pattern.found && earlier?.found !== true) found.push(pattern);
    patterns.push(pattern);
  });
  const remembered = batch.documents.map(({ id, atMs }, document): Remembered => {
    const { centroid, similarity } = assignments[document] ?? { centroid: -1, similarity: 0 };
    return { id, atMs, pattern: ids[centroid] ?? null, similarity: rounded(similarity) };
  });
  return { model: { ...model, births, patterns, remembered }, found };
}

function describe(
  id: string,
  earlier: Pattern | undefined,
  centroid: Centroid,
  members: readonly Member[],
  { documents, space }: Batch,
  names: ReadonlyMap<number, string>,
  nowMs: number,
): Pattern {
  const settled = earlier?.settled ?? [];
  const totals = settledTotals({ settled });
  const count = totals.members + members.length;
  const similarity = members.reduce((sum, member) => sum + member.similarity, totals.similarity);
  const confidence = count < MEMBERS_NEEDED ? 0 : rounded(Math.min(1, similarity / count));
  const times = members.map(({ document }) => documents[document]?.atMs ?? nowMs);
  const terms = termsOf(centroid.now, space, names);
  return {
    id,
    terms,
    characteristics: characteristicsOf(
      terms
        .map(([term]) => term)
        .filter((term) => !term.includes(' '))
        .join(' '),
    ),
    samples: samplesOf(earlier?.samples ?? [], members, documents),
    settled,
    members: count,
    confidence,
    found: earlier?.found === true || confidence > 0,
    firstSeenAtMs: earlier?.firstSeenAtMs ?? Math.min(nowMs, ...times),
    lastSeenAtMs: Math.max(earlier?.lastSeenAtMs ?? 0, ...times),
  };
}
