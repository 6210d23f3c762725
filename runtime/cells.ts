/**
 * The actors of a shard that are in memory. A cell is a cache of what the store says: dropping one costs a
 * decode, nothing else.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { type Address, parseAddress } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { TurnRows } from './actor-rows.ts';
import { UnreadableState } from './current-turn.ts';
import { buckets } from './keys.ts';
import type { Overlay } from './overlay.ts';
import type { Kind, System } from './system.ts';

/** Why an actor does not take turns. Absent for one that does. */
export interface Standing {
  readonly status: 'paused' | 'resuming' | 'ended' | 'failed' | 'quarantined';
  /** For people: who paused it, or what its migration or its turns threw. */
  readonly reason: string;
  /** Of what was thrown. */
  readonly code?: string;
  /** Messages set aside until it is resumed. */
  readonly parked: number;
}

/** What the store says besides the state: the standing, if there is one, and the failures, if there are any. */
type StoredStatus = Partial<Standing> & { readonly failures?: number };

export interface Cell {
  readonly address: Address;
  readonly key: string;
  readonly partition: number;
  readonly kind: Kind;
  readonly rows: TurnRows;
  /** Undefined before its first message. */
  snapshot: AnyMachineSnapshot | undefined;
  /** The greatest broker timestamp it has seen. */
  timeMs: number;
  standing: Standing | undefined;
  /** Messages in a row that it has failed on, the last one included. */
  failures: number;
  /** Why this release cannot read the stored state: no turn may touch it. */
  readonly unreadable: UnreadableState | undefined;
}

export class Cells {
  readonly #system: System;
  readonly #overlay: Overlay;
  readonly #limit: number;
  /** In the order of last use, oldest first. */
  readonly #cells = new Map<Address, Cell>();
  /** Turns that threw, by actor, since this shard started. */
  readonly restarts = new Map<Address, number>();

  constructor(system: System, overlay: Overlay, limit: number) {
    this.#system = system;
    this.#overlay = overlay;
    this.#limit = limit;
  }

  get size(): number {
    return this.#cells.size;
  }

  /** Of those in memory. */
  addresses(): Iterable<Address> {
    return this.#cells.keys();
  }

  /** Whether there can be an actor of this address. */
  knows(address: Address): boolean {
    return this.#system.kinds.has(address.slice(0, address.indexOf('/')));
  }

  /** Throws `actor.unknown_kind`. A stored state that this release cannot read parks its actor. */
  load(address: Address, partition: number): Cell {
    const cached = this.#cells.get(address);
    if (cached !== undefined) return cached;
    const { kind: name, key } = parseAddress(address);
    const kind = this.#system.kinds.get(name);
    if (kind === undefined)
      throw new BanyanError('actor.unknown_kind', {
        message: `This application has no actor of the kind '${name}'.`,
      });
    const bytes = this.#overlay.get(buckets.actors(partition), address);
    const { standing, failures } = readStatus(this.#overlay.get(buckets.status(partition), address));
    const restored = restore(kind, bytes);
    const cell: Cell = {
      address,
      key,
      partition,
      kind,
      rows: new TurnRows(this.#overlay, partition, address, kind.definition.tables),
      standing: restored.unreadable === undefined ? standing : failedBy(restored.unreadable, standing),
      failures,
      ...restored,
    };
    this.#cells.set(address, cell);
    if (this.#cells.size > this.#limit) this.#evictOldest();
    return cell;
  }

  /** A loaded cell, without loading it. */
  peek(address: Address): Cell | undefined {
    return this.#cells.get(address);
  }

  /** Stores a turn's result. */
  save(cell: Cell, snapshot: AnyMachineSnapshot, bytes: Uint8Array, timeMs: number): void {
    cell.snapshot = snapshot;
    cell.timeMs = timeMs;
    this.#overlay.put(buckets.actors(cell.partition), cell.address, bytes);
  }

  stand(cell: Cell, standing: Standing | undefined, failures = cell.failures): void {
    cell.standing = standing;
    cell.failures = failures;
    const bucket = buckets.status(cell.partition);
    const status: StoredStatus = { ...standing, ...(failures === 0 ? {} : { failures }) };
    if (Object.keys(status).length === 0) this.#overlay.delete(bucket, cell.address);
    else this.#overlay.put(bucket, cell.address, encode(status));
  }

  /** Drops what is in memory: the next turn starts from the last stored state. */
  forget(address: Address): void {
    this.#cells.delete(address);
  }

  /** Drops what is in memory of a partition that is another owner's now. */
  forgetPartition(partition: number): void {
    for (const [address, cell] of this.#cells) if (cell.partition === partition) this.#cells.delete(address);
  }

  /** The live object may have been changed by a turn that threw; only the bytes count. */
  restart(address: Address): void {
    this.forget(address);
    const before = this.restarts.get(address);
    this.restarts.set(address, (before ?? 0) + 1);
    // Anybody can make actors that throw: only the latest are counted.
    const [oldest] = this.restarts.keys();
    if (before === undefined && this.restarts.size > this.#limit) this.restarts.delete(oldest as Address);
  }

  #evictOldest(): void {
    // A tenth at a time, so that the walk is rare; the order of insertion is close enough to the order of use.
    let left = Math.ceil(this.#limit / 10);
    for (const address of this.#cells.keys()) {
      if (left-- <= 0) return;
      this.#cells.delete(address);
    }
  }
}

/** A row of the bucket `status`; an actor that takes turns may have one too, which counts its failures. */
export function readStatus(bytes: Uint8Array | undefined): Pick<Cell, 'standing' | 'failures'> {
  if (bytes === undefined) return { standing: undefined, failures: 0 };
  const { failures = 0, ...standing } = decode(bytes) as StoredStatus;
  return { standing: standing.status === undefined ? undefined : (standing as Standing), failures };
}

/** What waits stays counted: memory must not decide what the next message writes. */
export function failedBy({ message, code }: UnreadableState, standing: Standing | undefined): Standing {
  return standing?.status === 'ended'
    ? standing
    : { status: 'failed', reason: message, code, parked: standing?.parked ?? 0 };
}

function restore(
  kind: Kind,
  bytes: Uint8Array | undefined,
): Pick<Cell, 'snapshot' | 'timeMs' | 'unreadable'> {
  if (bytes === undefined) return { snapshot: undefined, timeMs: 0, unreadable: undefined };
  try {
    return { ...kind.machine.decode(bytes), unreadable: undefined };
  } catch (error) {
    if (!(error instanceof UnreadableState)) throw error;
    return { snapshot: undefined, timeMs: 0, unreadable: error };
  }
}
