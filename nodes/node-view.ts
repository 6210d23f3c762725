/** What a node knows of itself, put together from its shards: tree, health, work, actors. */
import { availableParallelism, totalmem } from 'node:os';
import { isAddress } from '../protocol/address.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { HealthReply, TreeReply } from '../protocol/wire.ts';
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

  async tree(): Promise<TreeReply> {
    const { namespace, node, version, labels, shards } = this.#parts;
    const root = this.#parts.root();
    if (root === undefined)
      throw new BanyanError('partition.unavailable', { message: `${node} is starting.`, retryAfterMs: 500 });
    await Promise.all(shards.filter(({ ready }) => ready).map((shard) => shard.refreshTree()));
    const statuses = await this.statuses();
    const ends = new Map(
      await Promise.all(
        statuses.flatMap(({ partitions }) =>
          partitions.map(async ({ id }) => [id, await this.#parts.log.end(id)] as const),
        ),
      ),
    );
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
      partitions: statuses
        .flatMap(({ partitions }) => partitions)
        .sort((a, b) => a.id - b.id)
        .map(({ id, position, status, epoch, error }) => ({
          id,
          owner: node,
          epoch,
          lagEntries: Math.max(0, (ends.get(id) ?? 0) - position),
          status,
          ...(error === undefined ? {} : { error }),
        })),
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
        .filter(({ status }) => status === 'stopped');
      checks.push({
        name: 'partitions',
        ok: stopped.length === 0,
        ...(stopped.length === 0
          ? {}
          : { detail: stopped.map(({ id, error }) => `${id}: ${error?.code} ${error?.message}`).join('; ') }),
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
    const partitions = statuses
      .flatMap((status) => status.partitions)
      .filter(({ status }) => status !== 'stopped');
    const lags = await Promise.all(
      partitions.map(async ({ id, position }) => Math.max(0, (await this.#parts.log.end(id)) - position)),
    );
    const lagEntries = lags.reduce((total, lag) => total + lag, 0);
    const everyShard = statuses.length === this.#parts.shards.length;
    const everyPartition = partitions.every(({ status }) => status === 'ready');
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

  /** Every shard that answers now. */
  async statuses(): Promise<ShardStatus[]> {
    const answers = await Promise.allSettled(this.#parts.shards.map((shard) => shard.call('status')));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  #ownerOf(address: string): ShardHost | undefined {
    if (!isAddress(address))
      throw new BanyanError('address.invalid', { message: `${JSON.stringify(address)} is not an address.` });
    const partition = partitionOfAddress(address, this.#parts.partitions);
    return this.#parts.shards.find((shard) => shard.owns(partition));
  }
}
