/** What waits: for a person, for the next hour, for the next version. */
import { listOf, paragraph, type Section, type Span, tableOf } from '../document.ts';
import type { Report } from '../report-data.ts';
import { counted, formatFraction, formatTime } from '../wording.ts';

export function waiting({ waiting: rows, reviews, notices }: Report): Section {
  const lines: readonly (readonly [number, string, ...Span[]])[] = [
    [rows.reviews, 'scenario', 'for a person: ', { code: 'banyan review list' }, ' shows them'],
    [rows.undecided, 'item', 'for intake to decide'],
    [rows.candidates, 'artifact', 'to be fed: held back by the hourly limit or by diversity'],
    [rows.evidence, 'scenario', 'for evidence'],
    [rows.examples, 'example', 'for the next version: passed every gate'],
  ];
  const items = lines
    .filter(([many]) => many > 0)
    .map(([many, what, ...why]): Span[] => [
      { strong: counted(many, what) },
      many === 1 ? ' waits ' : ' wait ',
      ...why,
      '.',
    ]);
  const blocks = [
    ...listOf([...items, ...notices]),
    ...tableOf({
      caption: reviews.length < rows.reviews ? `For a person, ${reviews.length} of them` : 'For a person',
      columns: [
        { title: 'scenario' },
        { title: 'source', kind: 'long' },
        { title: 'domain' },
        { title: 'confidence', kind: 'number' },
        { title: 'why', kind: 'long' },
        { title: 'since', kind: 'time' },
      ],
      rows: reviews.map(({ id, source, domain, confidence, reasons, at }) => [
        [{ code: id }],
        [{ code: source }],
        domain,
        formatFraction(confidence),
        reasons.join('; '),
        formatTime(at),
      ]),
    }),
  ];
  return {
    id: 'waiting',
    title: 'What waits',
    short: 'Waiting',
    blocks: blocks.length === 0 ? [paragraph('Nothing.')] : blocks,
  };
}
