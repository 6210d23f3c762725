/** How good the patterns of one stream are, beside what plain k-means and chance make of the same texts. */
import type { PatternSettings } from '../../../actors/settings.ts';
import { batchKMeans, chance } from './baselines.ts';
import type { Labelled } from './corpora.ts';
import { mutualInformation, purity } from './measures.ts';
import { stream } from './stream.ts';

/** Starts of the batch k-means that the patterns are compared with; the best one counts. */
const STARTS = 5;

/** In which order the texts come: mixed, or one label after the other, which is hard for anything incremental. */
export type Arrival = 'mixed' | 'sorted';

export interface Judged {
  readonly texts: number;
  readonly labels: number;
  readonly purity: number;
  readonly mutualInformation: number;
  /** Share of the members that kept their pattern from one run to the next. */
  readonly stability: number;
  /** Share of the texts that belong to a pattern. */
  readonly coverage: number;
  readonly patterns: number;
  /** Announced patterns ever. */
  readonly found: number;
  readonly confidence: number;
  /** Processor time of the median run, and of the longest. */
  readonly runMs: number;
  readonly longestRunMs: number;
  readonly batch: { readonly purity: number; readonly mutualInformation: number };
  readonly chance: { readonly purity: number; readonly mutualInformation: number };
}

export function judge(
  texts: readonly Labelled[],
  {
    arrival,
    perRun,
    seed,
    settings,
  }: { arrival: Arrival; perRun: number; seed: string; settings: PatternSettings },
): Judged {
  const inOrder =
    arrival === 'mixed'
      ? texts
      : [...texts].sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0));
  const labels = inOrder.map(({ label }) => label);
  const streamed = stream(inOrder, { perRun, seed, settings });
  const compare = (clusters: readonly (string | number | null)[]) => ({
    purity: purity(labels, clusters),
    mutualInformation: mutualInformation(labels, clusters),
  });
  const times = [...streamed.runMs].sort((a, b) => a - b);
  const { patterns } = streamed.model;
  return {
    texts: texts.length,
    labels: new Set(labels).size,
    ...compare(streamed.assigned),
    stability: streamed.stability,
    coverage: streamed.assigned.filter((pattern) => pattern !== null).length / texts.length,
    patterns: patterns.length,
    found: streamed.found,
    confidence: patterns.reduce((sum, { confidence }) => sum + confidence, 0) / Math.max(1, patterns.length),
    runMs: times[Math.floor(times.length / 2)] ?? 0,
    longestRunMs: times.at(-1) ?? 0,
    batch: compare(batchKMeans(inOrder, settings.clusters, seed, STARTS)),
    chance: compare(chance(inOrder, settings.clusters, seed)),
  };
}
