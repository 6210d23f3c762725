/**
 * Moves partitions between the shards of this node. A clean move lets the owner finish: what it sent is acknowledged,
 * its last checkpoint holds everything. A forced one claims over its head: the broker refuses whatever it still
 * sends, and it steps down when it notices (rule R1). Either way a partition that cannot be taken goes back.
 *
 * Where partitions are lasts as long as the node: its next start spreads them over the shards by turns again.
 */
import { BanyanError, toBanyanError } from '../protocol/errors.ts';
import type { ShardHost } from './shards/shard-host.ts';

export interface Move {
  readonly partition: number;
  /** The index of the shard that is to have it. */
  readonly shard: number;
  /** Without asking its owner. */
  readonly force?: boolean | undefined;
}

export interface Moved {
  readonly partition: number;
  readonly shard: number;
  /** Of the claim that it stands under now. */
  readonly epoch: number;
}

/** What moving needs of a shard. */
export type MovingShard = Pick<
  ShardHost,
  'id' | 'index' | 'owns' | 'epochOf' | 'take' | 'release' | 'disown'
>;

export interface PartitionMovesParts {
  readonly shards: readonly MovingShard[];
  /** Of the namespace. */
  readonly partitions: number;
  readonly report: (level: 'info' | 'warn' | 'error', message: string, details: object) => void;
}

/** For what was sent to be acknowledged, and for the last checkpoint. */
const RELEASE_MS = 4_000;

export class PartitionMoves {
  readonly #parts: PartitionMovesParts;
  /** The last move of each partition that is on its way; the next one waits for it. */
  readonly #under = new Map<number, Promise<unknown>>();

  constructor(parts: PartitionMovesParts) {
    this.#parts = parts;
  }

  /** Whether some partition is between two shards. */
  get busy(): boolean {
    return this.#under.size > 0;
  }

  /**
   * Resolves when the partition is its new shard's. Throws `request.malformed` for what there is not,
   * `partition.unavailable` when it could not be moved, and what keeps its new shard from reading it.
   */
  async move(move: Move): Promise<Moved> {
    const { partition, shard } = move;
    const target = this.#parts.shards.find(({ index }) => index === shard);
    if (target === undefined) throw unknown('shard', shard, this.#parts.shards.length);
    if (partition >= this.#parts.partitions) throw unknown('partition', partition, this.#parts.partitions);
    const before = this.#under.get(partition) ?? Promise.resolve();
    const moved = before.then(() => this.#move(move, target));
    const settled = moved.catch(() => undefined);
    this.#under.set(partition, settled);
    try {
      return await moved;
    } finally {
      if (this.#under.get(partition) === settled) this.#under.delete(partition);
    }
  }

  async #move({ partition, force = false }: Move, target: MovingShard): Promise<Moved> {
    const source = this.#parts.shards.find((shard) => shard.owns(partition));
    if (source === target) return { partition, shard: target.index, epoch: await target.epochOf(partition) };
    // Another node has it: only who insists takes it back.
    if (source === undefined && !force)
      throw new BanyanError('partition.unavailable', {
        message: `No shard of this node has partition ${partition}.`,
      });
    if (source !== undefined) await this.#leave(source, partition, force);
    try {
      const { epoch, error } = await target.take(partition);
      if (error !== undefined) throw BanyanError.fromWire(error);
      if (epoch === 0)
        throw new BanyanError('partition.unavailable', { message: `${target.id} is stopping.` });
      this.#parts.report('info', 'A partition was moved.', { partition, to: target.id, epoch, force });
      return { partition, shard: target.index, epoch };
    } catch (error) {
      if (source !== undefined) await this.#takeBack(source, target, partition, error);
      throw error;
    }
  }

  /** Whatever fails here, the claim of the next owner is what counts. */
  async #leave(source: MovingShard, partition: number, force: boolean): Promise<void> {
    if (force) {
      source.disown(partition);
      return;
    }
    try {
      await source.release(partition, RELEASE_MS);
    } catch (error) {
      const details = { partition, from: source.id, error: toBanyanError(error).toWire() };
      this.#parts.report('warn', 'A partition was not released in order; it is claimed as it is.', details);
    }
  }

  /** No partition stays without an owner, unless it is another node's: even a shard that is down claims it when it is up. */
  async #takeBack(
    source: MovingShard,
    target: MovingShard,
    partition: number,
    cause: unknown,
  ): Promise<void> {
    if (toBanyanError(cause).code === 'log.conflict') return;
    target.disown(partition);
    const details = { partition, owner: source.id, error: toBanyanError(cause).toWire() };
    this.#parts.report('warn', 'A partition could not be moved; its shard takes it back.', details);
    await source.take(partition).catch(() => undefined);
  }
}

function unknown(what: 'shard' | 'partition', given: number, count: number): BanyanError {
  return new BanyanError('request.malformed', {
    path: what,
    message: `There is no ${what} ${given}; they are 0 to ${count - 1}.`,
  });
}
