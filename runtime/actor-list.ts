/** What there is to say about each actor of a shard, for lists and the supervisor tree. */
import type { Address } from '../protocol/address.ts';
import { decode } from '../protocol/codec.ts';
import { type Cells, readStatus } from './cells.ts';
import { buckets } from './keys.ts';
import type { Partition } from './partition.ts';
import type { Store } from './store.ts';
import type { TimerRow } from './timers.ts';

export interface ActorEntry {
  readonly address: Address;
  readonly kind: string;
  /** One that has ended takes no more messages: `passivated`, for good. */
  readonly status: 'running' | 'paused' | 'parked' | 'failed' | 'passivated';
  /** The machine's state value; empty before its first turn. */
  readonly state: unknown;
  readonly reason: string | undefined;
  readonly restarts: number;
  /** Messages set aside until it is resumed. */
  readonly buffered: number;
  readonly partition: number;
  readonly cursor: { readonly seq: number; readonly index: number };
  readonly version: number;
}

interface Filter {
  readonly kind?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Actors by address, at most `limit`. */
export function describeActors(
  partitions: readonly Partition[],
  cells: Cells,
  store: Store,
  { kind, after, limit }: Filter,
): ActorEntry[] {
  const found: ActorEntry[] = [];
  for (const partition of partitions) {
    const range = {
      limit,
      ...(kind === undefined ? {} : { prefix: `${kind}/` }),
      ...(after === undefined ? {} : { gt: after }),
    };
    const taken = new Set<string>();
    for (const [address, bytes] of store.range(buckets.actors(partition.id), range)) {
      taken.add(address);
      found.push(describe(address as Address, bytes, partition, cells, store));
    }
    // Paused before their first turn, or failed in it: they have no state yet, but perhaps messages that wait.
    for (const [address] of store.range(buckets.status(partition.id), range)) {
      if (!taken.has(address)) found.push(describe(address as Address, undefined, partition, cells, store));
    }
  }
  return found.sort((a, b) => (a.address < b.address ? -1 : 1)).slice(0, limit);
}

const STATUS = {
  paused: 'paused',
  resuming: 'parked',
  quarantined: 'parked',
  ended: 'passivated',
  failed: 'failed',
} as const;

function describe(
  address: Address,
  bytes: Uint8Array | undefined,
  partition: Partition,
  cells: Cells,
  store: Store,
): ActorEntry {
  const [version, , , value] = stateOf(bytes);
  const cell = cells.peek(address);
  const { standing } = cell ?? readStatus(store.get(buckets.status(partition.id) + address));
  return {
    address,
    kind: address.slice(0, address.indexOf('/')),
    status: standing === undefined ? 'running' : STATUS[standing.status],
    state: value,
    reason: standing?.reason,
    restarts: cells.restarts.get(address) ?? 0,
    buffered: standing?.parked ?? 0,
    partition: partition.id,
    cursor: { seq: partition.cursor?.seq ?? 0, index: partition.cursor?.index ?? 0 },
    version,
  };
}

/** Everything about one actor, for `actor show`; undefined when it has never had a message. */
export function describeActor(
  address: Address,
  partition: Partition,
  cells: Cells,
  store: Store,
): object | undefined {
  const bytes = store.get(buckets.actors(partition.id) + address);
  if (bytes === undefined && store.get(buckets.status(partition.id) + address) === undefined)
    return undefined;
  const [, timeMs, , , context] = stateOf(bytes);
  // Loaded first: only then is it known whether its state can be read.
  const tables = Object.keys(cells.load(address, partition.id).kind.definition.tables ?? {});
  const entry = describe(address, bytes, partition, cells, store);
  const count = (bucket: string): number => [...store.range(bucket, { limit: COUNTED_ROWS })].length;
  return {
    ...entry,
    key: address.slice(address.indexOf('/') + 1),
    context,
    now: timeMs,
    tables: Object.fromEntries(
      tables.map((table) => [table, count(buckets.rows(partition.id, address, table))]),
    ),
    timers: [...store.range(buckets.timers(partition.id, address), { limit: LISTED })].map(([name, row]) => ({
      name,
      at: (decode(row) as TimerRow)[1],
    })),
    tasks: [...partition.tasks.pending()]
      .filter(([, row]) => row.address === address)
      .slice(0, LISTED)
      .map(([id, { name }]) => ({ name, id, attempts: 1 })),
  };
}

type StoredState = readonly [
  version: number,
  timeMs: number,
  status: string,
  value: unknown,
  context: unknown,
];

function stateOf(bytes: Uint8Array | undefined): StoredState {
  return bytes === undefined ? [0, 0, 'active', '', null] : (decode(bytes) as StoredState);
}

/** Counting stops here: a table may have millions of rows. */
const COUNTED_ROWS = 100_000;
const LISTED = 1_000;
