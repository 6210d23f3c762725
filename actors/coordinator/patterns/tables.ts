/** The rows of a collection's patterns; their number does not grow with the collection. */
import { defineTable } from '../../../runtime/table.ts';
import type { Frequencies } from './frequencies.ts';
import type { Model, Pattern, Remembered } from './model.ts';

/** Accepted artifacts that wait for a run. */
export interface QueueRow {
  /** Every so many-th artifact of the collection is here. */
  readonly stride: number;
  /** When the run that takes them in is due. */
  readonly dueAtMs: number;
  /** Ids in the rows before this one. */
  readonly before: number;
  readonly ids: readonly string[];
}

/** `<ordinal of its first artifact>` → a part of the queue. */
export const patternQueue = defineTable<QueueRow>('patternQueue');
/** `<number>` → a pattern, the oldest first. */
export const patterns = defineTable<Pattern>('patterns');
/** One row each, under {@link ONLY}. */
export const patternRun = defineTable<Pick<Model, 'run' | 'atMs' | 'considered' | 'births'>>('patternRun');
export const patternMemory = defineTable<{ remembered: readonly Remembered[] }>('patternMemory');
export const patternFrequencies = defineTable<Frequencies>('patternFrequencies');

/** The key of a table that has one row. */
export const ONLY = 'only';

export const patternTables = { patternQueue, patterns, patternRun, patternMemory, patternFrequencies };
