/** A score over time as a step line between its bounds: it changes at once and stays until the next change. */
import type { Plot } from '../document.ts';
import { html } from '../html.ts';
import { formatFraction, formatTime } from '../wording.ts';
import { type Caption, picture } from './picture.ts';

export interface Course {
  /** Oldest first, at least one. */
  readonly points: readonly { readonly at: string; readonly score: number }[];
  /** Until when the last score holds. */
  readonly untilIso: string;
  readonly bounds: { readonly min: number; readonly neutral: number; readonly max: number };
}

const HEAD_PX = 36;
const AREA_PX = 96;
const FOOT_PX = 20;
/** Half a line's width, so that a line at a bound is not cut. */
const MARGIN_PX = 2;
/** Units of the drawing area across; it is stretched to the width there is. */
const ACROSS = 1_000;

export function steps(caption: Caption, { points, untilIso, bounds }: Course): Plot {
  const scores = points.map(({ score }) => score);
  // A system whose bounds are wider than the ones drawn is shown whole.
  const lowest = Math.min(bounds.min, ...scores);
  const highest = Math.max(bounds.max, ...scores);
  const downOf = (score: number): number => {
    const share = (highest - score) / Math.max(1e-9, highest - lowest);
    return Math.round((MARGIN_PX + share * (AREA_PX - 2 * MARGIN_PX)) * 10) / 10;
  };
  const base = HEAD_PX + AREA_PX;
  const from = points[0];
  const lines = [bounds.max, bounds.neutral, bounds.min].map((score) => {
    const y = HEAD_PX + downOf(score);
    return html`<line class="grid" x1="0" x2="100%" y1="${y}" y2="${y}"></line
      ><text class="small muted" x="0" y="${y - 3}">${score}</text>`;
  });
  return {
    picture: picture(caption, base + FOOT_PX, [
      html`<text class="muted" x="0" y="13">from ${formatFraction(from?.score ?? bounds.neutral)}</text
        ><text class="number strong" x="100%" y="13"
          >to ${formatFraction(scores.at(-1) ?? bounds.neutral)}</text
        >`,
      ...lines,
      html`<svg
        x="0"
        y="${HEAD_PX}"
        width="100%"
        height="${AREA_PX}"
        viewBox="0 0 ${ACROSS} ${AREA_PX}"
        preserveAspectRatio="none"
      >
        <path
          class="course"
          d="${pathOf(points, untilIso, downOf)}"
          vector-effect="non-scaling-stroke"
        ></path>
      </svg>`,
      html`<text class="small muted" x="0" y="${base + 15}">${formatTime(from?.at ?? untilIso)}</text
        ><text class="small muted number" x="100%" y="${base + 15}">${formatTime(untilIso)}</text>`,
    ]),
    numbers: {
      caption: caption.title,
      columns: [
        { title: 'from', kind: 'time' },
        { title: 'score', kind: 'number' },
      ],
      rows: points.map(({ at, score }) => [formatTime(at), formatFraction(score)]),
    },
  };
}

function pathOf(points: Course['points'], untilIso: string, downOf: (score: number) => number): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const fromMs = Date.parse(first.at);
  const spanMs = Math.max(1, Date.parse(untilIso) - fromMs);
  const acrossOf = (iso: string): number =>
    Math.round(Math.min(1, Math.max(0, (Date.parse(iso) - fromMs) / spanMs)) * ACROSS);
  const moves = rest.map(({ at, score }) => `H${acrossOf(at)} V${downOf(score)}`);
  return [`M0 ${downOf(first.score)}`, ...moves, `H${ACROSS}`].join(' ');
}
