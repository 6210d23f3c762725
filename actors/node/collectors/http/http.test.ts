import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createActorHarness } from '../../../../tests/harness/actor-harness.ts';
import { defaultPipelineSettings } from '../../../settings.ts';
import type { ListedItem } from '../collector.ts';
import { httpCollector } from './http.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const pages = new Map<string, Handler>();
const asked: string[] = [];
let server: Server;
let origin = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const page = pages.get(path);
    if (page !== undefined) page(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  pages.clear();
  asked.length = 0;
});

const html =
  (body: string, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    void response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(body);
const page = (path: string, handler: Handler) => pages.set(path, handler);
const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    void response.writeHead(code, headers).end();

const { http } = defaultPipelineSettings.node;
const context = {
  id: 't',
  itemMaxBytes: 1_000_000,
  itemsMax: 1_000,
  signal: new AbortController().signal,
  content: createActorHarness([]).content,
};
const target = (location: string, metadata: Record<string, unknown> = { private: true }) => ({
  type: 'http',
  location,
  priority: 5,
  metadata,
});
function collector(change: Partial<typeof http> = {}) {
  const made = httpCollector({ ...http, ...change });
  return {
    read: (path: string, metadata?: Record<string, unknown>, mark?: string) =>
      made.read(target(origin, metadata), `${origin}${path}`, {
        ...context,
        ...(mark === undefined ? {} : { mark }),
      }),
    list: async (location: string, metadata?: Record<string, unknown>) =>
      ((await made.list(target(location, metadata), context)) as ListedItem[]).map(({ name }) =>
        name.replace(origin, ''),
      ),
  };
}
const reasonOf = async (reading: Promise<unknown>) => {
  const thrown = await reading.then(
    () => 'read',
    (error: unknown) => error,
  );
  return (thrown as { reason?: string }).reason ?? thrown;
};

describe('one page', () => {
  test('is read with its text, type, host and validators', async () => {
    page('/a', html('<p>Grüße</p>', { etag: '"1"', 'last-modified': 'Mon, 30 Nov 2026 10:00:00 GMT' }));
    expect(await collector().list(`${origin}/a#part`)).toEqual(['/a']);
    expect(await collector().read('/a')).toMatchObject({
      content: '<p>Grüße</p>',
      contentType: 'html',
      source: `${origin}/a`,
      domain: '127.0.0.1',
      bytes: Buffer.byteLength('<p>Grüße</p>'),
      modifiedMs: Date.UTC(2026, 10, 30, 10),
    });
  });

  test('is asked for conditionally with its mark, and 304 is unchanged', async () => {
    page('/a', (request, response) => {
      if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
      else response.writeHead(200, { 'content-type': 'text/plain', etag: '"1"' }).end('text');
    });
    const { mark } = await collector().read('/a');
    await expect(collector().read('/a', undefined, mark)).rejects.toMatchObject({ name: 'Unchanged' });
  });

  test('says who asks, and follows what the charset, the compression and the type say', async () => {
    let agent: string | undefined;
    page('/latin', (request, response) => {
      agent = request.headers['user-agent'];
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(Buffer.from('<meta charset="iso-8859-1"><p>Größe', 'latin1'));
    });
    page('/packed.json', (_, response) =>
      response
        .writeHead(200, { 'content-type': 'application/ld+json', 'content-encoding': 'gzip' })
        .end(gzipSync('{"a":1}')),
    );
    page('/main.py', (_, response) =>
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('x = 1'),
    );
    page('/image', (_, response) => response.writeHead(200, { 'content-type': 'image/png' }).end('x'));
    const { read } = collector();
    expect((await read('/latin')).content).toContain('Größe');
    expect(agent).toContain('Banyan');
    expect(await read('/packed.json')).toMatchObject({ content: '{"a":1}', contentType: 'json' });
    expect(await read('/main.py')).toMatchObject({ contentType: 'code' });
    expect(await reasonOf(read('/image'))).toBe('not_text');
  });

  test('larger than the limit is not read to its end, also when it unpacks to that', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    page('/endless', (_, response) => {
      closed = new Promise((resolve) => response.on('close', resolve));
      response.writeHead(200, { 'content-type': 'text/plain' });
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    page('/bomb', (_, response) =>
      response
        .writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' })
        .end(gzipSync('x'.repeat(5_000_000))),
    );
    const { read } = collector({ pageMaxBytes: 100_000 });
    expect(await reasonOf(read('/endless'))).toBe('too_large');
    await closed;
    expect(await reasonOf(read('/bomb'))).toBe('too_large');
  });

  test('that does not end in time is tried again', async () => {
    page('/slow', (_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).write('x');
    });
    await expect(collector({ timeoutMs: 100 }).read('/slow')).rejects.toMatchObject({
      reason: 'timeout',
      transient: true,
    });
  });

  test.each([
    [404, {}, { reason: 'gone', transient: false }],
    [403, {}, { reason: 'http_403', transient: false }],
    [503, {}, { reason: 'http_503', transient: true, retryAfterMs: undefined }],
    [429, { 'retry-after': '120' }, { reason: 'http_429', transient: true, retryAfterMs: 120_000 }],
    [
      503,
      { date: 'Mon, 30 Nov 2026 10:00:00 GMT', 'retry-after': 'Mon, 30 Nov 2026 10:01:00 GMT' },
      { transient: true, retryAfterMs: 60_000 },
    ],
    [429, { 'retry-after': '99999999' }, { retryAfterMs: http.retryAfterMaxMs }],
  ])('answered with %i %o fails as that says', async (code, headers, failure) => {
    page('/a', status(code, headers));
    await expect(collector().read('/a')).rejects.toMatchObject(failure);
  });
});

describe('redirects', () => {
  test('are followed, five at most', async () => {
    for (let n = 1; n <= 7; n++) page(`/${n}`, status(302, { location: `/${n - 1}` }));
    page('/0', html('<p>end'));
    expect(await collector().read('/5')).toMatchObject({ source: `${origin}/0` });
    expect(await reasonOf(collector().read('/6'))).toBe('too_many_redirects');
  });

  test('lead nowhere but to http and https', async () => {
    page('/a', status(302, { location: 'file:///etc/passwd' }));
    expect(await reasonOf(collector().read('/a'))).toBe('not_http');
  });

  test('are checked at every hop', async () => {
    page('/a', status(302, { location: '/secret' }));
    page('/robots.txt', (_, response) => response.end('User-agent: *\nDisallow: /secret'));
    expect(await reasonOf(collector().read('/a'))).toBe('robots');
    expect(asked).toEqual(['/robots.txt', '/a']);
  });
});

describe('addresses that are not public', () => {
  test('are refused unless the target or a setting allows them', async () => {
    page('/a', html('<p>inside'));
    expect(await reasonOf(collector().read('/a', {}))).toBe('private_address');
    await expect(collector().list(`${origin}/a`, {})).rejects.toMatchObject({
      code: 'target.refused',
      message: expect.stringContaining('metadata.private') as string,
    });
    expect(asked).toEqual([]);
    expect(await collector({ privateAddresses: true }).read('/a', {})).toMatchObject({ bytes: 9 });
  });

  test('are refused by what a name is resolved to', async () => {
    const made = httpCollector(http);
    const name = origin.replace('127.0.0.1', 'localhost');
    expect(await reasonOf(made.read(target(name, {}), `${name}/a`, context))).toBe('private_address');
    expect(asked).toEqual([]);
  });

  test.each(['ftp://example.org/', 'nonsense', 'http://user:secret@example.org/'])(
    '%s is refused as a target',
    async (location) => {
      await expect(collector().list(location)).rejects.toMatchObject({ code: 'target.refused' });
    },
  );
});

describe('robots.txt', () => {
  test('is asked for once, and obeyed', async () => {
    page('/robots.txt', (_, response) =>
      response.end('User-agent: banyan\nDisallow: /no\n\nUser-agent: *\nDisallow: /'),
    );
    page('/yes', html('<p>yes'));
    const { read } = collector();
    await read('/yes');
    expect(await reasonOf(read('/no/page'))).toBe('robots');
    expect(asked).toEqual(['/robots.txt', '/yes']);
  });

  test('that answers 4xx allows everything, 5xx nothing for now', async () => {
    page('/a', html('<p>a'));
    page('/robots.txt', status(403));
    await collector().read('/a');
    page('/robots.txt', status(500));
    await expect(collector().read('/a')).rejects.toMatchObject({
      reason: 'robots_unreachable',
      transient: true,
    });
  });
});

describe('a small site', () => {
  beforeEach(() => {
    page(
      '/',
      html(`<a href="/one">1</a> <A class=x HREF='two#frag'>2</A> <a href="/img.png">i</a>
        <!-- <a href="/hidden">h</a> --> <script>"<a href='/script'>"</script>
        <a href="https://example.org/">away</a> <a rel="nofollow" href="/nofollow">n</a> <a href="/private/x">p</a>`),
    );
    page('/one', html('<a href="/three?a=1&amp;b=2">3</a><a href="/">home</a>'));
    page('/two', status(500));
    page('/three?a=1&b=2', html('<a href="/four">4</a>'));
    page('/robots.txt', (_, response) => response.end('User-agent: *\nDisallow: /private/'));
  });

  test('is crawled along its links: one origin, the depth and the pages that were asked for', async () => {
    const crawl = (bounds: object) => collector().list(`${origin}/`, { private: true, crawl: bounds });
    expect(await crawl({})).toEqual(['/', '/one', '/two']);
    expect(await crawl({ depth: 0 })).toEqual(['/']);
    expect(await crawl({ depth: 2 })).toEqual(['/', '/one', '/two', '/three?a=1&b=2']);
    expect(await crawl({ depth: 5, pages: 2 })).toEqual(['/', '/one']);
    expect(asked).not.toContain('/private/x');
  });

  test('whose first page cannot be read fails, with the reason', async () => {
    page('/', status(500));
    await expect(collector().list(`${origin}/`, { private: true, crawl: {} })).rejects.toMatchObject({
      code: 'task.failed',
      message: expect.stringContaining('http_500') as string,
    });
    await expect(collector().list(`${origin}/`, { crawl: {} })).rejects.toMatchObject({
      code: 'target.refused',
    });
    await expect(collector().list(origin, { crawl: { pages: 'many' } })).rejects.toMatchObject({
      code: 'target.refused',
      path: 'metadata.crawl.pages',
    });
  });

  test('does not follow a page to another origin', async () => {
    page('/one', status(302, { location: `${origin.replace('127.0.0.1', 'localhost')}/` }));
    expect(await reasonOf(collector().read('/one', { private: true, crawl: {} }))).toBe('other_origin');
  });

  test('is collected by its sitemap, also through an index', async () => {
    const xml =
      (text: string): Handler =>
      (_, response) =>
        void response.writeHead(200, { 'content-type': 'application/xml' }).end(text);
    page(
      '/sitemap.xml',
      xml(`<sitemapindex><sitemap><loc>${origin}/part.xml</loc></sitemap></sitemapindex>`),
    );
    page(
      '/part.xml',
      xml(`<urlset><url><loc> ${origin}/one </loc></url><url><loc>https://example.org/</loc></url>
        <url><loc>${origin}/private/x</loc></url></urlset>`),
    );
    expect(await collector().list(origin, { private: true, sitemap: true })).toEqual(['/one']);
    expect(await collector().list(origin, { private: true, sitemap: `${origin}/part.xml` })).toEqual([
      '/one',
    ]);
  });
});
