/**
 * Which accepted artifacts the next run takes in. All of them while they fit; of more, every second, fourth, eighth
 * … of the collection, so the sample is spread over them, and a rush costs few rows more than a trickle: the more
 * come, the fewer of them are written down.
 */
import { now, schedule } from '../../../runtime/effects.ts';
import type { PatternSettings } from '../../settings.ts';
import { patternQueue, type QueueRow } from './tables.ts';

/** Ids in one row; a turn rewrites the newest row only. */
const IDS_PER_ROW = 32;

/** An artifact and its place in the order of acceptance. */
interface Entry {
  readonly ordinal: number;
  readonly id: string;
}

/**
 * Notes accepted artifacts. `ordinal` is the first one's place in the collection: how many were accepted before it.
 * Arms the timer of the next run if none is armed, and again if the run that was due has failed.
 */
export function noteAccepted(ids: readonly string[], ordinal: number, settings: PatternSettings): void {
  if (ids.length === 0) return;
  const [newest] = patternQueue.range({ reverse: true, limit: 1 });
  const [key, last] = newest ?? [keyOf(ordinal), emptyRow(now() + settings.intervalMs)];
  const overdue = now() > last.dueAtMs + settings.intervalMs;
  const dueAtMs = overdue ? now() + settings.intervalMs : last.dueAtMs;
  if (newest === undefined || overdue) schedule('patterns', settings.intervalMs, { type: 'patterns.due' });
  const wanted = ids
    .map((id, i): Entry => ({ ordinal: ordinal + i, id }))
    .filter((entry) => entry.ordinal % last.stride === 0);
  if (wanted.length === 0 && !overdue) return;
  append(key, { ...last, dueAtMs }, wanted);
  if (last.before + last.ids.length + wanted.length > settings.batchMax) thin(settings.batchMax);
}

/** Takes the sample out: ids in the order of acceptance. */
export function takeQueue(): string[] {
  const rows = [...patternQueue.range()];
  for (const [key] of rows) patternQueue.delete(key);
  return rows.flatMap(([, { ids }]) => ids);
}

/** Every second one goes, until the sample fits. */
function thin(idsMax: number): void {
  const rows = [...patternQueue.range()];
  const [first] = rows;
  if (first === undefined) return;
  let { stride } = first[1];
  let entries = rows.flatMap(([key, row]) =>
    row.ids.map((id, i): Entry => ({ ordinal: Number(key) + i * row.stride, id })),
  );
  while (entries.length > idsMax) {
    stride *= 2;
    const wider = stride;
    entries = entries.filter((entry) => entry.ordinal % wider === 0);
  }
  for (const [key] of rows) patternQueue.delete(key);
  append(keyOf(entries[0]?.ordinal ?? 0), { ...emptyRow(first[1].dueAtMs), stride }, entries);
}

/** Fills the row, and new ones behind it. */
function append(key: string, row: QueueRow, entries: readonly Entry[]): void {
  let [at, filling] = [key, row];
  for (const { ordinal, id } of entries) {
    if (filling.ids.length === IDS_PER_ROW) {
      patternQueue.put(at, filling);
      filling = { ...filling, before: filling.before + filling.ids.length, ids: [] };
    }
    if (filling.ids.length === 0) at = keyOf(ordinal);
    filling = { ...filling, ids: [...filling.ids, id] };
  }
  patternQueue.put(at, filling);
}

const emptyRow = (dueAtMs: number): QueueRow => ({ stride: 1, dueAtMs, before: 0, ids: [] });

const keyOf = (ordinal: number): string => String(ordinal).padStart(16, '0');
