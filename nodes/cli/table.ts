/** Columns of text, aligned; a terminal shows the last one as far as it fits. */
import { stripVTControlCharacters } from 'node:util';

/** Rows below a heading. Empty without rows. Control characters in cells are made visible. */
export function formatTable(heading: readonly string[], rows: readonly (readonly unknown[])[]): string {
  if (rows.length === 0) return '';
  const lines = [heading, ...rows.map((row) => row.map(cell))];
  const widths = heading.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ''))));
  return lines
    .map((line) =>
      line
        .map((text, column) => text + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(text))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const width = (text: string): number => stripVTControlCharacters(text).length;

function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return visible(textOf(value));
}

/** A value in one line of text: what is not text or a number is JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}

/** Text from elsewhere must not move the cursor or set colours; our own styles are left. */
export function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replaceAll(/(?!\u001B\[[0-9;]*m)[\u0000-\u001F\u007F]/g, (character) =>
    character === '\n' ? '⏎' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
