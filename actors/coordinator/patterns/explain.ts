/** What explains a pattern: its terms, and the artifacts that show it best. */
import { cutAtWord } from '../../text/index.ts';
import { gramOf, type Grams, spell } from './grams.ts';
import type { Document, Pattern, Sample } from './model.ts';
import { heaviest, type Space, type SparseVector, type Weighted } from './vectors.ts';

/** Terms that a pattern keeps: what a batch adds below them is noise. */
const TERMS_PER_PATTERN = 128;
const SAMPLES = 3;
const EXCERPT_CHARACTERS = 160;

/** What one run looks at: documents, and what each is about. */
export interface Batch {
  readonly documents: readonly Document[];
  readonly vectors: readonly SparseVector[];
  readonly space: Space;
}

/** A document of the batch, by its index, and how near its pattern it is. */
export interface Member {
  readonly document: number;
  readonly similarity: number;
}

/** The three nearest members, of this batch and of those shown before; texts that begin alike show nothing new. */
export function samplesOf(
  before: readonly Sample[],
  members: readonly Member[],
  documents: readonly Document[],
): Sample[] {
  const inBatch = new Set(documents.map(({ id }) => id));
  const candidates = [
    ...before
      .filter(({ id }) => !inBatch.has(id))
      .map((sample) => ({ ...sample, document: undefined as Document | undefined })),
    ...members.flatMap(({ document, similarity }) => {
      const member = documents[document];
      return member === undefined
        ? []
        : [{ ...member, excerpt: '', similarity: rounded(similarity), document: member }];
    }),
  ].sort((a, b) => b.similarity - a.similarity || (a.id < b.id ? -1 : 1));
  const chosen: Sample[] = [];
  for (const { id, source, atMs, similarity, excerpt, document } of candidates) {
    if (chosen.length === SAMPLES) break;
    const shown = document === undefined ? excerpt : cutAtWord(document.text.trim(), EXCERPT_CHARACTERS);
    if (chosen.some((other) => other.excerpt === shown)) continue;
    chosen.push({ id, source, excerpt: shown, atMs, similarity });
  }
  return chosen;
}

export function termsOf(
  direction: Float64Array,
  space: Space,
  names: ReadonlyMap<number, string>,
): (readonly [string, number])[] {
  const entries: Weighted[] = [];
  direction.forEach((weight, axis) => {
    if (weight > 0) entries.push([space.grams[axis] ?? 0, weight]);
  });
  return heaviest(entries, TERMS_PER_PATTERN).flatMap(([gram, weight]) => {
    const name = names.get(gram);
    return name === undefined ? [] : [[name, rounded(weight)] as const];
  });
}

/** How the grams of the space are written: as the patterns had them, or as a text has them. */
export function namesOf(
  { space }: Batch,
  continues: readonly (Pattern | undefined)[],
  grams: readonly Grams[],
): Map<number, string> {
  const names = new Map<number, string>();
  for (const pattern of continues) {
    for (const [term] of pattern?.terms ?? []) names.set(gramOf(term), term);
  }
  const inSpace = new Set(space.grams);
  for (const text of grams) {
    for (const [gram, name] of spell(text, (wanted) => inSpace.has(wanted) && !names.has(wanted))) {
      names.set(gram, name);
    }
  }
  return names;
}

/** Six digits: rows stay short, and what is compared later is the same everywhere. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
