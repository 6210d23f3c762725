/** The page is checked by what must and must not stand in it; how it looks was judged by eye in a browser. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { someNode, somePattern, someReport } from './report.fixture.ts';
import { renderHtml } from './render-html.ts';
import { renderMarkdown } from './render-markdown.ts';
import type { Report } from './report-data.ts';

const HOSTILE =
  '"><script>alert(1)</script><img src=x onerror=alert(2)>\'|`*[a](javascript:alert(3))\u202egpj.\u0000';

/** A report in which every name, source and reason was chosen by somebody hostile. */
function hostileReport(): Report {
  const replaced = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return /At$|^at$|^kind$/.test(key) ? value : HOSTILE;
    if (Array.isArray(value)) return value.map((one) => replaced(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, replaced(part, name)]));
  };
  const report = someReport();
  const { flow } = report;
  return {
    ...(replaced(report) as Report),
    at: report.at,
    collection: report.collection,
    refused: [{ at: 'critic: safety', reason: HOSTILE, count: 1 }],
    flow: flow.map((stage) => ({ ...stage, name: HOSTILE })),
  };
}

const tags = (page: string): string[] =>
  [...page.matchAll(/<\/?([a-z0-9!-]+)/gi)].map(([, name]) => (name ?? '').toLowerCase());

describe('the page', () => {
  const page = renderHtml(someReport());

  test('needs nothing from elsewhere and carries no script', () => {
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed|form|base)\b/i);
    expect(page).not.toMatch(/\s(src|srcset|on[a-z]+|style)=/i);
    expect(page).not.toMatch(/@import|url\(/);
    for (const [, target] of page.matchAll(/href="([^"]*)"/g)) expect(target).toMatch(/^#[a-z-]+$/);
  });

  test('has a policy that allows its one style sheet, by the hash of what stands there, and nothing else', () => {
    const sheets = [...page.matchAll(/<style>([^]*?)<\/style>/g)].map(([, sheet]) => sheet ?? '');
    expect(sheets).toHaveLength(1);
    const hash = createHash('sha256')
      .update(sheets[0] ?? '')
      .digest('base64');
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.replaceAll('&#39;', "'");
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
    );
  });

  test('knows light, dark, narrow and paper', () => {
    for (const rule of ['prefers-color-scheme: dark', 'max-width: 46rem', '@media print'])
      expect(page).toContain(rule);
  });

  test('has one heading of the first rank, a section for each of the second, and links to all of them', () => {
    expect(page.match(/<h1\b/g)).toHaveLength(1);
    const sections = [...page.matchAll(/<section id="([^"]+)"/g)].map(([, id]) => id);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(sections).toEqual(links);
    expect(page.match(/<h2\b/g)).toHaveLength(sections.length);
  });

  test('every table has a caption and heads with a scope, every picture a title, a description and its numbers', () => {
    const count = (pattern: RegExp): number => page.match(pattern)?.length ?? 0;
    expect(count(/<table\b/g)).toBe(count(/<caption>/g));
    expect(count(/<th\b/g)).toBe(count(/<th scope="col"/g));
    const pictures = count(/role="img"/g);
    expect(pictures).toBeGreaterThan(6);
    expect(count(/<title id=/g)).toBe(pictures);
    expect(count(/<desc id=/g)).toBe(pictures);
    expect(count(/<figure>/g)).toBe(pictures);
    expect(count(/In numbers/g)).toBe(pictures);
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('every element that is opened is closed', () => {
    const empty = new Set(['meta', '!doctype']);
    const open: string[] = [];
    for (const [tag, slash, name] of page
      .replace(/<style>[^]*?<\/style>/, '')
      .matchAll(/<(\/?)([a-z0-9!]+)[^>]*>/gi)) {
      if (empty.has((name ?? '').toLowerCase()) || tag.endsWith('/>')) continue;
      if (slash === '') open.push(name ?? '');
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  test('says who was trusted with what, and shows calibration and flags where there are any', () => {
    expect(page).toContain('flag: burst of votes; calibration: claimed 0.92, verified 0.51');
    expect(page).toContain('3 epochs in a row agree: +0.05 confirmed');
    const calm = renderHtml(someReport({ nodes: [someNode('n1', { effective: null })] }));
    expect(calm).not.toContain('calibration and flags');
  });

  test('says plainly that nothing looks for patterns', () => {
    expect(renderHtml(someReport({ patterns: null }))).toContain('This system does not look for patterns.');
  });
});

describe('what comes from outside', () => {
  const hostile = renderHtml(hostileReport());

  test('adds no element and no attribute to the page', () => {
    const known = new Set(tags(renderHtml(someReport())));
    expect(tags(hostile).filter((tag) => !known.has(tag))).toEqual([]);
    expect(hostile).not.toMatch(/<[^>]*\s(on[a-z]+|src|style)=/i);
    expect(hostile).not.toMatch(/<script|<img/i);
    expect(hostile).toContain('&lt;script&gt;');
  });

  test('cannot reverse or hide a line', () => {
    expect(hostile).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(renderMarkdown(hostileReport())).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
  });

  test('becomes no Markdown of ours: no markup, no link, no further cell', () => {
    const text = renderMarkdown(hostileReport());
    expect(text).not.toMatch(/(?<!\\)<script/);
    expect(text).not.toMatch(/(?<!\\)\[a(?<!\\)\]/);
    const rows = text.split('\n').filter((line) => line.startsWith('| '));
    for (const row of rows) expect(row).not.toMatch(/[^ \\]\|[^ ]/);
  });

  test('is of bounded length, whatever its own', () => {
    const long = 'x'.repeat(100_000);
    const page = renderHtml(
      someReport({
        patterns: { at: null, patterns: [somePattern(1, { terms: [{ term: long, weight: 1 }] })] },
        domains: [{ domain: long, artifacts: 1 }],
        refusedLately: [{ at: 'intake', source: long, reasons: [long] }],
      }),
    );
    expect(page.length).toBeLessThan(renderHtml(someReport()).length + 5_000);
  });
});

test('Markdown has the numbers of every plot', () => {
  const text = renderMarkdown(someReport());
  for (const part of ['From items to examples', '| 0.80 to 0.90 | 191 |', '**1,010 were new**', '−592'])
    expect(text).toContain(part);
});
