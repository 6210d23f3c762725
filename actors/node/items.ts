/** One item's state: what a failure or a refusal makes of it, and when it is tried again. */
import { now, schedule } from '../../runtime/effects.ts';
import type { NodeSettings } from '../settings.ts';
import type { Draft } from './node-context.ts';
import { type FileRow, type FileState, files, retries, retryKey } from './tables.ts';

export function updateFile(
  draft: Draft,
  key: string | undefined,
  change: (file: FileRow, key: string) => FileRow,
): void {
  const file = key === undefined ? undefined : files.get(key);
  if (key !== undefined && file !== undefined) setFile(draft, key, change(file, key), file);
}

export function setFile(draft: Draft, key: string, row: FileRow, before = files.get(key)): void {
  if (before !== undefined) draft.files[before.state]--;
  draft.files[row.state]++;
  files.put(key, row);
}

/** Outcomes that nothing more follows from. */
export const isDecided = (state: FileState): boolean => decidedStates.has(state);
const decidedStates: ReadonlySet<FileState> = new Set([
  'accepted',
  'duplicate',
  'corroborated',
  'version',
  'rejected',
]);

/** Nothing more will become of an item: a piece of a stream is forgotten, so that rows do not grow with the stream. */
export function forgetOnce(draft: Draft, key: string | undefined): void {
  const file = key === undefined ? undefined : files.get(key);
  if (key === undefined || file?.once !== true) return;
  if (!isDecided(file.state) && file.state !== 'unreadable' && file.state !== 'gone') return;
  draft.files[file.state]--;
  files.delete(key);
}

/** Why an item could not be read, and whether and when that may be different. */
export interface ReadFailure {
  readonly reason: string;
  readonly transient: boolean;
  readonly retryAfterMs?: number;
}

/** An item could not be read. */
export function failed(
  draft: Draft,
  key: string | undefined,
  { reason, transient, retryAfterMs }: ReadFailure,
  settings: NodeSettings,
): void {
  updateFile(draft, key, (file, at) => {
    if (file.state !== 'reading') return file;
    const failures = file.failures + 1;
    const again = transient && (file.once === true || failures < settings.fileAttempts);
    if (!again)
      return { ...file, failures, reason, state: reason === 'gone' ? 'gone' : 'unreadable', retryAtMs: null };
    return { ...file, failures, reason, ...retryAt(draft, at, retryAfterMs ?? settings.retryAfterMs) };
  });
  forgetOnce(draft, key);
}

/** Intake refused an item: for now, or for good. */
export function refuse(
  draft: Draft,
  key: string | undefined,
  error: Readonly<Record<string, unknown>>,
  settings: NodeSettings,
): void {
  updateFile(draft, key, (file, at) => {
    const reason = typeof error['code'] === 'string' ? error['code'] : 'rejected';
    if (error['recoverable'] !== true) return { ...file, state: 'rejected', refused: false, reason };
    const { retryAfterMs } = error;
    const delayMs = typeof retryAfterMs === 'number' ? Math.max(1, retryAfterMs) : settings.retryAfterMs;
    return { ...file, refused: true, reason, ...retryAt(draft, at, delayMs) };
  });
  forgetOnce(draft, key);
}

function retryAt(draft: Draft, key: string, delayMs: number): Pick<FileRow, 'state' | 'retryAtMs'> {
  const retryAtMs = Math.ceil(now() + delayMs);
  retries.put(retryKey(retryAtMs, key), true);
  scheduleRetry(draft);
  return { state: 'retry', retryAtMs };
}

/** One timer for all: it fires when the first item is due, or when sending is not held back any more. */
export function scheduleRetry(draft: Draft): void {
  const { heldUntilMs } = draft.sending;
  const times = [...retries.range({ limit: 1 })].map(([key]) => Number(key.slice(0, key.indexOf('|'))));
  if (heldUntilMs !== null && heldUntilMs > now()) times.push(heldUntilMs);
  if (times.length === 0) return;
  const atMs = Math.min(...times);
  if (draft.retryAtMs !== null && draft.retryAtMs <= atMs) return;
  draft.retryAtMs = atMs;
  schedule('retry', Math.max(1, atMs - now()), { type: 'retry.due' });
}
