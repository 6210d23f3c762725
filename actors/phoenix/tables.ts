/** The feeder's rows: its recent window, and what it remembers for novelty. */
import { createHash } from 'node:crypto';
import { defineTable } from '../../runtime/table.ts';
import { firstWords } from '../text/index.ts';
import type { PhoenixSettings } from '../settings.ts';
import type { Traits } from './diversity.ts';

/** One scenario that was fed. */
export interface FedRow extends Traits {
  readonly id: string;
  readonly atMs: number;
  readonly objectives: readonly string[];
}

/** By number of feeding. */
export const recent = defineTable<FedRow>('recent');
/** Hash of a scenario's first words → the number of its feeding. */
export const remembered = defineTable<number>('remembered');
/** The reverse, so that the oldest can be forgotten. */
export const rememberedOrder = defineTable<string>('rememberedOrder');

export const phoenixTables = { recent, remembered, rememberedOrder };

const numberKey = (number: number): string => String(number).padStart(12, '0');

/** How many feedings must be kept to decide the next one. */
export function keptRows(settings: PhoenixSettings): number {
  return Math.max(
    settings.hourlyLimit,
    settings.domainWindow,
    settings.nodeWindow,
    settings.contentTypeWindow,
  );
}

/** What was fed lately, oldest first. */
export function recentRows(settings: PhoenixSettings): FedRow[] {
  return [...recent.range({ reverse: true, limit: keptRows(settings) })].map(([, row]) => row).toReversed();
}

/** The name of a text for novelty: a hash of its first 100 normalised words. */
export function noveltyKey(text: string, settings: PhoenixSettings): string {
  return createHash('sha256').update(firstWords(text, settings.noveltyWords)).digest('hex').slice(0, 32);
}

/** Records feeding number `number`, and forgets what is too old to matter. */
export function recordFeeding(number: number, row: FedRow, novelty: string, settings: PhoenixSettings): void {
  recent.put(numberKey(number), row);
  if (number >= keptRows(settings)) recent.delete(numberKey(number - keptRows(settings)));
  remembered.put(novelty, number);
  rememberedOrder.put(numberKey(number), novelty);
  const forgotten = rememberedOrder.get(numberKey(number - settings.noveltyMemory));
  if (forgotten === undefined) return;
  remembered.delete(forgotten);
  rememberedOrder.delete(numberKey(number - settings.noveltyMemory));
}
