/**
 * One writer per epoch (rule R1): claims count up; whoever was fenced stores nothing more of the partition that it
 * lost; heads follow each other by epoch, step and cursor, and hold nothing behind the next claim.
 */
import type { Claim } from '../../../runtime/claim-log.ts';
import { parseFrom } from '../../../runtime/log.ts';
import type { Recorded } from '../history.ts';
import { type Checker, few } from './judgement.ts';

type StoredClaim = Claim & { readonly seq: number };

export const singleWriter: Checker = ({ history }) => {
  const wrong: string[] = [];
  const claims = new Map<number, StoredClaim[]>();
  const heads = new Map<number, Extract<Recorded, { what: 'head' }>>();
  /** `<partition> <owner>`: fenced because the partition was taken from it. */
  const fenced = new Set<string>();
  for (const change of history.changes) {
    if (change.what === 'claim') {
      for (const claim of change.claims) {
        const before = claims.get(claim.partition) ?? [];
        const last = before.at(-1);
        if (!follows(claim, last)) wrong.push(`claim ${show(claim)} follows ${last && show(last)}`);
        const former = last?.owner ?? undefined;
        if (former !== undefined && former !== claim.owner && change.fenced.includes(former))
          fenced.add(`${claim.partition} ${former}`);
        if (
          former !== undefined &&
          claim.owner !== null &&
          former !== claim.owner &&
          !change.fenced.includes(former)
        )
          wrong.push(`claim ${show(claim)} did not fence ${former}`);
        // Who has it again may send for it again.
        if (claim.owner !== null) fenced.delete(`${claim.partition} ${claim.owner}`);
        claims.set(claim.partition, [...before, claim]);
      }
    } else if (change.what === 'frame' && !change.owner.startsWith('client')) {
      if (change.guard === undefined)
        wrong.push(`entry ${change.seq}: ${change.owner} sends without a guard`);
      for (const [from] of parseFrom(change.from ?? ''))
        if (fenced.has(`${from} ${change.guard?.owner}`))
          wrong.push(
            `entry ${change.seq}: ${change.guard?.owner} sends for partition ${from} that it has lost`,
          );
    } else if (change.what === 'head') {
      wrong.push(
        ...headFaults(change, heads.get(change.head.partition), claims.get(change.head.partition) ?? []),
      );
      heads.set(change.head.partition, change);
    }
  }
  return few(wrong);
};

function follows(claim: StoredClaim, last: StoredClaim | undefined): boolean {
  if (last === undefined) return true;
  if (claim.seq <= last.seq) return false;
  // Whoever releases a partition says so in its own epoch.
  return claim.owner === null ? claim.epoch >= last.epoch : claim.epoch > last.epoch;
}

function headFaults(
  { head, seq }: Extract<Recorded, { what: 'head' }>,
  before: Extract<Recorded, { what: 'head' }> | undefined,
  claims: readonly StoredClaim[],
): string[] {
  const wrong: string[] = [];
  const say = (what: string): void =>
    void wrong.push(`head ${seq} of partition ${head.partition} by ${head.owner}: ${what}`);
  const own = claims.find(({ epoch, owner }) => epoch === head.epoch && owner === head.owner);
  if (own === undefined) say(`nobody of that name has claimed epoch ${head.epoch}`);
  const next = claims.find(({ epoch }) => epoch > head.epoch);
  const cursor = head.cursor?.seq ?? 0;
  if (next !== undefined && cursor > next.seq) say(`holds entry ${cursor}, behind the claim ${show(next)}`);
  if (before === undefined) return wrong;
  if (head.epoch < before.head.epoch) say(`epoch ${head.epoch} after ${before.head.epoch}`);
  if (head.epoch === before.head.epoch && head.step !== before.head.step + 1)
    say(`step ${head.step} after ${before.head.step} of the same epoch`);
  if (head.epoch > before.head.epoch && head.step !== 0) say(`begins its epoch with step ${head.step}`);
  if (cursor < (before.head.cursor?.seq ?? 0)) say(`cursor ${cursor} after ${before.head.cursor?.seq}`);
  return wrong;
}

function show({ partition, epoch, owner, seq }: StoredClaim): string {
  return `${seq} (partition ${partition}, epoch ${epoch}, ${owner ?? 'nobody'})`;
}
