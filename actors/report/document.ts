/**
 * A report as a document: what it says, apart from how it is written down. Sections are made once and rendered as
 * Markdown and as HTML. Texts are data here, whatever they look like; escaping is the renderers' part.
 */
import type { Html } from './html.ts';

export type Span = string | { readonly strong: string } | { readonly code: string };
export type Text = string | readonly Span[];

export interface Column {
  readonly title: string;
  /** Numbers stand to the right, digit under digit; times are not broken; long names and addresses get room. */
  readonly kind?: 'number' | 'time' | 'long';
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Text[])[];
}

/** A picture and the same in numbers, for those who cannot see it and for Markdown. */
export interface Plot {
  readonly picture: Html;
  readonly numbers: Table;
}

export type Block =
  | { readonly kind: 'paragraph'; readonly text: Text }
  | { readonly kind: 'list'; readonly items: readonly Text[] }
  | { readonly kind: 'figures'; readonly figures: readonly Figure[] }
  /** `folded`: opened by whoever wants it. */
  | { readonly kind: 'table'; readonly table: Table; readonly folded?: boolean }
  /** Side by side where there is room. */
  | { readonly kind: 'plots'; readonly plots: readonly Plot[] };

/** One number that sums something up. */
export interface Figure {
  readonly label: string;
  readonly value: string;
}

export interface Section {
  /** Anchor within the page. */
  readonly id: string;
  readonly title: string;
  /** A word or two for the list of sections. */
  readonly short: string;
  readonly blocks: readonly Block[];
}

export const paragraph = (text: Text): Block => ({ kind: 'paragraph', text });
export const plots = (...shown: readonly Plot[]): Block => ({ kind: 'plots', plots: shown });

/** Nothing where there are no rows. */
export function tableOf(table: Table, options: { readonly folded?: boolean } = {}): Block[] {
  return table.rows.length === 0 ? [] : [{ kind: 'table', table, ...options }];
}

export function listOf(items: readonly Text[]): Block[] {
  return items.length === 0 ? [] : [{ kind: 'list', items }];
}
