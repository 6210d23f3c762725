/** A submission's end: it is kept while items are open, and answered once when none is. */
import { escapeKey } from '../../protocol/address.ts';
import { reply, tell } from '../../runtime/effects.ts';
import { nodeContract, type SubmissionResult } from '../node/contract.ts';
import { batches, type BatchRow } from './tables.ts';

/** Keeps a submission while items are open; answers it when none is. */
export function settle(batchKey: string, row: BatchRow): void {
  if (row.open > 0) {
    batches.put(batchKey, row);
    return;
  }
  batches.delete(batchKey);
  const { accepted, duplicates, corroborated } = tally(row.outcomes);
  const rejected = row.rejected
    .map(({ index, error }) => ({ index, error: { ...error } }))
    .sort((a, b) => a.index - b.index);
  const waits = rejected.flatMap(({ error }) =>
    error.retryAfterMs === undefined ? [] : [error.retryAfterMs],
  );
  const retryAfterMs = waits.length === 0 ? {} : { retryAfterMs: Math.max(...waits) };
  const result: Omit<SubmissionResult, 'batch'> = {
    accepted,
    duplicates,
    corroborated,
    rejected,
    ...retryAfterMs,
  };
  if (row.fromNode) {
    const items = itemsOf(row);
    tell(nodeContract.at(escapeKey(row.node)), {
      type: 'submission.decided',
      batch: row.batch,
      ...result,
      ...items,
    });
  } else if (row.reply !== null) {
    reply(result, row.reply);
  }
}

function itemsOf({ positions, outcomes, rejected }: BatchRow): Pick<SubmissionResult, 'items'> {
  if (positions === null) return {};
  const position = (index: number): number => positions[index] ?? index;
  return {
    items: [
      ...outcomes.map(([index, outcome]) => ({ position: position(index), outcome })),
      ...rejected.map(({ index }) => ({ position: position(index), outcome: 'rejected' as const })),
    ].sort((a, b) => a.position - b.position),
  };
}

/** Counts outcomes; a new version is a duplicate, too. */
export function tally(outcomes: BatchRow['outcomes']) {
  const counted = { accepted: 0, duplicates: 0, versions: 0, corroborated: 0 };
  for (const [, outcome] of outcomes) {
    if (outcome === 'accepted') counted.accepted++;
    else if (outcome === 'corroborated') counted.corroborated++;
    else counted.duplicates++;
    if (outcome === 'version') counted.versions++;
  }
  return counted;
}
