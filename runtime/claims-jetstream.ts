/** Claims and lanes on NATS JetStream; see `claim-log.ts`. */
import type { JetStreamManager } from '@nats-io/jetstream';
import { BanyanError } from '../protocol/errors.ts';
import type { Subjects } from '../protocol/subjects.ts';
import type { AtomicBatches, BatchMessage } from './batch-jetstream.ts';
import {
  type Claim,
  type ClaimLog,
  type Guard,
  type Lanes,
  LANES,
  type NewClaim,
  type StoredClaim,
} from './claim-log.ts';
import { checkClaims, decodeClaim, encodeClaim, unclaimed } from './claim-record.ts';
import { available, isFull, mayConflict } from './jetstream-errors.ts';
import type { StreamReader } from './stream-jetstream.ts';

const EXPECTED = 'Nats-Expected-Last-Subject-Sequence';
const NOTHING = new Uint8Array();
/** A few batches of claims; publishers whose messages were refused take what is left of it. */
const GROWTH_BYTES = 256 * 1024;
const GROWTHS = 4;

export class JetStreamClaims implements ClaimLog {
  readonly #subjects: Subjects;
  readonly #jsm: JetStreamManager;
  readonly #reader: StreamReader;
  readonly #batches: AtomicBatches;
  readonly #mailbox: string;

  constructor(subjects: Subjects, jsm: JetStreamManager, reader: StreamReader, batches: AtomicBatches) {
    this.#subjects = subjects;
    this.#jsm = jsm;
    this.#reader = reader;
    this.#batches = batches;
    this.#mailbox = subjects.streams.mailbox;
  }

  async claims(): Promise<ReadonlyMap<number, StoredClaim>> {
    const found = new Map<number, StoredClaim>();
    for await (const message of this.#reader.all(this.#mailbox, this.#subjects.all.claim, 'newest of each')) {
      const place = this.#subjects.parseStored(message.subject);
      if (place === undefined) continue;
      const { partition } = place;
      const claim = decodeClaim(message.data, partition) ?? (await this.#lastReadable(partition));
      found.set(partition, { ...claim, seq: message.seq });
    }
    return found;
  }

  async claim(claims: readonly NewClaim[], fenced: readonly string[]): Promise<readonly number[]> {
    checkClaims(claims, fenced);
    const records = await Promise.all(fenced.map((owner) => this.#fence(owner)));
    const messages = claims.map((claim) => ({
      subject: this.#subjects.claim(claim.partition),
      data: encodeClaim(claim),
      headers: { [EXPECTED]: String(claim.after) },
    }));
    const seqs = await available(async () => {
      try {
        return await this.#store([...messages, ...records.flat()]);
      } catch (error) {
        if (mayConflict(error)) await this.#throwIfClaimed(claims);
        throw error;
      }
    });
    return seqs.slice(0, claims.length);
  }

  async openLanes(owner: string): Promise<Lanes> {
    const messages = lanes((lane) => ({
      subject: this.#subjects.lane(owner, lane),
      data: NOTHING,
      headers: { [EXPECTED]: '0' },
    }));
    return available(async () => {
      try {
        return await this.#store(messages);
      } catch (error) {
        if (!mayConflict(error)) throw error;
        throw new BanyanError('log.conflict', { message: `The lanes of ${owner} are open already.` });
      }
    });
  }

  async lanes(owner: string): Promise<Lanes | undefined> {
    const found = await this.#lastRecords(owner);
    return found.includes(0) ? undefined : found;
  }

  async removeLanes(owner: string): Promise<void> {
    const last = (await this.#lastRecords(owner)).filter((seq) => seq > 0);
    if (last.length === 0) return;
    const filter = this.#subjects.lanesOf(owner);
    await available(async () => {
      // The last records go last: a server that is killed half-way must not be left with one that was fenced.
      await this.#jsm.streams.purge(this.#mailbox, { filter, seq: Math.min(...last) });
      await this.#jsm.streams.purge(this.#mailbox, { filter });
    });
  }

  async laneOwners(): Promise<readonly string[]> {
    const { state } = await available(() =>
      this.#jsm.streams.info(this.#mailbox, { subjects_filter: this.#subjects.all.lane }),
    );
    return [...new Set(Object.keys(state.subjects ?? {}).map((subject) => subject.split('.')[2] as string))];
  }

  /** Runs a publication with a guard; throws `log.conflict` when its sender was fenced. */
  async guarded<T>(
    guard: Guard | undefined,
    publish: (expected: Record<string, string>) => Promise<T>,
  ): Promise<T> {
    if (guard === undefined) return publish({});
    const { owner, lane, seq } = guard;
    const subject = this.#subjects.lane(owner, lane);
    try {
      return await publish({ [EXPECTED]: String(seq), [`${EXPECTED}-Subject`]: subject });
    } catch (error) {
      // On a replicated stream another message of this lane that is still under way is refused the same way.
      if (mayConflict(error) && (await this.#reader.lastSeq(this.#mailbox, subject)) !== seq)
        throw new BanyanError('log.conflict', { message: `${owner} was fenced.`, cause: error });
      throw error;
    }
  }

  /**
   * A mailbox that is full is emptied by owners (rule R10): becoming one must not need room that publishers have
   * taken. So the mailbox grows by a little.
   */
  async #store(messages: readonly BatchMessage[]): Promise<readonly number[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#batches.store(messages);
      } catch (error) {
        if (!isFull(error) || attempt === GROWTHS) throw error;
        const { config } = await this.#jsm.streams.info(this.#mailbox);
        await this.#jsm.streams.update(this.#mailbox, { max_bytes: config.max_bytes + GROWTH_BYTES });
      }
    }
  }

  /** Records for the lanes that an owner has. One that was removed stays so: a record would make it look open. */
  async #fence(owner: string): Promise<readonly BatchMessage[]> {
    const last = await this.#lastRecords(owner);
    return lanes((lane) => ({ subject: this.#subjects.lane(owner, lane), data: NOTHING })).filter(
      (_, lane) => last[lane] !== 0,
    );
  }

  #lastRecords(owner: string): Promise<readonly number[]> {
    return Promise.all(
      lanes((lane) => this.#reader.lastSeq(this.#mailbox, this.#subjects.lane(owner, lane))),
    );
  }

  async #throwIfClaimed(claims: readonly NewClaim[]): Promise<void> {
    const last = await Promise.all(
      claims.map(({ partition }) => this.#reader.lastSeq(this.#mailbox, this.#subjects.claim(partition))),
    );
    for (const [place, { partition, after }] of claims.entries())
      if (last[place] !== after)
        throw new BanyanError('log.conflict', {
          message: `Partition ${partition} was claimed in entry ${last[place]}.`,
        });
  }

  /** What a partition's claims say when others got something stored behind them. */
  async #lastReadable(partition: number): Promise<Claim> {
    let claim = unclaimed(partition);
    for await (const message of this.#reader.all(this.#mailbox, this.#subjects.claim(partition), {
      after: 0,
    }))
      claim = decodeClaim(message.data, partition) ?? claim;
    return claim;
  }
}

function lanes<T>(make: (lane: number) => T): T[] {
  return Array.from({ length: LANES }, (_, lane) => make(lane));
}
