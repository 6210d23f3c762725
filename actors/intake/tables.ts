/** What intake keeps: contents by identity, open submissions, items whose content is being fetched. */
import type { ReplyHandle } from '../../runtime/current-turn.ts';
import { defineTable } from '../../runtime/table.ts';
import type { WireError } from '../../protocol/errors.ts';
import type { ContentRef, Outcome } from '../artifact.ts';

/** A content, by the artifact's id: in the row itself, or by reference when it was sent so. */
export interface ContentRow {
  readonly contentType: string;
  readonly source: string;
  readonly node: string;
  readonly bytes: number;
  readonly content: string | null;
  readonly ref: ContentRef | null;
}
export const contents = defineTable<ContentRow>('contents');

export interface Rejection {
  readonly index: number;
  readonly error: WireError;
}

/** A submission that has undecided items, by the id of the message that brought it. */
export interface BatchRow {
  /** The sender's own name for it. */
  readonly batch: string;
  readonly node: string;
  readonly collection: string;
  /** Whether a node's actor waits for `submission.decided`; otherwise the caller behind `reply` does. */
  readonly fromNode: boolean;
  readonly reply: ReplyHandle | null;
  /** The sender's numbers of the items, by index. */
  readonly positions: readonly number[] | null;
  readonly open: number;
  readonly outcomes: readonly (readonly [index: number, outcome: Outcome])[];
  readonly rejected: readonly Rejection[];
}
export const batches = defineTable<BatchRow>('batches');

/** An admitted item whose content is by reference and was not read yet; key = `<batch>|<index>`. */
export interface UnresolvedRow {
  readonly contentType: string;
  readonly ref: ContentRef;
  readonly source: string;
  readonly confidence: number;
  readonly threat: number;
  readonly opportunity: number;
  readonly metadata: Readonly<Record<string, string | number | boolean>>;
}
export const unresolved = defineTable<UnresolvedRow>('unresolved');
export const unresolvedKey = (batch: string, index: number): string =>
  `${batch}|${String(index).padStart(4, '0')}`;

/** Measured success per node, as the orchestrator reports it; key = the escaped name. */
export const measures = defineTable<{ readonly successRate: number; readonly attempts: number }>('measures');
