/** Who was trusted, and why it changed. */
import { type Block, type Column, paragraph, plots, type Section, tableOf } from '../document.ts';
import { steps } from '../plots/steps.ts';
import type { NodeReport, Report } from '../report-data.ts';
import { formatCount, formatFraction, formatSigned, formatTime } from '../wording.ts';
import { defaultPipelineSettings } from '../../settings.ts';

/** The product's; a system with other ones has its lines at other heights. */
const { min, start: neutral, max } = defaultPipelineSettings.reputation;

export function trust({ nodes, nodeCount, at }: Report): Section[] {
  if (nodes.length === 0) return [];
  return [
    {
      id: 'trust',
      title: 'Who was trusted, and why it changed',
      short: 'Trust',
      blocks: [
        ...standings(nodes, nodeCount),
        ...courses(nodes, at),
        ...tableOf({
          caption: 'The latest changes of reputation',
          columns: [
            { title: 'when', kind: 'time' },
            { title: 'node' },
            { title: 'before', kind: 'number' },
            { title: 'after', kind: 'number' },
            { title: 'reason', kind: 'long' },
            { title: 'evidence', kind: 'long' },
          ],
          rows: latestChanges(nodes).map(({ node, change }) => [
            formatTime(change.at),
            node,
            formatFraction(change.before),
            formatFraction(change.after),
            change.reason,
            change.evidence.join('; '),
          ]),
        }),
      ],
    },
  ];
}

function standings(nodes: readonly NodeReport[], all: number): Block[] {
  const withEffective = nodes.some(({ effective }) => effective !== null);
  const withRemarks = nodes.some(({ remarks }) => remarks.length > 0);
  const columns: Column[] = [
    { title: 'node' },
    { title: 'reputation', kind: 'number' },
    ...(withEffective ? [{ title: 'effective', kind: 'number' } as const] : []),
    { title: 'new artifacts', kind: 'number' },
    { title: 'good outcomes', kind: 'number' },
    { title: 'bad outcomes', kind: 'number' },
    { title: 'not confirmed yet', kind: 'number' },
    ...(withRemarks ? [{ title: 'calibration and flags', kind: 'long' } as const] : []),
  ];
  return tableOf({
    caption: nodes.length < all ? `Reputation, ${nodes.length} of ${formatCount(all)} nodes` : 'Reputation',
    columns,
    rows: nodes.map((node) => [
      node.node,
      formatFraction(node.reputation),
      ...(withEffective ? [node.effective === null ? '' : formatFraction(node.effective)] : []),
      formatCount(node.artifacts),
      formatCount(node.good),
      formatCount(node.bad),
      node.unconfirmed === 0 ? '' : formatSigned(node.unconfirmed),
      ...(withRemarks ? [node.remarks.join('; ')] : []),
    ]),
  });
}

function courses(nodes: readonly NodeReport[], untilIso: string): Block[] {
  const moving = nodes.filter(({ course }) => course.length > 0);
  if (moving.length === 0)
    return [paragraph('No reputation has changed yet: a move counts when three epochs agree.')];
  return [
    plots(
      ...moving.map(({ node, course, reputation }, index) =>
        steps(
          {
            id: `reputation-${index}`,
            title: `Reputation of ${node.slice(0, 80)} over time`,
            description: `A step line from ${formatFraction(course[0]?.score ?? neutral)} to ${formatFraction(reputation)}, between the bounds ${min} and ${max}; ${neutral} is neutral.`,
          },
          { points: course, untilIso, bounds: { min, neutral, max } },
        ),
      ),
    ),
  ];
}

const CHANGES = 25;

function latestChanges(nodes: readonly NodeReport[]) {
  return nodes
    .flatMap(({ node, changes }) => changes.map((change) => ({ node, change })))
    .toSorted((a, b) => Date.parse(b.change.at) - Date.parse(a.change.at))
    .slice(0, CHANGES);
}
