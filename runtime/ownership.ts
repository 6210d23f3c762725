/**
 * What one incarnation of a shard owns, and its proof (rule R1). It claims partitions, fencing their owners
 * before; its frames carry the guard of its lanes; when a guard is refused it looks which partitions it lost.
 */
import { BanyanError, toBanyanError } from '../protocol/errors.ts';
import type { Fence } from './sender.ts';
import type { Guard, Lanes, NewClaim, StoredClaim } from './claim-log.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { patiently } from './patience.ts';

export interface OwnershipParts {
  readonly log: Log;
  readonly clock: Clock;
  /** Names this incarnation: no other one, past or future, has the same. */
  readonly owner: string;
  readonly turnVersion: string;
  readonly stopped: () => boolean;
  /** Another owner has claimed these; called before anything more is sent. */
  readonly onLost: (partitions: readonly number[]) => void;
}

/** Our claim of a partition. */
export type OwnClaim = StoredClaim & { readonly owner: string };

/** Claims in one atomic batch; the lanes of the owners before need room in it, too. */
const CLAIMS_AT_ONCE = 64;
const RETRY_MS = 100;
/** So long an owner that has not looked may answer for its partitions. */
const CURRENT_MS = 2_000;

export class Ownership implements Fence {
  readonly #parts: OwnershipParts;
  readonly #claims = new Map<number, OwnClaim>();
  /** Owners that we have fenced; their lanes go once they own nothing. */
  readonly #fenced = new Set<string>();
  #owner: string;
  #names = 0;
  #lanes: Lanes | undefined;
  /** One claim at a time. */
  #claiming: Promise<unknown> = Promise.resolve();
  #checking: Promise<void> | undefined;
  #checkedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: OwnershipParts) {
    this.#parts = parts;
    this.#owner = parts.owner;
  }

  /** Undefined for a partition that is not ours. */
  claimOf(partition: number): OwnClaim | undefined {
    return this.#claims.get(partition);
  }

  guard(lane: number): Guard {
    const seq = this.#lanes?.[lane];
    if (seq === undefined) throw new BanyanError('internal', { message: 'A frame leaves before any claim.' });
    return { owner: this.#owner, lane, seq };
  }

  /**
   * Claims partitions, whoever has them. Resolves when each is ours; waits for the broker as long as it takes.
   * Throws `partition.unavailable` once the shard has stopped.
   */
  claim(partitions: readonly number[]): Promise<void> {
    const claimed = this.#claiming.then(() => this.#claimAll(partitions));
    this.#claiming = claimed.catch(() => undefined);
    return claimed;
  }

  /** Gives a partition up, so that the next owner need not fence us. Throws `log.conflict` when it was taken. */
  async release(partition: number): Promise<void> {
    const claim = this.#claims.get(partition);
    if (claim === undefined) return;
    this.#claims.delete(partition);
    const { log } = this.#parts;
    const { epoch, turnVersion, seq } = claim;
    await log.claim([{ partition, epoch, turnVersion, owner: null, after: seq }], []);
    // Nobody will fence us any more, so nobody else would remove them.
    if (this.#claims.size === 0) await log.removeLanes(this.#owner);
  }

  /** Believes no longer in the claim of a partition that was left without a release: whoever takes it fences us. */
  abandon(partition: number): void {
    this.#claims.delete(partition);
  }

  /** A guard was refused. Resolves when what was lost is known and given up, and the lanes are those of now. */
  conflict(): Promise<void> {
    this.#checking ??= this.#check().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /**
   * Resolves when we owned what {@link claimOf} says at some moment within the last seconds: whoever was frozen
   * must not answer from a state that another owner has changed since.
   */
  async current(): Promise<void> {
    const ageMs = this.#parts.clock.now() - this.#checkedMs;
    if (ageMs < 0 || ageMs > CURRENT_MS) await this.conflict();
  }

  /** Reading has met a claim. Resolves once it is known whether it ends ours: nothing behind it may be turned then. */
  async met(claim: { readonly partition: number; readonly seq: number }): Promise<void> {
    const own = this.#claims.get(claim.partition);
    if (own === undefined || claim.seq <= own.seq) return;
    await this.conflict();
    // That look may have begun before the claim was there.
    if (this.#claims.get(claim.partition) === own) await this.conflict();
  }

  async #claimAll(partitions: readonly number[]): Promise<void> {
    if (partitions.length === 0) return;
    for (;;) {
      if (this.#claims.size === 0) await this.#openLanes();
      for (let at = 0; at < partitions.length; at += CLAIMS_AT_ONCE)
        await this.#claimSome(partitions.slice(at, at + CLAIMS_AT_ONCE));
      // Whoever took our last partition meanwhile has removed our lanes: nothing of ours could leave.
      if ((await this.#patiently(() => this.#parts.log.lanes(this.#owner))) !== undefined) break;
      const open = new Set(partitions);
      const lost = [...this.#claims.keys()].filter((partition) => !open.has(partition));
      this.#claims.clear();
      if (lost.length > 0) this.#parts.onLost(lost);
    }
    await this.#removeDeadLanes();
  }

  /** Under a name that was never used, because an attempt whose answer was lost may have opened some. */
  async #openLanes(): Promise<void> {
    const { log, owner } = this.#parts;
    await this.#patiently(async () => {
      this.#owner = this.#names++ === 0 ? owner : `${owner}-${this.#names}`;
      this.#lanes = await log.openLanes(this.#owner);
    });
  }

  async #claimSome(partitions: readonly number[]): Promise<void> {
    const { log, turnVersion, clock, stopped } = this.#parts;
    const attempted = new Map<number, number>();
    for (;;) {
      const newest = await this.#patiently(() => log.claims());
      if (stopped()) throw new BanyanError('partition.unavailable', { retryAfterMs: 500 });
      const open: NewClaim[] = [];
      const before = new Set<string>();
      for (const partition of partitions) {
        const last = newest.get(partition);
        // An attempt whose answer was lost.
        if (isOurs(last, this.#owner) && last.epoch === attempted.get(partition)) {
          this.#claims.set(partition, last);
          continue;
        }
        const epoch = (last?.epoch ?? 0) + 1;
        attempted.set(partition, epoch);
        open.push({ partition, epoch, owner: this.#owner, turnVersion, after: last?.seq ?? 0 });
        if (last !== undefined && last.owner !== null && last.owner !== this.#owner) before.add(last.owner);
      }
      if (open.length === 0) return;
      try {
        for (const owner of before) this.#fenced.add(owner);
        const seqs = await log.claim(open, [...before]);
        for (const [place, { partition, epoch }] of open.entries())
          this.#claims.set(partition, {
            partition,
            epoch,
            owner: this.#owner,
            turnVersion,
            seq: seqs[place] as number,
          });
        return;
      } catch (error) {
        const known = toBanyanError(error);
        if (known.code !== 'log.conflict' && !known.recoverable) throw known;
        await new Promise<void>((resolve) => void clock.setTimer(RETRY_MS, resolve));
      }
    }
  }

  /** Those whom we have fenced and who own nothing any more. What fails costs room only: the next claim tries again. */
  async #removeDeadLanes(): Promise<void> {
    if (this.#fenced.size === 0) return;
    const { log } = this.#parts;
    try {
      const owners = new Set([...(await log.claims()).values()].map(({ owner }) => owner));
      for (const owner of this.#fenced) {
        if (!owners.has(owner)) await log.removeLanes(owner);
        this.#fenced.delete(owner);
      }
    } catch (error) {
      if (!toBanyanError(error).recoverable) throw error;
    }
  }

  async #check(): Promise<void> {
    const { log, onLost, clock } = this.#parts;
    const checkedMs = clock.now();
    const owner = this.#owner;
    const before = new Set(this.#claims.values());
    // The lanes first: who fences us between the two reads makes the lanes that we know stale again.
    const lanes = await this.#patiently(() => log.lanes(owner));
    const newest = await this.#patiently(() => log.claims());
    // Without lanes nothing of ours is taken any more, whatever we own. A claim made during the look may be
    // newer than what it shows, and older: then it was superseded, and the lanes are those after that.
    const lost = [...this.#claims.values()].filter((claim) =>
      lanes === undefined ? before.has(claim) : isSuperseded(claim, newest.get(claim.partition)),
    );
    for (const { partition } of lost) this.#claims.delete(partition);
    if (lanes !== undefined && owner === this.#owner) this.#lanes = lanes;
    this.#checkedMs = checkedMs;
    if (lost.length > 0) onLost(lost.map(({ partition }) => partition));
  }

  #patiently<T>(attempt: () => Promise<T>): Promise<T> {
    return patiently(this.#parts.clock, this.#parts.stopped, attempt);
  }
}

/** Whether somebody else has claimed the partition since. */
function isSuperseded(claim: OwnClaim, newest: StoredClaim | undefined): boolean {
  return newest !== undefined && newest.seq > claim.seq && newest.owner !== claim.owner;
}

function isOurs(claim: StoredClaim | undefined, owner: string): claim is OwnClaim {
  return claim?.owner === owner;
}
