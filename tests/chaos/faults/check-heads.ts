/**
 * Heads of stored state, as far as they were seen: each by an owner that has claimed its epoch; epochs, steps and
 * cursors only grow; nothing behind the claim of the next owner is in the state (rules R1 and R11).
 */
import type { Subjects } from '../../../protocol/subjects.ts';
import type { Head } from '../../../runtime/checkpoint-log.ts';
import { decodeHead } from '../../../runtime/head-record.ts';
import type { Claim } from '../../../runtime/claim-log.ts';
import type { History } from '../../simulation/history.ts';
import type { Kept } from './recorder.ts';

export function checkHeads(kept: readonly Kept[], history: History, subjects: Subjects): string[] {
  const claims = history.changes.flatMap((change) => (change.what === 'claim' ? change.claims : []));
  const last = new Map<number, Head>();
  return kept.flatMap(({ seq, subject, data }) => {
    const partition = Number(subject.split('.')[2]);
    if (subject !== subjects.stateHead(partition)) return [];
    const head = decodeHead(data, partition);
    const before = last.get(partition);
    last.set(partition, head);
    const own = claims.filter((claim) => claim.partition === partition);
    return faultsOf(head, before, own).map((fault) => `head ${seq} of partition ${partition}: ${fault}`);
  });
}

function faultsOf(
  head: Head,
  before: Head | undefined,
  claims: readonly (Claim & { readonly seq: number })[],
): string[] {
  const wrong: string[] = [];
  if (!claims.some(({ epoch, owner }) => epoch === head.epoch && owner === head.owner))
    wrong.push(`${head.owner} has not claimed epoch ${head.epoch}`);
  const next = claims.find(({ epoch }) => epoch > head.epoch);
  const cursor = head.cursor?.seq ?? 0;
  if (next !== undefined && cursor > next.seq) wrong.push(`holds ${cursor}, behind the claim ${next.seq}`);
  if (before === undefined) return wrong;
  if (head.epoch < before.epoch) wrong.push(`epoch ${head.epoch} after ${before.epoch}`);
  if (head.epoch === before.epoch && head.step <= before.step)
    wrong.push(`step ${head.step} after ${before.step} of the same epoch`);
  if (cursor < (before.cursor?.seq ?? 0)) wrong.push(`cursor ${cursor} after ${before.cursor?.seq}`);
  return wrong;
}
