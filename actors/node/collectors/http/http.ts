/**
 * Collects web pages. The target's location is a URL; what else it may say is in `docs/collectors.md`. A page is one
 * item, named by its URL, and its mark is what makes the next request conditional.
 */
import { z } from 'zod';
import { BanyanError } from '../../../../protocol/errors.ts';
import type { Target } from '../../../orchestrator/contract.ts';
import type { NodeSettings } from '../../../settings.ts';
import {
  type Collector,
  type CollectorLimits,
  type ListedItem,
  type ReadItem,
  Unchanged,
  Unreadable,
} from '../collector.ts';
import { refusePrivateHost } from './address-guard.ts';
import { crawl, type IsAllowed, type LoadText, readSitemap } from './crawl.ts';
import { type Answer, get, type GetOptions } from './get.ts';
import { contentTypeOfPage, decodePage } from './page-text.ts';
import { retryAfterMs } from './retry-after.ts';
import { Robots } from './robots.task.ts';

type HttpSettings = NodeSettings['http'];

/** What a target may say beside its location; anything else is not for this collector. */
const options = z.object({
  /** Whether its addresses need not be public. */
  private: z.boolean().default(false),
  crawl: z
    .object({
      pages: z.number().int().positive().default(50),
      depth: z.number().int().nonnegative().default(1),
    })
    .optional(),
  /** Its URL, or true for `/sitemap.xml`. */
  sitemap: z.union([z.boolean(), z.string()]).optional(),
});
type Options = z.infer<typeof options>;

/** Answers that are about the moment. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

export function httpCollector(settings: HttpSettings): Collector {
  const robots = new Robots({ ttlMs: settings.robotsTtlMs, maxBytes: settings.robotsMaxBytes });
  return {
    type: 'http',
    // A page may say something else when it is asked for again.
    volatile: true,

    async list(target, context) {
      const start = urlOf(target.location);
      const said = optionsOf(target);
      const asking = asksFor(settings, said, context);
      if (!asking.allowPrivate) refusePrivate(start);
      const pages = Math.min(
        said.crawl?.pages ?? settings.crawlPagesMax,
        settings.crawlPagesMax,
        context.itemsMax,
      );
      const isAllowed: IsAllowed = async (url) => (await robots.verdict(url, asking)) === 'allowed';
      const load: LoadText = (url) => loadText(url, robots, asking, settings);
      if (said.sitemap !== undefined && said.sitemap !== false) {
        const sitemap = new URL(said.sitemap === true ? '/sitemap.xml' : said.sitemap, start);
        return (await readSitemap(sitemap, pages, load, isAllowed)).map(listedPage);
      }
      if (said.crawl === undefined) return [listedPage(start)];
      const depth = Math.min(said.crawl.depth, settings.crawlDepthMax);
      return (await crawl(start, { pages, depth }, load, isAllowed)).map(listedPage);
    },

    async read(target, name, context) {
      const url = urlOf(name);
      const said = optionsOf(target);
      const mark = readMark(context.mark);
      const asking = asksFor(settings, said, context);
      const oneSite = said.crawl !== undefined || (said.sitemap ?? false) !== false;
      const answer = await get(url, {
        ...asking,
        mayGet: async (hop) => {
          if (oneSite && hop.origin !== url.origin) throw new Unreadable('other_origin');
          await obey(robots, hop, asking);
        },
        headersFor: ({ href }) => (mark?.url === href ? conditions(mark) : {}),
      });
      if (answer.status === 304 && mark !== undefined) {
        await answer.discard();
        throw new Unchanged();
      }
      return readPage(answer, Math.min(settings.pageMaxBytes, context.itemMaxBytes), settings);
    },
  };
}

const listedPage = ({ href }: URL): ListedItem => ({ name: href, bytes: 0, modifiedMs: 0, always: true });

/** Throws `target.refused` for what is no URL that can be asked for. */
function urlOf(location: string): URL {
  const url = URL.parse(location);
  const wrong =
    url === null
      ? 'it is not a URL'
      : url.protocol !== 'http:' && url.protocol !== 'https:'
        ? 'only http and https are collected'
        : url.username !== '' || url.password !== ''
          ? 'a user name or password in a URL would be stored and logged with it'
          : undefined;
  if (url === null || wrong !== undefined)
    throw new BanyanError('target.refused', { message: `${JSON.stringify(location)}: ${wrong}.` });
  url.hash = '';
  return url;
}

/** What the target itself asks for is refused with a word on how to allow it. */
function refusePrivate(url: URL): void {
  try {
    refusePrivateHost(url);
  } catch (cause) {
    throw new BanyanError('target.refused', {
      message: `${cause instanceof Error ? cause.message : url.host}; allow it with metadata.private, or for all targets with pipeline.node.http.privateAddresses.`,
      cause,
    });
  }
}

function optionsOf({ metadata }: Target): Options {
  const parsed = options.safeParse(metadata);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BanyanError('target.refused', {
    message: `metadata.${issue?.path.join('.')}: ${issue?.message}`,
    path: `metadata.${issue?.path.join('.')}`,
  });
}

const asksFor = (settings: HttpSettings, said: Options, { signal }: CollectorLimits): GetOptions => ({
  userAgent: settings.userAgent,
  allowPrivate: said.private || settings.privateAddresses,
  redirectsMax: settings.redirectsMax,
  timeoutMs: settings.timeoutMs,
  signal,
});

/** Throws {@link Unreadable}: `robots`, or `robots_unreachable` for now. */
async function obey(robots: Robots, url: URL, asking: GetOptions): Promise<void> {
  const verdict = await robots.verdict(url, asking);
  if (verdict === 'disallowed') throw new Unreadable('robots');
  if (verdict === 'unreachable') throw new Unreadable('robots_unreachable', { transient: true });
}

/** A page or a sitemap, for the URLs in it. */
async function loadText(
  url: URL,
  robots: Robots,
  asking: GetOptions,
  settings: HttpSettings,
): ReturnType<LoadText> {
  const answer = await get(url, { ...asking, mayGet: (hop) => obey(robots, hop, asking) });
  const { content, contentType } = await readPage(answer, settings.pageMaxBytes, settings);
  if (contentType !== 'html' && contentType !== 'data') return undefined;
  return { url: answer.url, text: content };
}

async function readPage(answer: Answer, maxBytes: number, settings: HttpSettings): Promise<ReadItem> {
  const { url, status, headers } = answer;
  if (status < 200 || status >= 300) {
    await answer.discard();
    throw failureOf(status, headers, settings);
  }
  const type = headers.get('content-type');
  let contentType: ReadItem['contentType'];
  try {
    contentType = contentTypeOfPage(type, url);
  } catch (thrown) {
    await answer.discard();
    throw thrown;
  }
  const bytes = await answer.body(maxBytes);
  const content = decodePage(bytes, type, contentType);
  if (content.trim() === '') throw new Unreadable('empty');
  const mark = markOf(url, headers);
  const modifiedMs = Date.parse(headers.get('last-modified') ?? '');
  return {
    content,
    contentType,
    source: url.href,
    domain: url.hostname,
    bytes: bytes.byteLength,
    modifiedMs: Number.isFinite(modifiedMs) ? modifiedMs : 0,
    metadata: { httpStatus: status, ...(type === null ? {} : { mediaType: type.slice(0, 256) }) },
    ...(mark === undefined ? {} : { mark }),
  };
}

function failureOf(status: number, headers: Answer['headers'], settings: HttpSettings): Unreadable {
  if (status === 404 || status === 410) return new Unreadable('gone');
  if (!passing.has(status)) return new Unreadable(`http_${status}`);
  const waitMs = retryAfterMs(headers, settings.retryAfterMaxMs);
  return new Unreadable(`http_${status}`, {
    transient: true,
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  });
}

/** The validators of a page, and the URL that gave them: another one on the way must not be asked with them. */
interface Mark {
  readonly url: string;
  readonly etag?: string;
  readonly modified?: string;
}
const markCharacters = 2_048;

function markOf({ href }: URL, headers: Answer['headers']): string | undefined {
  const etag = headers.get('etag');
  const modified = headers.get('last-modified');
  if (etag === null && modified === null) return undefined;
  const mark = { url: href, ...(etag === null ? {} : { etag }), ...(modified === null ? {} : { modified }) };
  const text = JSON.stringify(mark);
  return text.length <= markCharacters ? text : undefined;
}

function readMark(mark: string | undefined): Mark | undefined {
  return mark === undefined || mark === '' ? undefined : (JSON.parse(mark) as Mark);
}

const conditions = ({ etag, modified }: Mark): Record<string, string> => ({
  ...(etag === undefined ? {} : { 'if-none-match': etag }),
  ...(modified === undefined ? {} : { 'if-modified-since': modified }),
});
