/**
 * In how many documents a term occurs, in a bounded space: a count-min sketch with conservative update
 * (G. Cormode and S. Muthukrishnan, An improved data stream summary, 2005; C. Estan and G. Varghese, New
 * directions in traffic measurement, 2002). An estimate is never too low; that of a rare term is too high by
 * about as much as the sketch is full, so rare terms weigh a little less than they should.
 */

/** Counters of one hash; a text has some 200 terms, so 1 in 80 is hit by chance. */
const WIDTH = 2 ** 14;
const HASHES = 2;
/** Counts are halved so often: what is older than a day weighs a quarter at most. */
const HALVED_EVERY_MS = 12 * 60 * 60_000;

export interface Frequencies {
  /** Documents counted, halved as the counts are. */
  readonly documents: number;
  readonly counts: readonly number[];
  readonly halvedAtMs: number;
}

export function noFrequencies(nowMs: number): Frequencies {
  return {
    documents: 0,
    counts: Array.from({ length: WIDTH * HASHES }, () => 0),
    halvedAtMs: nowMs,
  };
}

/** Forgets: halves everything once for every 12 hours that have passed. */
export function forgetFrequencies(frequencies: Frequencies, nowMs: number): Frequencies {
  const times = Math.floor((nowMs - frequencies.halvedAtMs) / HALVED_EVERY_MS);
  if (times < 1) return frequencies;
  const divisor = 2 ** Math.min(times, 30);
  return {
    documents: Math.floor(frequencies.documents / divisor),
    counts: frequencies.counts.map((count) => Math.floor(count / divisor)),
    halvedAtMs: frequencies.halvedAtMs + times * HALVED_EVERY_MS,
  };
}

/** Counts each term of each document once; a term is given by its hash of 30 bits. */
export function countDocuments(
  frequencies: Frequencies,
  documents: readonly Iterable<number>[],
): Frequencies {
  const counts = [...frequencies.counts];
  for (const hashes of documents) {
    for (const hash of hashes) {
      const first = firstSlot(hash);
      const second = secondSlot(hash);
      const a = counts[first] ?? 0;
      const b = counts[second] ?? 0;
      if (a <= b) counts[first] = a + 1;
      if (b <= a) counts[second] = b + 1;
    }
  }
  return { ...frequencies, documents: frequencies.documents + documents.length, counts };
}

/** Documents that have the term; never too few. */
export function documentsWith({ counts }: Frequencies, hash: number): number {
  return Math.min(counts[firstSlot(hash)] ?? 0, counts[secondSlot(hash)] ?? 0);
}

/** The hash is well mixed, so two ends of it are two hashes. */
const firstSlot = (hash: number): number => hash % WIDTH;
const secondSlot = (hash: number): number => WIDTH + ((hash >>> 14) % WIDTH);
