/** What a node does on its own machine: lists a target's items, reads and assesses them, offers them to intake. */
import { BanyanError } from '../../protocol/errors.ts';
import type { ContentReference, ContentStore } from '../../runtime/content-store.ts';
import type { TaskContext } from '../../runtime/define-actor.ts';
import type { ContentRef } from '../artifact.ts';
import { intakeContract } from '../intake/contract.ts';
import type { Target } from '../orchestrator/contract.ts';
import type { NodeSettings } from '../settings.ts';
import { type Assessment, type Assessor, explain } from './assessor.ts';
import {
  type Collector,
  type CollectorContext,
  type ListedItem,
  type Listing,
  type ReadItem,
  Unchanged,
  Unreadable,
} from './collectors/collector.ts';
import { keeping, release, type ReleaseInput } from './spool/keep.ts';
import { checkedItem, checkedListing } from './collectors/checked.ts';
import type { ReadFailure } from './items.ts';

export interface ScanInput {
  /** Hash of the target. */
  readonly id: string;
  readonly assignment: string;
  readonly target: Target;
  /** How far a stream was listed before. */
  readonly cursor?: string;
  /** From the second page on: the whole listing, fixed when the first page was made, and where to go on. */
  readonly page?: { readonly listing: ContentReference; readonly from: number };
}
export interface ScanOutput {
  readonly items: ListedItem[];
  /** All the target has. */
  readonly total: number;
  /** Items past the limit of one target; they are not collected. */
  readonly ignored: number;
  readonly next?: { readonly listing: ContentReference; readonly from: number };
  /** How far a stream is listed now; with the last page only. */
  readonly cursor?: string;
}

export interface ReadInput {
  readonly id: string;
  readonly node: string;
  readonly batch: string;
  readonly target: Target;
  readonly exempt: boolean;
  readonly items: readonly {
    readonly name: string;
    readonly retried: boolean;
    /** Of the content that was decided last. */
    readonly mark?: string;
  }[];
}
export interface ReadOutput {
  /** By position in the input. */
  readonly read: readonly {
    readonly position: number;
    readonly bytes: number;
    readonly modifiedMs: number;
    readonly mark?: string;
  }[];
  /** Whether something of it is kept in the spool until it is decided. */
  readonly spooled?: boolean;
  /** Still the content that was decided last. */
  readonly unchanged?: readonly number[];
  readonly unreadable: readonly (ReadFailure & { readonly position: number })[];
}

export interface CollectTasks {
  readonly scan: (input: ScanInput, context: TaskContext) => Promise<ScanOutput>;
  readonly read: (input: ReadInput, context: TaskContext) => Promise<ReadOutput>;
  /** Gives up what the spool keeps of items that were decided. */
  readonly release: (input: ReleaseInput, context: TaskContext) => Promise<void>;
}

/** UTF-8 bytes of one page of a listing: it comes back in one message. */
const pageBytes = 100_000;
/** The reference that stands for a content, as it is encoded. */
const contentRefBytes = 200;

export function collectTasks(
  collectors: ReadonlyMap<string, Collector>,
  assessor: Assessor,
  settings: NodeSettings,
): CollectTasks {
  const contextOf = (
    { id }: { readonly id: string },
    { signal, content, broker }: TaskContext,
  ): CollectorContext => ({
    id,
    itemMaxBytes: settings.fileMaxBytes,
    itemsMax: settings.targetMaxFiles,
    signal,
    content,
    ...(broker === undefined ? {} : { broker }),
  });
  const collectorOf = ({ type }: Target): Collector => {
    const collector = collectors.get(type);
    if (collector !== undefined) return collector;
    throw new BanyanError('task.failed', {
      message: `This node has no collector for targets of type '${type}'.`,
    });
  };
  return {
    async scan(input, context) {
      const from = input.page?.from ?? 0;
      const { items: listing, cursor } =
        input.page === undefined
          ? await list(collectorOf(input.target), input, contextOf(input, context))
          : await loadListing(context.content, input.page.listing);
      const all = listing.slice(0, settings.targetMaxFiles);
      const items = pageOf(all, from, settings.scanPageFiles);
      const counts = { total: all.length, ignored: listing.length - all.length };
      const next = from + items.length;
      if (next >= all.length) return { items, ...counts, ...(cursor === undefined ? {} : { cursor }) };
      // The rest is fixed in the object store, so a page means the same items however often it is asked for.
      const stored =
        input.page?.listing ??
        (await storeListing(context.content, {
          items: listing,
          ...(cursor === undefined ? {} : { cursor }),
        }));
      return { items, ...counts, next: { listing: stored, from: next } };
    },

    /**
     * Exactly one message to intake, or none when nothing is readable: what does not fit goes by reference.
     * An attempt after a crash repeats the message's number, so it takes effect once even if files changed.
     */
    async read(input, context) {
      const collector = collectorOf(input.target);
      const keep = await keeping(collector, input.id, context, settings);
      const read: ReadOutput['read'][number][] = [];
      const unchanged: number[] = [];
      const unreadable: ReadOutput['unreadable'][number][] = [];
      const artifacts: object[] = [];
      let leftBytes = settings.batchContentBytes;
      for (const [position, { name, mark }] of input.items.entries()) {
        try {
          const item = checkedItem(
            await keep.item(name, () =>
              collector.read(input.target, name, {
                ...contextOf(input, context),
                ...(mark === undefined ? {} : { mark }),
              }),
            ),
          );
          const described = describeItem(input, item, await assessor(item));
          const describedBytes = Buffer.byteLength(JSON.stringify(described)) + contentRefBytes;
          const contentBytes = Buffer.byteLength(item.content);
          const inline = contentBytes + describedBytes <= leftBytes;
          leftBytes -= describedBytes + (inline ? contentBytes : 0);
          const content = inline ? item.content : await byReference(context.content, item.content);
          artifacts.push({ ...described, content });
          read.push({
            position,
            bytes: item.bytes,
            modifiedMs: item.modifiedMs,
            ...(item.mark === undefined ? {} : { mark: item.mark }),
          });
        } catch (thrown) {
          if (thrown instanceof Unchanged) unchanged.push(position);
          else if (thrown instanceof Unreadable) unreadable.push({ position, ...failureOf(thrown) });
          else throw thrown;
        }
      }
      if (artifacts.length > 0) {
        const message = {
          type: 'artifact.collected',
          node: input.node,
          batch: input.batch,
          collection: collectionOf(input.target),
          exempt: input.exempt,
          retries: read.filter(({ position }) => input.items[position]?.retried).length,
          positions: read.map(({ position }) => position),
          artifacts,
        };
        await context.tell(intakeContract.at('main'), message);
      }
      return {
        read,
        unreadable,
        ...(unchanged.length === 0 ? {} : { unchanged }),
        ...(keep.spooled ? { spooled: true } : {}),
      };
    },

    release: (input, context) => release(input, context, settings),
  };
}

async function list(
  collector: Collector,
  { target, cursor }: ScanInput,
  context: CollectorContext,
): Promise<Listing> {
  const listed = await collector.list(target, { ...context, ...(cursor === undefined ? {} : { cursor }) });
  return checkedListing(collector, listed);
}

const failureOf = ({ reason, transient, retryAfterMs }: Unreadable): ReadFailure => ({
  reason: reason.slice(0, 128),
  transient,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

/** Everything about an item but its content. */
function describeItem({ target }: ReadInput, item: ReadItem, assessment: Assessment): object {
  const { threat, opportunity, confidence, fired, domain = item.domain, method } = assessment;
  return {
    contentType: item.contentType,
    source: item.source.slice(0, 2_048),
    confidence,
    threat,
    opportunity,
    metadata: {
      ...item.metadata,
      domain: domain.slice(0, 128),
      sourceType: target.type,
      method,
      ...(fired.threat.length === 0 ? {} : { threatTerms: explain(fired.threat) }),
      ...(fired.opportunity.length === 0 ? {} : { opportunityTerms: explain(fired.opportunity) }),
    },
  };
}

/** A target may name the collection that its artifacts go to. */
function collectionOf({ metadata }: Target): string {
  const { collection } = metadata;
  return typeof collection === 'string' && /^[A-Za-z0-9_:-]{1,64}$/.test(collection) ? collection : 'main';
}

async function byReference(store: ContentStore, content: string): Promise<ContentRef> {
  const { ref, sha256, bytes } = await store.put(Buffer.from(content));
  return { ref, sha256, bytes };
}

function pageOf(all: readonly ListedItem[], from: number, itemsMax: number): ListedItem[] {
  const page: ListedItem[] = [];
  let bytes = 0;
  for (let at = from; at < all.length && page.length < itemsMax; at++) {
    const item = all[at];
    if (item === undefined) break;
    bytes += Buffer.byteLength(item.name) + 40;
    if (page.length > 0 && bytes > pageBytes) break;
    page.push(item);
  }
  return page;
}

const storeListing = (store: ContentStore, listing: Listing): Promise<ContentReference> =>
  store.put(Buffer.from(JSON.stringify(listing)));

async function loadListing(store: ContentStore, { sha256 }: ContentReference): Promise<Listing> {
  const stored = JSON.parse(Buffer.from(await store.get(sha256)).toString()) as Listing | ListedItem[];
  // As an earlier release stored it, for a collection that is under way.
  return Array.isArray(stored) ? { items: stored } : stored;
}
