/** What a collector gives is checked before anything is made of it: anybody may write one. */
import { z } from 'zod';
import { BanyanError } from '../../../protocol/errors.ts';
import { offeredArtifact } from '../../artifact.ts';
import { type Collector, type ListedItem, type Listing, type ReadItem, Unreadable } from './collector.ts';

const listedItem = z.object({
  name: z.string().min(1).max(4_096),
  bytes: z.number().nonnegative(),
  modifiedMs: z.number(),
  always: z.boolean().optional(),
  once: z.boolean().optional(),
});
const listing = z.object({ items: z.array(listedItem), cursor: z.string().max(4_096).optional() });

const readItem = z.object({
  content: z.string(),
  contentType: offeredArtifact.shape.contentType,
  source: z.string(),
  domain: z.string(),
  bytes: z.number().nonnegative(),
  modifiedMs: z.number(),
  metadata: offeredArtifact.shape.metadata,
  mark: z.string().max(2_048).optional(),
});

/** Throws `collector.invalid` for a listing that is none. */
export function checkedListing({ type }: Collector, listed: readonly ListedItem[] | Listing): Listing {
  const checked = listing.safeParse(Array.isArray(listed) ? { items: listed } : listed);
  if (!checked.success) throw wrong(type, 'list', checked.error);
  return checked.data as Listing;
}

/** Throws {@link Unreadable} with the reason `invalid_item` for an item that is none. */
export function checkedItem(item: ReadItem): ReadItem {
  const checked = readItem.safeParse(item);
  if (!checked.success) throw new Unreadable('invalid_item', { cause: checked.error });
  return checked.data as ReadItem;
}

const collector = z.object({
  type: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected up to 32 of a-z 0-9 -, a letter first'),
  list: z.custom<Collector['list']>((value) => typeof value === 'function', 'expected a function'),
  read: z.custom<Collector['read']>((value) => typeof value === 'function', 'expected a function'),
});

/** Throws `collector.invalid` for what is no collector; `from` is where it came from. */
export function checkedCollector(value: unknown, from: string): Collector {
  const checked = collector.safeParse(value);
  if (!checked.success) throw wrong(from, 'default export', checked.error);
  // Not the copy: its functions may be methods.
  return value as Collector;
}

function wrong(from: string, what: string, { issues: [issue] }: z.ZodError): BanyanError {
  const path = issue?.path.map(String).join('.');
  return new BanyanError('collector.invalid', {
    message: `The ${what} of the collector ${from} is not what a collector gives: ${path === '' ? '' : `${path}: `}${issue?.message}`,
    ...(path === undefined || path === '' ? {} : { path }),
  });
}
