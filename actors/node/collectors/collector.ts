/**
 * What a collector is: it lists what a target has and reads one item of it. Both run in tasks on the node's
 * own machine, so they may do I/O, and both may run again after a crash.
 *
 * To add one, write a module whose default export is a `Collector` and name it with `--collector FILE`; see
 * `docs/collectors.md`.
 */
import { BanyanError } from '../../../protocol/errors.ts';
import type { ContentStore } from '../../../runtime/content-store.ts';
import type { TaskContext } from '../../../runtime/define-actor.ts';
import type { OfferedArtifact } from '../../artifact.ts';
import type { Target } from '../../orchestrator/contract.ts';

/** One thing that a target has. Unchanged `bytes` and `modifiedMs` mean that it need not be read again. */
export interface ListedItem {
  /** Unique within the target; what the collector finds it by, such as an absolute path. */
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** Size and time say nothing: it is read at every collection, and `read` throws {@link Unchanged} if it is the same. */
  readonly always?: boolean;
  /** A piece of a stream that is never listed again: forgotten once it is decided, tried again until it is. */
  readonly once?: boolean;
}

/** What a target has, and how far that goes. */
export interface Listing {
  readonly items: readonly ListedItem[];
  /** Kept in the same turn as the items, and handed to the next `list`: neither is ever stored without the other. */
  readonly cursor?: string;
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
  /** What identifies this content, such as an ETag: handed to the next `read`, once this content has been decided. */
  readonly mark?: string;
}

export interface CollectorLimits {
  /** An item that is larger throws {@link Unreadable}; it is never truncated. */
  readonly itemMaxBytes: number;
  readonly signal: AbortSignal;
}

/** What both functions of a collector are called with. */
export interface CollectorContext extends CollectorLimits {
  /** Items of one listing that are taken; of a stream, `list` must not pass over more. */
  readonly itemsMax: number;
  /** Large content by reference, for what is there only once. */
  readonly content: ContentStore;
  /** The node's broker; absent where there is none, as in some tests. */
  readonly broker?: TaskContext['broker'];
  /** The target's id. */
  readonly id: string;
}

export interface Collector {
  /** The target type that it serves, and the capability that a node reports for it. */
  readonly type: string;
  /** What it reads may be gone when it is asked again: the node keeps it on disk until intake has decided. */
  readonly volatile?: boolean;
  /** Everything the target has, each name once; throws when the target itself cannot be reached. */
  list(
    target: Target,
    context: CollectorContext & { readonly cursor?: string },
  ): Promise<ListedItem[] | Listing>;
  /** Throws {@link Unreadable} for an item that cannot be read; that fails this item only. */
  read(
    target: Target,
    name: string,
    context: CollectorContext & { readonly mark?: string },
  ): Promise<ReadItem>;
}

/** The item still has the content that its mark stands for. */
export class Unchanged extends Error {
  constructor() {
    super('The item has not changed');
    this.name = 'Unchanged';
  }
}

/** One item cannot be read. A `transient` reason is tried again soon, any other when the target is due again. */
export class Unreadable extends Error {
  readonly reason: string;
  readonly transient: boolean;
  /** When a transient one is tried again; else the node's own retry time. */
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: string,
    options: { readonly transient?: boolean; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(`The item cannot be read: ${reason}`, { cause: options.cause });
    this.name = 'Unreadable';
    this.reason = reason;
    this.transient = options.transient ?? false;
    this.retryAfterMs = options.retryAfterMs;
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
