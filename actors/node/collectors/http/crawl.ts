/** Finds the pages of a small site: breadth first along its links, or by its sitemap; bounded, and of one origin. */
import { BanyanError } from '../../../../protocol/errors.ts';
import { Unreadable } from '../collector.ts';

export interface CrawlBounds {
  readonly pages: number;
  /** Links that are followed one after the other from the first page. */
  readonly depth: number;
}

/** A page as the crawl asks for it; undefined for one that has no links to follow. */
export type LoadText = (url: URL) => Promise<{ readonly url: URL; readonly text: string } | undefined>;
export type IsAllowed = (url: URL) => Promise<boolean>;

/** Sitemaps that one sitemap index may name. */
const SITEMAPS = 50;

/**
 * The URLs of a site, the first page first. Pages of the last depth are not asked for here. Throws `task.failed` when
 * the first page cannot be read; any other one that cannot has no links.
 */
export async function crawl(
  start: URL,
  { pages, depth }: CrawlBounds,
  load: LoadText,
  isAllowed: IsAllowed,
): Promise<URL[]> {
  const first = await required(start, load);
  const base = first?.url ?? start;
  const found = new Map<string, URL>([[base.href, base]]);
  let level: (Awaited<ReturnType<LoadText>> | URL)[] = [first];
  for (let at = 0; at < depth && level.length > 0; at++) {
    const next: URL[] = [];
    for (const known of level) {
      const page = known instanceof URL ? await optional(known, load) : known;
      if (page === undefined || page.url.origin !== base.origin) continue;
      for (const link of linksOf(page.text, page.url)) {
        if (found.size >= pages) return [...found.values()];
        if (link.origin !== base.origin || found.has(link.href) || !(await isAllowed(link))) continue;
        found.set(link.href, link);
        next.push(link);
      }
    }
    level = next;
  }
  return [...found.values()];
}

/** The URLs that a sitemap names, also through an index of sitemaps. Throws as {@link crawl}. */
export async function readSitemap(
  sitemap: URL,
  pages: number,
  load: LoadText,
  isAllowed: IsAllowed,
): Promise<URL[]> {
  const text = (await required(sitemap, load))?.text ?? '';
  const found = new Map<string, URL>();
  const take = async (listed: string): Promise<void> => {
    for (const url of locationsOf(listed, sitemap)) {
      if (found.size >= pages) return;
      if (!found.has(url.href) && (await isAllowed(url))) found.set(url.href, url);
    }
  };
  if (!/<sitemapindex[\s>]/i.test(text)) await take(text);
  else
    for (const part of locationsOf(text, sitemap).slice(0, SITEMAPS)) {
      if (found.size >= pages) break;
      await take((await optional(part, load))?.text ?? '');
    }
  return [...found.values()];
}

async function required(url: URL, load: LoadText): ReturnType<LoadText> {
  try {
    return await load(url);
  } catch (thrown) {
    if (!(thrown instanceof Unreadable)) throw thrown;
    const message = `${url.href} cannot be read: ${thrown.reason}`;
    throw new BanyanError(thrown.reason === 'private_address' ? 'target.refused' : 'task.failed', {
      message,
      cause: thrown,
    });
  }
}

async function optional(url: URL, load: LoadText): ReturnType<LoadText> {
  try {
    return await load(url);
  } catch (thrown) {
    if (thrown instanceof Unreadable) return undefined;
    throw thrown;
  }
}

/** Names that no page of text has. */
const binary =
  /\.(?:png|jpe?g|gif|webp|avif|ico|svg|mp[34]|webm|ogg|woff2?|ttf|otf|eot|zip|gz|tgz|pdf|exe|dmg)$/i;

/** Where the `<a href>` of a page lead, without what `rel="nofollow"` says not to follow. */
export function linksOf(html: string, base: URL): URL[] {
  const links: URL[] = [];
  // The lengths are bounded: a page that was made to keep a pattern busy must not hold up the shard.
  for (const [, attributes = ''] of withoutHidden(html).matchAll(/<a\s([^<>]{0,2048})>/gi)) {
    const [, quoted, single, bare] =
      /(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i.exec(attributes) ?? [];
    const href = quoted ?? single ?? bare;
    if (href === undefined || /(?:^|\s)rel\s*=\s*["']?[^"'>]*\bnofollow\b/i.test(attributes)) continue;
    const url = linkTo(href, base);
    if (url !== undefined && !binary.test(url.pathname)) links.push(url);
  }
  return links;
}

/** What opens a stretch without links, and what ends it. */
const hidden: readonly (readonly [string, string])[] = [
  ['<!--', '-->'],
  ['<script', '</script'],
  ['<style', '</style'],
];

/** The page without comments, scripts and styles; looks at each character a fixed number of times. */
function withoutHidden(html: string): string {
  let text = html;
  for (const [open, close] of hidden) {
    const lower = text.toLowerCase();
    // Some letters change their length with their case, and with it every place behind them.
    if (lower.length !== text.length) return text;
    const kept: string[] = [];
    let at = 0;
    for (let from = lower.indexOf(open); from !== -1; from = lower.indexOf(open, at)) {
      kept.push(text.slice(at, from));
      const end = lower.indexOf(close, from);
      at = end === -1 ? text.length : end + close.length;
      if (end === -1) break;
    }
    kept.push(text.slice(at));
    text = kept.join('');
  }
  return text;
}

/** The `<loc>` of a sitemap that are of its origin: it may speak for no other (sitemaps.org). */
function locationsOf(xml: string, base: URL): URL[] {
  return [...xml.matchAll(/<loc>([^<]{0,2048})<\/loc>/gi)].flatMap(([, text = '']) => {
    const url = linkTo(text, base);
    return url?.origin === base.origin ? [url] : [];
  });
}

function linkTo(text: string, base: URL): URL | undefined {
  const url = URL.parse(text.trim().replaceAll('&amp;', '&'), base.href);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  url.hash = '';
  return url;
}
