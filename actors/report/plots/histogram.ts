/** How often each of several equal steps from 0 to 1 occurs. */
import type { Plot } from '../document.ts';
import { type Html, html } from '../html.ts';
import { formatCount, formatFraction } from '../wording.ts';
import { across, type Caption, picture } from './picture.ts';

const BARS_PX = 120;
const ABOVE_PX = 18;
const BELOW_PX = 22;

/** `counts[i]` is of the values from i/n to (i+1)/n. */
export function histogram(
  caption: Caption,
  counts: readonly number[],
  { measure, what }: { readonly measure: string; readonly what: string },
): Plot {
  const largest = Math.max(1, ...counts);
  const base = ABOVE_PX + BARS_PX;
  const columns = counts.flatMap((count, index) =>
    count === 0 ? [] : [column(count, index, counts.length, largest)],
  );
  const edges = Array.from({ length: 6 }, (_, index) => edge(index / 5, base));
  return {
    picture: picture(caption, base + BELOW_PX, [
      ...columns,
      html`<rect class="axis" x="0" y="${base}" width="100%" height="1"></rect>`,
      ...edges,
    ]),
    numbers: {
      caption: caption.title,
      columns: [{ title: measure }, { title: what, kind: 'number' }],
      rows: counts.map((count, index) => [
        `${formatFraction(index / counts.length)} to ${formatFraction((index + 1) / counts.length)}`,
        formatCount(count),
      ]),
    },
  };
}

function column(count: number, index: number, steps: number, largest: number): Html {
  const height = Math.max(1, Math.round((count / largest) * BARS_PX));
  const top = ABOVE_PX + BARS_PX - height;
  return html`<rect
      class="kept"
      x="${across(index + 0.08, steps)}"
      y="${top}"
      width="${across(0.84, steps)}"
      height="${height}"
    ></rect
    ><text class="small middle" x="${across(index + 0.5, steps)}" y="${top - 5}"
      >${formatCount(count)}</text
    >`;
}

function edge(at: number, base: number): Html {
  const place = at === 0 ? 'small muted' : at === 1 ? 'small muted number' : 'small muted middle';
  return html`<text class="${place}" x="${across(at, 1)}" y="${base + 16}">${at.toFixed(1)}</text>`;
}
