/**
 * A report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere. Its policy forbids
 * everything but the one style sheet that it carries, so whatever a collected name would try has no effect.
 */
import { createHash } from 'node:crypto';
import type { Block, Column, Section, Span, Table, Text } from './document.ts';
import { type Html, html, trusted } from './html.ts';
import { plainText } from './plain-text.ts';
import type { Report } from './report-data.ts';
import { sectionsOf } from './sections/index.ts';
import { STYLE } from './style.ts';
import { formatTime } from './wording.ts';

/** Written by hand to the byte: its content is what the hash is of. */
const styleElement = trusted(`<style>${STYLE}</style>`);
const styleHash = createHash('sha256').update(STYLE).digest('base64');
const POLICY = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;

export function renderHtml(report: Report): string {
  const sections = sectionsOf(report);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>Banyan report, ${formatTime(report.at)} UTC</title>
        ${styleElement}
      </head>
      <body>
        <header>
          <h1>Banyan report</h1>
          <p class="lead">
            As of <time datetime="${report.at}">${formatTime(report.at)} UTC</time>, collection
            <code>${plainText(report.collection)}</code>. Totals since the data directory began; times are
            UTC.
          </p>
          <nav aria-label="Sections">
            <ul>
              ${sections.map(({ id, short }) => html`<li><a href="#${id}">${short}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main>${sections.map(sectionHtml)}</main>
        <footer>
          <p>Written by Banyan. <code>report.json</code> beside this page holds the same for programs.</p>
        </footer>
      </body>
    </html> `;
  return page.toString();
}

function sectionHtml({ id, title, blocks }: Section): Html {
  return html`<section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${title}</h2>
    ${blocks.map(blockHtml)}
  </section> `;
}

function blockHtml(block: Block): Html {
  switch (block.kind) {
    case 'paragraph':
      return html`<p>${inline(block.text)}</p>`;
    case 'list':
      return html`<ul>
        ${block.items.map((item) => html`<li>${inline(item)}</li>`)}
      </ul>`;
    case 'figures':
      return html`<dl class="figures">
        ${block.figures.map(
          ({ label, value }) =>
            html`<div>
              <dt>${label}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
      </dl>`;
    case 'table':
      return block.folded === true ? foldedTable(block.table, block.table.caption) : tableHtml(block.table);
    case 'plots':
      return html`<div class="plots">
        ${block.plots.map(
          ({ picture, numbers }) =>
            html`<figure>
              <figcaption>${plainText(numbers.caption)}</figcaption>
              ${picture}${foldedTable(numbers, 'In numbers')}
            </figure>`,
        )}
      </div>`;
  }
}

/** With more columns than this, the rows become cards where there is no room for columns. */
const CARD_COLUMNS = 3;

/** Short cells are kept close together: across a wide page the eye loses the row. */
function classOf(columns: readonly Column[]): string {
  const width = columns.some(({ kind }) => kind === 'long') ? 'wide' : 'close';
  return columns.length > CARD_COLUMNS ? `${width} cards` : width;
}

function foldedTable(table: Table, summary: string): Html {
  return html`<details>
    <summary>${plainText(summary)}</summary>
    ${tableHtml(table)}
  </details>`;
}

function tableHtml({ caption, columns, rows }: Table): Html {
  return html`<table class="${classOf(columns)}">
    <caption>
      ${plainText(caption)}
    </caption>
    <thead>
      <tr>
        ${columns.map(({ title, kind }) => html`<th scope="col" class="${kind ?? 'text'}">${title}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (cells) =>
          html`<tr>
            ${cells.map((cell, index) => cellHtml(cell, columns[index]))}
          </tr> `,
      )}
    </tbody>
  </table> `;
}

/** Each cell names its column: as part of a card it stands without the head. */
function cellHtml(cell: Text, column: Column | undefined): Html {
  return html`<td class="${column?.kind ?? 'text'}" data-column="${column?.title}">${inline(cell)}</td>`;
}

function inline(text: Text): Html[] {
  return typeof text === 'string' ? [html`${plainText(text)}`] : text.map(spanHtml);
}

function spanHtml(span: Span): Html {
  if (typeof span === 'string') {
    const words = plainText(span, 1_000);
    return html`${/^\s/.test(span) ? ' ' : ''}${words}${/\s$/.test(span) ? ' ' : ''}`;
  }
  if ('strong' in span) return html`<strong>${plainText(span.strong)}</strong>`;
  return html`<code>${plainText(span.code)}</code>`;
}
