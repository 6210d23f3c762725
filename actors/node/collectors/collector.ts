/**
 * What a collector is: it lists what a target has and reads one item of it. Both run in tasks on the node's
 * own machine, so they may do I/O, and both may run again after a crash.
 *
 * To add one, write a file that exports a `Collector` and hand it to `createNode(settings, {collectors})`.
 */
import { BanyanError } from '../../../protocol/errors.ts';
import type { OfferedArtifact } from '../../artifact.ts';
import type { Target } from '../../orchestrator/contract.ts';

/** One thing that a target has. Unchanged `bytes` and `modifiedMs` mean that it need not be read again. */
export interface ListedItem {
  /** Unique within the target; what the collector finds it by, such as an absolute path. */
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface ReadItem {
  readonly content: string;
  readonly contentType: OfferedArtifact['contentType'];
  /** A URI. */
  readonly source: string;
  /** The subject area that the item belongs to. */
  readonly domain: string;
  /** Measured when the item was read, which may be later than it was listed. */
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
}

export interface CollectorLimits {
  /** An item that is larger throws {@link Unreadable}; it is never truncated. */
  readonly itemMaxBytes: number;
  readonly signal: AbortSignal;
}

export interface Collector {
  /** The target type that it serves, and the capability that a node reports for it. */
  readonly type: string;
  /** What it reads may be gone when it is asked again: the node keeps it on disk until intake has decided. */
  readonly volatile?: boolean;
  /** Everything the target has, each name once; throws when the target itself cannot be reached. */
  list(target: Target, limits: CollectorLimits): Promise<ListedItem[]>;
  /** Throws {@link Unreadable} for an item that cannot be read; that fails this item only. */
  read(target: Target, name: string, limits: CollectorLimits): Promise<ReadItem>;
}

/** One item cannot be read. A `transient` reason is tried again soon, any other when the target is due again. */
export class Unreadable extends Error {
  readonly reason: string;
  readonly transient: boolean;

  constructor(reason: string, options: { readonly transient?: boolean; readonly cause?: unknown } = {}) {
    super(`The item cannot be read: ${reason}`, { cause: options.cause });
    this.name = 'Unreadable';
    this.reason = reason;
    this.transient = options.transient ?? false;
  }
}

/** Collectors by the target type that each serves; throws `definition.invalid` when two serve one type. */
export function collectorRegistry(collectors: readonly Collector[]): ReadonlyMap<string, Collector> {
  const registry = new Map<string, Collector>();
  for (const collector of collectors) {
    if (registry.has(collector.type)) {
      throw new BanyanError('definition.invalid', {
        message: `Two collectors serve the type '${collector.type}'.`,
      });
    }
    registry.set(collector.type, collector);
  }
  return registry;
}
