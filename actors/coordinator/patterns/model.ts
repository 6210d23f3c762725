/** What is known about a collection's patterns between two runs; all of it is bounded. */
import { type Frequencies, noFrequencies } from './frequencies.ts';

const HOUR_MS = 60 * 60_000;

/** An artifact as the patterns see it. */
export interface Document {
  readonly id: string;
  readonly atMs: number;
  readonly source: string;
  readonly text: string;
}

/** An artifact of a recent run: it takes part in the next ones, so an early mistake about it is corrected. */
export interface Remembered {
  readonly id: string;
  readonly atMs: number;
  /** The pattern it belongs to, if any. */
  readonly pattern: string | null;
  readonly similarity: number;
}

/** Members that are remembered one by one no more, by the hour in which they were accepted. */
export interface SettledHour {
  readonly hour: number;
  readonly members: number;
  /** Sum over them. */
  readonly similarity: number;
}

export interface Sample {
  readonly id: string;
  readonly source: string;
  readonly excerpt: string;
  readonly atMs: number;
  readonly similarity: number;
}

export interface Pattern {
  readonly id: string;
  /** Its direction: the heaviest terms, heaviest first, of length 1 together. */
  readonly terms: readonly (readonly [term: string, weight: number])[];
  readonly characteristics: readonly string[];
  readonly samples: readonly Sample[];
  readonly settled: readonly SettledHour[];
  /** Of the last 24 hours, remembered and settled ones. */
  readonly members: number;
  /** 0 below 3 members, else their mean similarity. */
  readonly confidence: number;
  /** Whether it was announced. */
  readonly found: boolean;
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
}

export interface Model {
  /** Runs so far. */
  readonly run: number;
  readonly atMs: number;
  /** Artifacts that runs have looked at; when many come at once, it is a sample of them. */
  readonly considered: number;
  /** Patterns ever born; the next one's id. */
  readonly births: number;
  readonly patterns: readonly Pattern[];
  readonly remembered: readonly Remembered[];
  readonly frequencies: Frequencies;
}

export function emptyModel(nowMs: number): Model {
  return {
    run: 0,
    atMs: nowMs,
    considered: 0,
    births: 0,
    patterns: [],
    remembered: [],
    frequencies: noFrequencies(nowMs),
  };
}

/**
 * Forgets what is older than `windowMs`: remembered artifacts at once, settled ones by the hour. A pattern goes when its
 * last member was accepted so long ago; one that was never found goes with its last member.
 */
export function forget(model: Model, nowMs: number, windowMs: number): Model {
  const since = nowMs - windowMs;
  const remembered = model.remembered.filter(({ atMs }) => atMs > since);
  const alive = new Set(remembered.map(({ pattern }) => pattern));
  const patterns = model.patterns
    .map((pattern) => ({
      ...pattern,
      settled: pattern.settled.filter(({ hour }) => (hour + 1) * HOUR_MS > since),
      samples: pattern.samples.filter(({ atMs }) => atMs > since),
    }))
    .filter(
      ({ id, settled, found, lastSeenAtMs }) =>
        settled.length > 0 || alive.has(id) || (found && lastSeenAtMs > since),
    );
  return { ...model, remembered, patterns };
}

/** Counts artifacts that are remembered no more with their patterns. */
export function settleMembers(patterns: readonly Pattern[], left: readonly Remembered[]): Pattern[] {
  return patterns.map((pattern) => {
    const hours = new Map(pattern.settled.map((hour) => [hour.hour, hour]));
    for (const { pattern: id, atMs, similarity } of left) {
      if (id !== pattern.id) continue;
      const hour = Math.floor(atMs / HOUR_MS);
      const before = hours.get(hour) ?? { hour, members: 0, similarity: 0 };
      hours.set(hour, {
        hour,
        members: before.members + 1,
        similarity: before.similarity + similarity,
      });
    }
    return { ...pattern, settled: [...hours.values()] };
  });
}

/** The hours of two patterns together. */
export function joinHours(a: readonly SettledHour[], b: readonly SettledHour[]): SettledHour[] {
  const hours = new Map(a.map((hour) => [hour.hour, hour]));
  for (const { hour, members, similarity } of b) {
    const before = hours.get(hour);
    hours.set(hour, {
      hour,
      members: members + (before?.members ?? 0),
      similarity: similarity + (before?.similarity ?? 0),
    });
  }
  return [...hours.values()];
}

export function settledTotals({ settled }: Pick<Pattern, 'settled'>): {
  members: number;
  similarity: number;
} {
  return settled.reduce(
    (sum, hour) => ({
      members: sum.members + hour.members,
      similarity: sum.similarity + hour.similarity,
    }),
    { members: 0, similarity: 0 },
  );
}
