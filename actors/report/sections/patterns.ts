/** What the artifacts have in common: terms, characteristics and samples of each pattern. */
import { paragraph, plots, type Section, tableOf, type Text } from '../document.ts';
import { nameOf, patternSizes } from '../plots/pattern-sizes.ts';
import type { Pattern, Report } from '../report-data.ts';
import { counted, formatCount, formatFraction, formatTime } from '../wording.ts';

export function patternsFound({ patterns: found }: Report): Section {
  const section = { id: 'patterns', title: 'What patterns it shows', short: 'Patterns' };
  if (found === null) return { ...section, blocks: [paragraph('This system does not look for patterns.')] };
  if (found.patterns.length === 0)
    return { ...section, blocks: [paragraph('No pattern yet: ten new items within a day are needed.')] };
  const { patterns } = found;
  const caption = {
    id: 'pattern-sizes',
    title: 'Patterns by size and confidence',
    description:
      'For each pattern a bar of its members and a thin one of its confidence: ' +
      patterns
        .slice(0, 5)
        .map((pattern) => `${nameOf(pattern)} ${counted(pattern.members, 'member')}`)
        .join(', ') +
      '.',
  };
  return {
    ...section,
    blocks: [
      ...(found.at === null
        ? []
        : [
            paragraph(
              `As found at ${formatTime(found.at)}. A pattern of fewer than three members has no confidence.`,
            ),
          ]),
      plots(patternSizes(caption, patterns)),
      ...tableOf({
        caption: 'Patterns with their terms and weights',
        columns: [
          { title: 'terms', kind: 'long' },
          { title: 'characteristics' },
          { title: 'members', kind: 'number' },
          { title: 'confidence', kind: 'number' },
          { title: 'first seen', kind: 'time' },
          { title: 'last seen', kind: 'time' },
        ],
        rows: patterns.map((pattern) => [
          pattern.terms.map(({ term, weight }) => `${term} ${formatFraction(weight)}`).join(', '),
          pattern.characteristics.join(', '),
          formatCount(pattern.members),
          formatFraction(pattern.confidence),
          formatTime(pattern.firstSeenAt),
          formatTime(pattern.lastSeenAt),
        ]),
      }),
      ...tableOf(
        {
          caption: 'Samples of each pattern',
          columns: [
            { title: 'pattern', kind: 'long' },
            { title: 'source', kind: 'long' },
            { title: 'beginning', kind: 'long' },
          ],
          rows: patterns.flatMap(samplesOf),
        },
        { folded: true },
      ),
    ],
  };
}

function samplesOf(pattern: Pattern): Text[][] {
  return pattern.samples.map(({ source, excerpt }) => [nameOf(pattern), [{ code: source }], excerpt]);
}
