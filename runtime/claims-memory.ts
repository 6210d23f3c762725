/** Claims and lanes in memory; see `claim-log.ts`. */
import { BanyanError } from '../protocol/errors.ts';
import type { Subjects } from '../protocol/subjects.ts';
import {
  type ClaimLog,
  type Guard,
  type Lanes,
  LANES,
  type NewClaim,
  type StoredClaim,
} from './claim-log.ts';
import { checkClaims, decodeClaim, encodeClaim, unclaimed } from './claim-record.ts';
import type { MemoryStream } from './stream-memory.ts';

const NOTHING = new Uint8Array();

export class MemoryClaims implements ClaimLog {
  readonly #stream: MemoryStream;
  readonly #subjects: Subjects;
  /** Every record on an owner's lanes; the last ones are those that a guard names. */
  readonly #lanes = new Map<string, number[]>();

  constructor(stream: MemoryStream, subjects: Subjects) {
    this.#stream = stream;
    this.#subjects = subjects;
  }

  async claims(): Promise<ReadonlyMap<number, StoredClaim>> {
    const found = new Map<number, StoredClaim>();
    for (const partition of this.#stream.partitions()) {
      const entries = this.#stream.claimsOf(partition);
      const { last } = entries;
      if (last === undefined) continue;
      let claim = decodeClaim(last.data, partition);
      claim ??= [...entries].map(({ data }) => decodeClaim(data, partition)).findLast(Boolean);
      found.set(partition, { ...(claim ?? unclaimed(partition)), seq: last.seq });
    }
    return found;
  }

  async claim(claims: readonly NewClaim[], fenced: readonly string[]): Promise<readonly number[]> {
    checkClaims(claims, fenced);
    for (const { partition, after } of claims) {
      const last = this.#stream.claimsOf(partition).last?.seq ?? 0;
      if (last !== after)
        throw new BanyanError('log.conflict', {
          message: `Partition ${partition} was claimed in entry ${last}.`,
        });
    }
    const stored = claims.map((claim) => {
      const { partition } = claim;
      const place = { kind: 'claim', partition } as const;
      return this.#stream.append(this.#subjects.claim(partition), place, encodeClaim(claim));
    });
    // Lanes that were removed stay removed: a record there would make them look open.
    for (const owner of fenced) if (this.#lanes.has(owner)) this.#write(owner);
    return stored;
  }

  async openLanes(owner: string): Promise<Lanes> {
    if (this.#lanes.has(owner))
      throw new BanyanError('log.conflict', { message: `The lanes of ${owner} are open already.` });
    return this.#write(owner);
  }

  async lanes(owner: string): Promise<Lanes | undefined> {
    return this.#lanes.get(owner)?.slice(-LANES);
  }

  async removeLanes(owner: string): Promise<void> {
    for (const seq of this.#lanes.get(owner) ?? []) this.#stream.remove(seq);
    this.#lanes.delete(owner);
  }

  async laneOwners(): Promise<readonly string[]> {
    return [...this.#lanes.keys()];
  }

  /** Throws `log.conflict` when the sender was fenced. */
  check(guard: Guard | undefined): void {
    if (guard === undefined) return;
    const last = this.#lanes.get(guard.owner)?.slice(-LANES);
    if (last?.[guard.lane] !== guard.seq)
      throw new BanyanError('log.conflict', { message: `${guard.owner} was fenced.` });
  }

  #write(owner: string): Lanes {
    const lanes = Array.from({ length: LANES }, (_, lane) =>
      this.#stream.append(this.#subjects.lane(owner, lane), undefined, NOTHING),
    );
    this.#lanes.set(owner, [...(this.#lanes.get(owner) ?? []), ...lanes]);
    return lanes;
  }
}
