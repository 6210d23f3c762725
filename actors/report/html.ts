/** HTML that is safe by construction: everything put into a template is escaped, unless it is HTML already. */
import { html as template, raw } from 'hono/html';

/** Markup that was made here. A string is never markup. */
export interface Html {
  readonly isEscaped: true;
  toString(): string;
}

type Value = string | number | Html | undefined | readonly Value[];

/** A tagged template. Strings are escaped for text and for quoted attributes; `undefined` leaves nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  // The library answers with a promise only when it is given one.
  return template(strings, ...values) as Html;
}

/** For constants of this folder only. */
export const trusted = (markup: string): Html => raw(markup);
