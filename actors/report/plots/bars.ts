/** Horizontal bars with their names above them: one measure of several things. */
import { type Html, html } from '../html.ts';
import { shortened } from '../plain-text.ts';
import type { Plot } from '../document.ts';
import { formatCount } from '../wording.ts';
import { across, type Caption, picture } from './picture.ts';

export interface Bar {
  readonly name: string;
  readonly count: number;
}

const ROW_PX = 34;
const NAME_COLUMNS = 34;

/** `what` heads the names, `measure` the numbers. */
export function bars(
  caption: Caption,
  items: readonly Bar[],
  { what, measure }: { readonly what: string; readonly measure: string },
): Plot {
  const largest = Math.max(0, ...items.map(({ count }) => count));
  const rows = items.map((item, index) => bar(item, index * ROW_PX, largest));
  return {
    picture: picture(caption, items.length * ROW_PX, rows),
    numbers: {
      caption: caption.title,
      columns: [
        { title: what, kind: 'long' },
        { title: measure, kind: 'number' },
      ],
      rows: items.map(({ name, count }) => [name, formatCount(count)]),
    },
  };
}

function bar({ name, count }: Bar, top: number, largest: number): Html {
  return html`<text x="0" y="${top + 13}">${shortened(name, NAME_COLUMNS)}</text
    ><text class="number" x="100%" y="${top + 13}">${formatCount(count)}</text
    ><rect class="track" x="0" y="${top + 19}" width="100%" height="6" rx="1"></rect
    ><rect class="kept" x="0" y="${top + 19}" width="${across(count, largest)}" height="6" rx="1"></rect>`;
}
