/**
 * The frame of every plot. Lengths across are percentages and those down are pixels, so a plot fills whatever width
 * there is while its letters keep their size: it is read on a phone as on paper.
 */
import { type Html, html } from '../html.ts';
import { plainText } from '../plain-text.ts';

export interface Caption {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  /** What the picture shows, in a sentence: read out instead of it. */
  readonly description: string;
}

export function picture({ id, title, description }: Caption, heightPx: number, marks: readonly Html[]): Html {
  return html`<svg
    role="img"
    aria-labelledby="${id}-title ${id}-description"
    width="100%"
    height="${heightPx}"
    xmlns="http://www.w3.org/2000/svg"
  >
    <title id="${id}-title">${plainText(title)}</title>
    <desc id="${id}-description">${plainText(description, 600)}</desc>
    ${marks}
  </svg>`;
}

/** A length or position across, of a whole; between 0 % and 100 % whatever is given. */
export function across(part: number, whole: number): string {
  const share = whole > 0 && Number.isFinite(part) ? Math.min(1, Math.max(0, part / whole)) : 0;
  return `${Math.round(share * 1e4) / 100}%`;
}
