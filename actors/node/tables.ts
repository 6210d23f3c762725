/** What a node remembers about its targets and their items. */
import { createHash } from 'node:crypto';
import { defineTable } from '../../runtime/table.ts';
import type { Target } from '../orchestrator/contract.ts';

/** One collection that the orchestrator asked for. */
export interface Attempt {
  readonly assignment: string;
  readonly run: string | null;
  readonly startedAtMs: number;
  readonly reportedAtMs: number;
  /** Whether the target is still being listed. */
  readonly scanning: boolean;
  readonly found: number;
  readonly ignored: number;
  /** Decided earlier and not changed since: not read again. */
  readonly unchanged: number;
  readonly offered: number;
  readonly accepted: number;
  readonly known: number;
  readonly rejected: number;
  readonly unreadable: number;
  /** Why the first of the unreadable ones was. */
  readonly why?: string;
}

export interface TargetRow {
  readonly target: Target;
  readonly exempt: boolean;
  readonly attempt: Attempt | null;
  /** Items that wait to be read. */
  readonly waiting: number;
  /** Batches that are being read or decided. */
  readonly open: number;
  /** Removed or paused: its items wait until it is assigned again. */
  readonly withdrawn?: boolean;
  /** How far a stream was listed; moved in the turn that keeps the items up to there. */
  readonly cursor?: string;
}
/** By the target's id. */
export const targets = defineTable<TargetRow>('targets');

/**
 * waiting → reading → offered → accepted | duplicate | corroborated | version | rejected; `retry` waits for
 * its time, `unreadable` and `gone` for the target's next collection.
 */
export const fileStates = [
  'waiting',
  'reading',
  'offered',
  'accepted',
  'duplicate',
  'corroborated',
  'version',
  'rejected',
  'retry',
  'unreadable',
  'gone',
] as const;
export type FileState = (typeof fileStates)[number];

export interface FileRow {
  readonly target: string;
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly state: FileState;
  /** Reads that failed since the last success. */
  readonly failures: number;
  /** Whether intake refused it for now: the next offer is a retry. */
  readonly refused: boolean;
  readonly reason: string | null;
  readonly retryAtMs: number | null;
  /** Read whatever its size and time say. */
  readonly always?: boolean;
  /** Forgotten once it is decided. */
  readonly once?: boolean;
  /** What identifies the content that was read last, which may not be decided yet; empty when nothing does. */
  readonly mark?: string;
  /** The mark and the outcome of the content that was decided last: one that comes again need not be offered. */
  readonly known?: { readonly mark: string; readonly state: FileState };
}
/** By {@link fileKey}. */
export const files = defineTable<FileRow>('files');
/** Items to be read next, by {@link fileKey}. */
export const waiting = defineTable<{ readonly bytes: number }>('waiting');
/** Targets that have waiting items, by id. */
export const hungry = defineTable<true>('hungry');
/** Items to be tried again, by `<time>|<file key>`. */
export const retries = defineTable<true>('retries');

/** Items that are offered to intake together, by the batch's name. */
export interface BatchRow {
  readonly target: string;
  readonly files: readonly string[];
  readonly read: boolean;
  readonly decided: boolean;
  /** Whether its items are kept in the spool. */
  readonly spooled?: boolean;
}
export const batches = defineTable<BatchRow>('batches');

/** Names of up to this many characters are part of the key as they are. */
const plainNameCharacters = 120;

export const filePrefix = (target: string): string => `${target.slice(0, 16)}|`;

/** Ordered by name within a target; of a long name only the beginning and its hash. */
export function fileKey(target: string, name: string): string {
  if (name.length <= plainNameCharacters) return filePrefix(target) + name;
  const hash = createHash('sha256').update(name).digest('hex');
  return `${filePrefix(target)}${name.slice(0, 80).toWellFormed()}|${hash}`;
}

export const retryKey = (atMs: number, file: string): string => `${String(atMs).padStart(14, '0')}|${file}`;
