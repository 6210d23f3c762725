/** The result first: a few numbers, a sentence, and the way from items to examples. */
import { paragraph, plots, type Section, type Span } from '../document.ts';
import { flow } from '../plots/flow.ts';
import type { Report } from '../report-data.ts';
import { counted, formatCount } from '../wording.ts';

export function inShort({ totals, waiting, dataset, flow: stages }: Report): Section {
  const { collected, accepted, duplicates, corroborated, rejected, versions, nearDuplicates } = totals;
  const { scenarios, examples } = totals;
  const sentence: Span[] = [
    `Of ${counted(collected, 'item')} collected, `,
    { strong: `${formatCount(accepted)} were new` },
    `, ${formatCount(duplicates + corroborated)} known already (${formatCount(corroborated)} of them confirmed by ` +
      `another node, ${formatCount(versions)} with a higher claim that made a new version) and ` +
      `${formatCount(rejected)} refused. `,
    ...(nearDuplicates === null
      ? []
      : [`Of the new ones, ${formatCount(nearDuplicates)} nearly repeat another and are linked to it. `]),
    `${counted(scenarios, 'scenario')} were made from the best, and `,
    { strong: `${counted(examples, 'example')} stand in the dataset` },
    ...(dataset.latest === null ? ['.'] : [', the latest version is ', { code: dataset.latest }, '.']),
  ];
  const caption = {
    id: 'flow',
    title: 'From items to examples',
    description:
      'A bar for each stage of the pipeline, on one scale, and under it what did not reach the next stage: ' +
      stages.map(({ name, count }) => `${name} ${formatCount(count)}`).join(', ') +
      '.',
  };
  return {
    id: 'in-short',
    title: 'In short',
    short: 'In short',
    blocks: [
      {
        kind: 'figures',
        figures: [
          { label: 'collected', value: formatCount(collected) },
          { label: 'new', value: formatCount(accepted) },
          { label: 'scenarios', value: formatCount(scenarios) },
          { label: 'examples published', value: formatCount(examples) },
          { label: 'wait for a person', value: formatCount(waiting.reviews) },
        ],
      },
      paragraph(sentence),
      ...(collected === 0 ? [] : [plots(flow(caption, stages))]),
    ],
  };
}
