/** The artifacts of highest priority, each with what makes it so. */
import { paragraph, type Section, tableOf } from '../document.ts';
import type { Report } from '../report-data.ts';
import { defaultPipelineSettings } from '../../settings.ts';
import { formatAge, formatFraction, formatScore } from '../wording.ts';

/** The product's; a system may weigh otherwise. */
const { threatWeight, opportunityWeight, confidenceWeight, halfLifeMs } = defaultPipelineSettings.coordinator;

export function topArtifacts({ top, nodes, at }: Report): Section[] {
  if (top.length === 0) return [];
  const reputationOf = new Map(nodes.map(({ node, reputation }) => [node, reputation]));
  const atMs = Date.parse(at);
  return [
    {
      id: 'top',
      title: 'What matters most, and why',
      short: 'Most important',
      blocks: [
        paragraph(
          `Priority = (${threatWeight} · threat / 10 + ${opportunityWeight} · opportunity / 10 + ` +
            `${confidenceWeight} · confidence) · reputation of the node · 2^(−age / ${formatAge(halfLifeMs)}), ` +
            'where no setting says otherwise.',
        ),
        ...tableOf({
          caption: 'Artifacts of highest priority',
          columns: [
            { title: 'priority', kind: 'number' },
            { title: 'source', kind: 'long' },
            { title: 'domain' },
            { title: 'threat', kind: 'number' },
            { title: 'opportunity', kind: 'number' },
            { title: 'confidence', kind: 'number' },
            { title: 'reputation', kind: 'number' },
            { title: 'age', kind: 'number' },
            { title: 'reported by' },
          ],
          rows: top.map((item) => {
            const reputation = reputationOf.get(item.node);
            return [
              item.priority.toFixed(3),
              [{ code: item.source }],
              item.domain,
              formatScore(item.threat),
              formatScore(item.opportunity),
              formatFraction(item.confidence),
              reputation === undefined ? '' : formatFraction(reputation),
              formatAge(atMs - Date.parse(item.acceptedAt)),
              item.reporters === 1 ? item.node : `${item.node} and ${item.reporters - 1} more`,
            ];
          }),
        }),
      ],
    },
  ];
}
