/** The turn that looks for patterns: reads the model, learns from what was accepted since, writes it back. */
import { emit, now } from '../../../runtime/effects.ts';
import { randomSequence } from '../../../runtime/randomness.ts';
import type { PatternSettings } from '../../settings.ts';
import { coordinatorContract } from '../contract.ts';
import { artifacts } from '../tables.ts';
import { learn } from './learn.ts';
import { type Document, emptyModel, type Model, type Pattern } from './model.ts';
import { takeQueue } from './queue.ts';
import { shownPattern } from './query.ts';
import { ONLY, patternFrequencies, patternMemory, patternRun, patterns } from './tables.ts';

/**
 * One run over the artifacts that wait. Its chance is seeded by the collection and the number of the run, so a
 * replay finds the same. Emits `pattern-found` for each pattern that has become one.
 */
export function findPatterns(collection: string, settings: PatternSettings): void {
  const model = readModel();
  const run = model.run + 1;
  const learned = learn(
    model,
    takeQueue().flatMap((id) => documentOf(id) ?? []),
    documentOf,
    {
      nowMs: now(),
      random: randomSequence(`patterns of ${collection}, run ${run}`),
      settings,
    },
  );
  writeModel(model, learned.model);
  for (const pattern of learned.found) {
    const { lastSeenAt: _, ...found } = shownPattern(pattern);
    emit(coordinatorContract, 'pattern-found', { run, ...found });
  }
}

function documentOf(id: string): Document | undefined {
  const row = artifacts.get(id);
  if (row === undefined) return undefined;
  const { source, excerpt } = row.artifact;
  return { id, atMs: row.acceptedAtMs, source, text: excerpt };
}

function readModel(): Model {
  const run = patternRun.get(ONLY);
  if (run === undefined) return emptyModel(now());
  return {
    ...run,
    patterns: [...patterns.range()].map(([, pattern]) => pattern),
    remembered: patternMemory.get(ONLY)?.remembered ?? [],
    frequencies: patternFrequencies.get(ONLY) ?? emptyModel(now()).frequencies,
  };
}

function writeModel(before: Model, { patterns: found, remembered, frequencies, ...run }: Model): void {
  const alive = new Set(found.map(({ id }) => id));
  for (const { id } of before.patterns) if (!alive.has(id)) patterns.delete(keyOf(id));
  for (const pattern of found) patterns.put(keyOf(pattern.id), pattern);
  patternMemory.put(ONLY, { remembered });
  patternFrequencies.put(ONLY, frequencies);
  patternRun.put(ONLY, run);
}

/** `p12` → `0000000012`: rows in the order of birth. */
const keyOf = (id: Pattern['id']): string => id.slice(1).padStart(10, '0');
