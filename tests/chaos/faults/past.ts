/** Turns what streams held into the history that the simulator's checkers judge. */
import { HEADER } from '../../../protocol/headers.ts';
import type { Subjects } from '../../../protocol/subjects.ts';
import { decode } from '../../../protocol/codec.ts';
import { decodeClaim } from '../../../runtime/claim-record.ts';
import type { Claim, Guard } from '../../../runtime/claim-log.ts';
import type { LogEntry, Publication, Verdict } from '../../../runtime/log.ts';
import type { History } from '../../simulation/history.ts';
import type { Kept } from './recorder.ts';

const EXPECTED = 'Nats-Expected-Last-Subject-Sequence';
const BATCH = 'Nats-Batch-Id';
/** On the last message of a batch. */
const COMMIT = 'Nats-Batch-Commit';
/** Who sends without owning anything: clients, and operators through them. */
const OUTSIDE = 'client';

/** Entries, claims with their fences, and frames with their guards, in the order of the log. */
export function recordMailbox(history: History, subjects: Subjects, kept: readonly Kept[]): Verdict[] {
  const verdicts: Verdict[] = [];
  const owners = new Map<number, string | null>();
  for (const batch of batches(kept)) {
    const claims: (Claim & { seq: number })[] = [];
    const fenced = new Set<string>();
    for (const one of batch) {
      const place = subjects.parseStored(one.subject);
      if (place === undefined) {
        const [, lane, owner] = one.subject.split('.');
        if (lane === 'lane' && owner !== undefined) fenced.add(owner);
      } else if (place.kind === 'claim') {
        const claim = decodeClaim(one.data, place.partition);
        if (claim !== undefined) claims.push({ ...claim, seq: one.seq });
      } else if (place.kind === 'verdict') {
        verdicts.push(decode(one.data) as Verdict);
      } else {
        history.entries[place.partition]?.push(entryOf(one, place));
        const { partition } = place;
        const guard = guardOf(one);
        const from = one.headers?.get(HEADER.from) || undefined;
        if (place.kind === 'frame')
          history.changed(guard?.owner ?? OUTSIDE, one.timeMs, {
            what: 'frame',
            partition,
            seq: one.seq,
            from,
            guard,
          });
      }
    }
    const [first] = claims;
    if (first === undefined) continue;
    // Lanes that are of no use go after the claim, perhaps while the broker was away from whoever recorded: then
    // nobody knows whom the rest of the batch fenced. That the former owners sent nothing later is seen all the same.
    const isWhole = batch.at(-1)?.headers?.has(COMMIT) === true;
    for (const { partition, owner } of claims) {
      const former = owners.get(partition);
      if (!isWhole && owner !== null && typeof former === 'string' && former !== owner) fenced.add(former);
      owners.set(partition, owner);
    }
    history.changed(first.owner ?? OUTSIDE, 0, { what: 'claim', claims, fenced: [...fenced] });
  }
  return verdicts;
}

/** Events and dead letters by their ids; repetitions are told to the history only. */
export function recordPublished(history: History, kept: readonly Kept[]): Map<string, Publication> {
  const published = new Map<string, Publication>();
  for (const { subject, data, headers, timeMs } of kept) {
    const publication = { subject, data, id: headers?.get(HEADER.from) ?? '' };
    history.changed('', timeMs, { what: 'publish', publications: [publication] });
    if (!published.has(publication.id)) published.set(publication.id, publication);
  }
  return published;
}

/** Messages that were stored as one; any other is alone. */
function* batches(kept: readonly Kept[]): Generator<Kept[]> {
  let batch: Kept[] = [];
  let id: string | undefined;
  for (const one of kept) {
    const its = one.headers?.get(BATCH) || undefined;
    if (its === undefined || its !== id) {
      if (batch.length > 0) yield batch;
      batch = [];
    }
    id = its;
    batch.push(one);
  }
  if (batch.length > 0) yield batch;
}

function entryOf({ seq, timeMs, subject, data, headers }: Kept, place: LogEntry['place']): LogEntry {
  const header = (name: string): string | undefined =>
    headers?.has(name) === true ? headers.get(name) : undefined;
  return { seq, timeMs, subject, place, data, header };
}

/** The broker keeps what a publisher expected. */
function guardOf({ headers }: Kept): Guard | undefined {
  const [, , owner, lane] = headers?.get(`${EXPECTED}-Subject`).split('.') ?? [];
  if (owner === undefined) return undefined;
  return { owner, lane: Number(lane), seq: Number(headers?.get(EXPECTED)) };
}
