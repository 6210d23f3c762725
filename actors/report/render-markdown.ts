/** A report as Markdown: plots as their numbers. */
import type { Block, Section, Span, Table, Text } from './document.ts';
import { plainText } from './plain-text.ts';
import type { Report } from './report-data.ts';
import { sectionsOf } from './sections/index.ts';
import { formatTime } from './wording.ts';

export function renderMarkdown(report: Report): string {
  const parts = [
    '# Banyan report',
    `As of ${formatTime(report.at)} UTC, collection \`${report.collection}\`; totals since the data directory began, times in UTC. ` +
      '`report.html` says the same with plots.',
    ...sectionsOf(report).flatMap(sectionParts),
  ];
  return `${parts.join('\n\n')}\n`;
}

function sectionParts({ title, blocks }: Section): string[] {
  return [`## ${title}`, ...blocks.flatMap(blockParts)];
}

function blockParts(block: Block): string[] {
  switch (block.kind) {
    case 'paragraph':
      return [markdown(block.text)];
    case 'list':
      return [block.items.map((item) => `- ${markdown(item)}`).join('\n')];
    case 'figures':
      // The sentence that follows says them again.
      return [];
    case 'table':
      return tableParts(block.table);
    case 'plots':
      return block.plots.flatMap(({ numbers }) => tableParts(numbers));
  }
}

function tableParts({ caption, columns, rows }: Table): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `**${escape(plainText(caption))}**`,
    [
      line(columns.map(({ title }) => escape(title))),
      `|${columns.map(({ kind }) => (kind === 'number' ? '---:' : '---')).join('|')}|`,
      ...rows.map((cells) => line(cells.map(markdown))),
    ].join('\n'),
  ];
}

function markdown(text: Text): string {
  return typeof text === 'string' ? escape(plainText(text)) : text.map(spanMarkdown).join('');
}

function spanMarkdown(span: Span): string {
  if (typeof span === 'string') return escape(inSentence(span));
  if ('strong' in span) return `**${escape(plainText(span.strong))}**`;
  return code(plainText(span.code));
}

/** Spaces at the ends of a span part it from its neighbours. */
function inSentence(span: string): string {
  const words = plainText(span, 1_000);
  return `${/^\s/.test(span) ? ' ' : ''}${words}${/\s$/.test(span) ? ' ' : ''}`;
}

/** Collected text must not become Markdown of ours. */
function escape(value: string): string {
  return value.replace(/[\\|`*_<>[\]#&~]/g, (character) => `\\${character}`);
}

/** In a code span only its own fence and, within tables, the bar mean something; neither can be escaped there. */
function code(value: string): string {
  if (value === '') return '';
  return /[`|\\]/.test(value) ? escape(value) : `\`${value}\``;
}
