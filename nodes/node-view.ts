/** What a node knows of itself, put together from its shards: tree, health, work, actors. */
import { availableParallelism, totalmem } from 'node:os';
import { isAddress } from '../protocol/address.ts';
import { BanyanError, type WireError } from '../protocol/errors.ts';
import type { HealthReply, TreeReply } from '../protocol/wire.ts';
import type { PartitionStatus } from '../runtime/shard.ts';
import type { ActorEntry } from '../runtime/actor-list.ts';
import type { Log } from '../runtime/log.ts';
import { partitionOfAddress } from '../runtime/outbox.ts';
import type { Supervisor } from '../supervisors/supervisor.ts';
import type { ShardStatus } from './shards/messages.ts';
import type { ShardHost } from './shards/shard-host.ts';

export interface NodeViewParts {
  readonly namespace: string;
  readonly node: string;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly partitions: number;
  readonly log: Log;
  readonly shards: readonly ShardHost[];
  /** Partitions that another node has claimed from this one. */
  readonly lost: ReadonlySet<number>;
  /** Undefined until every shard has been up once. */
  readonly root: () => Supervisor | undefined;
  readonly connected: () => boolean;
}

/** What is left to do. `idle` says that nothing moves until somebody sends something or time passes. */
export interface Work {
  readonly idle: boolean;
  readonly lagEntries: number;
  readonly queued: number;
  readonly unacknowledged: number;
  readonly tasks: number;
  readonly timers: number;
}

/** One partition as this node has it. */
export interface PartitionView {
  readonly id: number;
  readonly shard: string;
  readonly status: PartitionStatus['status'];
  readonly epoch: number;
  readonly cursor: { readonly seq: number; readonly index: number } | null;
  /** Entries that it has not applied yet. */
  readonly lagEntries: number;
  readonly error?: WireError;
}

export class NodeView {
  readonly #parts: NodeViewParts;

  constructor(parts: NodeViewParts) {
    this.#parts = parts;
  }

  ownerReady(address: string): boolean {
    return this.#ownerOf(address)?.ready === true;
  }

  /** The shard of an actor; throws `partition.unavailable`. */
  owner(address: string): ShardHost {
    const owner = this.#ownerOf(address);
    if (owner === undefined) throw new BanyanError('partition.unavailable', { retryAfterMs: 500 });
    return owner;
  }

  /** Whether another node has claimed the partition of an actor, and answers for it. */
  isLost(address: string): boolean {
    return this.#ownerOf(address) === undefined && this.#parts.lost.has(this.#partitionOf(address));
  }

  /** The partitions of every shard that answers now, in order. */
  async partitions(): Promise<PartitionView[]> {
    const found = (await this.statuses()).flatMap(({ shard, partitions }) =>
      partitions.map(async ({ id, status, epoch, cursor, position, error }) => ({
        id,
        shard,
        status,
        epoch,
        cursor: cursor ?? null,
        lagEntries: Math.max(0, (await this.#parts.log.end(id)) - position),
        ...(error === undefined ? {} : { error }),
      })),
    );
    return (await Promise.all(found)).sort((a, b) => a.id - b.id);
  }

  async tree(): Promise<TreeReply> {
    const { namespace, node, version, labels, shards } = this.#parts;
    const root = this.#parts.root();
    if (root === undefined)
      throw new BanyanError('partition.unavailable', { message: `${node} is starting.`, retryAfterMs: 500 });
    await Promise.all(shards.filter(({ ready }) => ready).map((shard) => shard.refreshTree()));
    const partitions = await this.partitions();
    return {
      namespace,
      version,
      at: new Date().toISOString(),
      nodes: [
        {
          id: node,
          status: 'active',
          labels: { ...labels },
          hardware: { cpus: availableParallelism(), memoryBytes: totalmem(), devices: [] },
          tree: root.tree() as TreeReply['nodes'][number]['tree'],
        },
      ],
      partitions: partitions.map((partition) => ({ ...partition, owner: node })),
    };
  }

  async health(): Promise<HealthReply> {
    const { node, version, shards, connected } = this.#parts;
    const checks = [
      {
        name: 'broker',
        ok: connected(),
        ...(connected() ? {} : { detail: 'the connection is down; it reconnects by itself' }),
      },
    ];
    for (const shard of shards)
      checks.push({
        name: shard.id,
        ok: shard.ready,
        ...(shard.ready ? {} : { detail: 'it is starting or restarting' }),
      });
    if (checks.every(({ ok }) => ok)) {
      const stopped = (await this.statuses())
        .flatMap(({ partitions }) => partitions)
        .filter(({ status }) => status === 'stopped')
        .map(({ id, error }) => `${id}: ${error?.code} ${error?.message}`);
      const lost = [...this.#parts.lost]
        .filter((id) => !shards.some((shard) => shard.owns(id)))
        .map((id) => `${id}: another node has claimed it`);
      const details = [...stopped, ...lost];
      checks.push({
        name: 'partitions',
        ok: details.length === 0,
        ...(details.length === 0 ? {} : { detail: details.join('; ') }),
      });
    }
    return {
      live: true,
      ready: checks.every(({ ok }) => ok),
      node,
      version,
      at: new Date().toISOString(),
      checks,
    };
  }

  async work(): Promise<Work> {
    const statuses = await this.statuses();
    const sum = { queued: 0, unacknowledged: 0, tasks: 0, timers: 0 };
    for (const { work } of statuses)
      for (const name of ['queued', 'unacknowledged', 'tasks', 'timers'] as const) sum[name] += work[name];
    const all = statuses.flatMap((status) => status.partitions);
    const partitions = all.filter(({ status }) => status !== 'stopped');
    const lags = await Promise.all(
      partitions.map(async ({ id, position }) => Math.max(0, (await this.#parts.log.end(id)) - position)),
    );
    const lagEntries = lags.reduce((total, lag) => total + lag, 0);
    const everyShard = statuses.length === this.#parts.shards.length;
    // One that is between two shards is nobody's just now.
    const everyPartition =
      all.length === this.#parts.partitions && partitions.every(({ status }) => status === 'ready');
    return {
      ...sum,
      lagEntries,
      idle: everyShard && everyPartition && lagEntries + sum.queued + sum.unacknowledged + sum.tasks === 0,
    };
  }

  async actors(filter: {
    kind?: string | undefined;
    after?: string | undefined;
    limit: number;
  }): Promise<ActorEntry[]> {
    const lists = await Promise.all(this.#parts.shards.map((shard) => shard.call('actors', filter)));
    return lists
      .flat()
      .sort((a, b) => (a.address < b.address ? -1 : 1))
      .slice(0, filter.limit);
  }

  actor(address: string): Promise<unknown> {
    return this.owner(address).call('actor', address);
  }

  stateHash(address: string): Promise<{ hash: string }> {
    return this.owner(address).call('stateHash', address);
  }

  /** Every shard that answers now, with the partitions that are its own to keep. */
  async statuses(): Promise<(ShardStatus & { readonly shard: string })[]> {
    const answers = await Promise.allSettled(
      this.#parts.shards.map(async (shard) => {
        const status = await shard.call('status');
        // A shard that was stuck may not know yet what was taken from it.
        const partitions = status.partitions.filter(({ id }) => shard.owns(id));
        return { ...status, shard: shard.id, partitions };
      }),
    );
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  #partitionOf(address: string): number {
    if (!isAddress(address))
      throw new BanyanError('address.invalid', { message: `${JSON.stringify(address)} is not an address.` });
    return partitionOfAddress(address, this.#parts.partitions);
  }

  #ownerOf(address: string): ShardHost | undefined {
    const partition = this.#partitionOf(address);
    return this.#parts.shards.find((shard) => shard.owns(partition));
  }
}
