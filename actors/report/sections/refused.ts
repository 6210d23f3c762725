/** What was refused, at which gate, why and how often. */
import { paragraph, type Section, tableOf } from '../document.ts';
import type { Report } from '../report-data.ts';
import { formatCount } from '../wording.ts';

export function refused({ refused: counts, refusedLately }: Report): Section {
  const blocks = [
    ...tableOf({
      caption: 'Refusals by place and reason',
      columns: [{ title: 'where' }, { title: 'why' }, { title: 'how many', kind: 'number' }],
      rows: counts.map(({ at, reason, count }) => [at, reason, formatCount(count)]),
    }),
    ...tableOf({
      caption: 'The latest refusals',
      columns: [{ title: 'where' }, { title: 'what', kind: 'long' }, { title: 'reasons', kind: 'long' }],
      rows: refusedLately.map(({ at, source, reasons }) => [at, [{ code: source }], reasons.join('; ')]),
    }),
  ];
  return {
    id: 'refused',
    title: 'What was refused, and where',
    short: 'Refused',
    blocks: blocks.length === 0 ? [paragraph('Nothing.')] : blocks,
  };
}
