/** What can be asked of a shard: answers from committed state, and what there is to say about it. */
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { BanyanError } from '../protocol/errors.ts';
import { type ActorEntry, describeActor, describeActors } from './actor-list.ts';
import type { Cells } from './cells.ts';
import { partitionOfAddress } from './outbox.ts';
import type { OwnedPartition, PartitionStatus } from './owned-partition.ts';
import type { Partition } from './partition.ts';
import { runQuery } from './queries.ts';
import { stateHash } from './state-hash.ts';
import type { Store } from './store.ts';

interface Place {
  readonly seq: number;
  readonly index: number;
}

/** What is still to do: all zero means that nothing moves until somebody sends something or time passes. */
export interface ShardWork {
  readonly queued: number;
  readonly unacknowledged: number;
  readonly tasks: number;
  readonly timers: number;
}

export interface ShardViewParts {
  readonly node: string;
  /** Of the namespace. */
  readonly partitions: number;
  readonly store: Store;
  readonly cells: Cells;
  readonly owned: ReadonlyMap<number, OwnedPartition>;
  readonly beacon: (partition: number, seq: number, index: number, epoch: number) => void;
  readonly idle: () => void;
  readonly stopped: () => boolean;
  /** Resolves once it is certain that what we have is still ours. */
  readonly current: () => Promise<void>;
  readonly work: () => ShardWork;
}

export class ShardView {
  readonly #parts: ShardViewParts;

  constructor(parts: ShardViewParts) {
    this.#parts = parts;
  }

  owns(address: Address): boolean {
    return this.#parts.owned.has(partitionOfAddress(address, this.#parts.partitions));
  }

  /**
   * Answers from committed state (rule R12), that of entry `after` at least: read your writes. Throws
   * `partition.unavailable` while the partition cannot vouch for being current, or `after` does not come in time.
   */
  async ask(
    address: Address,
    query: string,
    input: Record<string, unknown>,
    after?: number,
    patienceMs: number = LIMITS.askTimeoutMs,
  ): Promise<{ value: unknown; epoch: number; cursor: Place }> {
    const { owned } = this.#ready(address);
    await this.#parts.current();
    if (after !== undefined && owned.position < after) await owned.reached(after, patienceMs);
    const { partition, epoch } = this.#ready(address);
    const { cells, store, beacon, idle } = this.#parts;
    // Only while the query runs: one that waits is no turn that never ends.
    beacon(-1, 0, 0, 0);
    try {
      const value = runQuery(cells.load(address, partition.id), store, query, input);
      return { value, epoch, cursor: placeOf(partition) };
    } finally {
      idle();
    }
  }

  /** The kept answer to a call that was repeated with the same id, in an array of one. */
  result(address: Address, id: string): [unknown] | undefined {
    return this.#ready(address).partition.result(id) as [unknown] | undefined;
  }

  /** Actors that are in memory, in no order. */
  residents(): Address[] {
    return [...this.#parts.cells.addresses()];
  }

  /** Drops an actor's memory; its next turn starts from the stored state. */
  restart(address: Address): void {
    this.#parts.cells.restart(address);
  }

  /** The actors of this shard, in order of partition and address. */
  actors(filter: { kind?: string | undefined; after?: string | undefined; limit: number }): ActorEntry[] {
    const { owned, cells, store } = this.#parts;
    const partitions = [...owned.values()].flatMap(({ partition }) => partition ?? []);
    return describeActors(partitions, cells, store, filter);
  }

  /** One actor in detail; throws `actor.not_found`. */
  actor(address: Address): object {
    const { partition, epoch } = this.#ready(address);
    const { cells, store, node } = this.#parts;
    const described = describeActor(address, partition, cells, store);
    if (described === undefined)
      throw new BanyanError('actor.not_found', { message: `${address} has never had a message.` });
    return { ...described, epoch, owner: node };
  }

  /** A fingerprint of the actor's committed state; a replay up to the same cursor has the same. */
  stateHash(address: Address): { hash: string; cursor: Place; partition: number } {
    const { partition } = this.#ready(address);
    const hash = stateHash(this.#parts.store, partition.id, address);
    return { hash, cursor: placeOf(partition), partition: partition.id };
  }

  partitionStatus(): PartitionStatus[] {
    return [...this.#parts.owned.values()].map((owned) => owned.describe());
  }

  work(): ShardWork & { readonly resident: number } {
    return { ...this.#parts.work(), resident: this.#parts.cells.size };
  }

  counters(): { turns: number; duplicates: number; deadLetters: number; parked: number } {
    const sum = { turns: 0, duplicates: 0, deadLetters: 0, parked: 0 };
    for (const { partition } of this.#parts.owned.values())
      for (const name of Object.keys(sum) as (keyof typeof sum)[])
        sum[name] += partition?.counters[name] ?? 0;
    return sum;
  }

  #ready(address: Address): { owned: OwnedPartition; partition: Partition; epoch: number } {
    const { owned: all, partitions, stopped } = this.#parts;
    if (stopped()) throw new BanyanError('partition.unavailable', { retryAfterMs: 500 });
    const owned = all.get(partitionOfAddress(address, partitions));
    if (owned?.status === 'ready' && owned.partition !== undefined)
      return { owned, partition: owned.partition, epoch: owned.describe().epoch };
    if (owned?.error !== undefined) throw owned.error;
    throw new BanyanError('partition.unavailable', { retryAfterMs: 500 });
  }
}

function placeOf({ cursor }: Partition): Place {
  return { seq: cursor?.seq ?? 0, index: cursor?.index ?? 0 };
}
