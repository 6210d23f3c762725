/**
 * From what was collected to what stands in the dataset, as a waterfall: each stage is a bar from the left, and what
 * it loses stands under its end, so that the next stage begins where the losses begin. All bars have one scale.
 */
import type { Plot } from '../document.ts';
import { type Html, html } from '../html.ts';
import { shortened } from '../plain-text.ts';
import type { FlowLoss, FlowStage } from '../report-data.ts';
import { formatCount } from '../wording.ts';
import { across, type Caption, picture } from './picture.ts';

const LEGEND_PX = 26;
const STAGE_PX = 42;
const LOSS_PX = 30;
const NAME_COLUMNS = 38;
/** Losses of one stage that are told apart; the smallest are summed up. */
const LOSSES = 8;
/** A bar that is there is seen. */
const LEAST_PX = 2;

export function flow(caption: Caption, stages: readonly FlowStage[]): Plot {
  const whole = Math.max(0, ...stages.map(({ count }) => count));
  const marks: Html[] = [legend()];
  const rows: string[][] = [];
  let top = LEGEND_PX;
  for (const { name, count, losses } of stages) {
    marks.push(stageBar(name, count, top, whole));
    rows.push([name, '', formatCount(count)]);
    top += STAGE_PX;
    let end = count;
    for (const loss of summedUp(losses)) {
      marks.push(lossBar(loss, end, top, whole));
      rows.push(['', loss.name, `−${formatCount(loss.count)}`]);
      end -= loss.count;
      top += LOSS_PX;
    }
  }
  return {
    picture: picture(caption, top, marks),
    numbers: {
      caption: caption.title,
      columns: [{ title: 'stage' }, { title: 'less', kind: 'long' }, { title: 'how many', kind: 'number' }],
      rows,
    },
  };
}

function summedUp(losses: readonly FlowLoss[]): readonly FlowLoss[] {
  if (losses.length <= LOSSES) return losses;
  const sorted = losses.toSorted((a, b) => b.count - a.count);
  const rest = sorted.slice(LOSSES - 1);
  const count = rest.reduce((sum, loss) => sum + loss.count, 0);
  return [...sorted.slice(0, LOSSES - 1), { name: `${rest.length} further reasons`, count, kind: 'refused' }];
}

/** The colours, named; what they say stands beside each bar too. */
function legend(): Html {
  const names = [
    ['kept', 'goes on', 0],
    ['known', 'known', 82],
    ['refused', 'refused', 152],
    ['waits', 'waits', 230],
  ] as const;
  const marks = names.map(
    ([kind, name, x]) =>
      html`<rect class="${kind}" x="${x}" y="4" width="14" height="6" rx="1"></rect
        ><text class="small muted" x="${x + 20}" y="11">${name}</text>`,
  );
  return html`${marks}`;
}

function stageBar(name: string, count: number, top: number, whole: number): Html {
  return html`<text class="strong" x="0" y="${top + 17}">${shortened(name, NAME_COLUMNS)}</text
    ><text class="number strong" x="100%" y="${top + 17}">${formatCount(count)}</text
    ><rect class="track" x="0" y="${top + 23}" width="100%" height="10" rx="1"></rect
    ><rect class="kept" x="0" y="${top + 23}" width="${across(count, whole)}" height="10" rx="1"></rect>`;
}

function lossBar({ name, count, kind }: FlowLoss, end: number, top: number, whole: number): Html {
  return html`<text class="muted" x="14" y="${top + 12}">${shortened(name, NAME_COLUMNS)}</text
    ><text class="number muted" x="100%" y="${top + 12}">−${formatCount(count)}</text
    ><rect class="track" x="0" y="${top + 20}" width="100%" height="1"></rect
    ><rect
      class="${kind}"
      x="${across(end - count, whole)}"
      y="${top + 18}"
      width="${LEAST_PX}"
      height="5"
    ></rect
    ><rect
      class="${kind}"
      x="${across(end - count, whole)}"
      y="${top + 18}"
      width="${across(count, whole)}"
      height="5"
      rx="1"
    ></rect>`;
}
