/** Patterns by size, each with how sure it is: a bar of members, and under it one of confidence from 0 to 1. */
import type { Plot } from '../document.ts';
import { type Html, html } from '../html.ts';
import { shortened } from '../plain-text.ts';
import type { Pattern } from '../report-data.ts';
import { formatCount, formatFraction } from '../wording.ts';
import { across, type Caption, picture } from './picture.ts';

const ROW_PX = 40;
const LEGEND_PX = 24;
const NAME_COLUMNS = 36;
const NAMED_TERMS = 3;

/** What a pattern is called: its heaviest terms. */
export function nameOf({ terms, id }: Pick<Pattern, 'terms' | 'id'>): string {
  if (terms.length === 0) return id;
  return terms
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, NAMED_TERMS)
    .map(({ term }) => term)
    .join(', ');
}

export function patternSizes(caption: Caption, patterns: readonly Pattern[]): Plot {
  const largest = Math.max(0, ...patterns.map(({ members }) => members));
  const rows = patterns.map((pattern, index) => row(pattern, LEGEND_PX + index * ROW_PX, largest));
  return {
    picture: picture(caption, LEGEND_PX + patterns.length * ROW_PX, [legend(), ...rows]),
    numbers: {
      caption: caption.title,
      columns: [
        { title: 'pattern', kind: 'long' },
        { title: 'members', kind: 'number' },
        { title: 'confidence', kind: 'number' },
      ],
      rows: patterns.map((pattern) => [
        nameOf(pattern),
        formatCount(pattern.members),
        formatFraction(pattern.confidence),
      ]),
    },
  };
}

function legend(): Html {
  return html`<rect class="kept" x="0" y="4" width="18" height="6" rx="1"></rect
    ><text class="small muted" x="24" y="11">members</text
    ><rect class="known" x="90" y="6" width="18" height="3"></rect
    ><text class="small muted" x="114" y="11">confidence, 0 to 1</text>`;
}

function row(pattern: Pattern, top: number, largest: number): Html {
  const { members, confidence } = pattern;
  return html`<text x="0" y="${top + 13}">${shortened(nameOf(pattern), NAME_COLUMNS)}</text
    ><text class="number" x="100%" y="${top + 13}"
      >${formatCount(members)} · ${formatFraction(confidence)}</text
    ><rect class="track" x="0" y="${top + 19}" width="100%" height="11" rx="1"></rect
    ><rect class="kept" x="0" y="${top + 19}" width="${across(members, largest)}" height="6" rx="1"></rect
    ><rect class="known" x="0" y="${top + 27}" width="${across(confidence, 1)}" height="3"></rect>`;
}
