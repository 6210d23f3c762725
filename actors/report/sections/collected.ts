/** What was collected, and from where: by node, domain and type of source, and the sources by name. */
import { type Block, paragraph, type Plot, plots, type Section, tableOf } from '../document.ts';
import { bars } from '../plots/bars.ts';
import type { Report } from '../report-data.ts';
import { counted, formatCount } from '../wording.ts';

const BARS = 12;

export function collected(report: Report): Section {
  const { domains, domainCount, nodes, nodeCount, sources, sourceTypes } = report;
  const shown: Plot[] = [];
  if (domains.length > 0) {
    const items = domains.slice(0, BARS).map(({ domain, artifacts }) => ({ name: domain, count: artifacts }));
    const title = titleOf('New artifacts by domain', items.length, domainCount);
    shown.push(
      bars({ id: 'domains', title, description: describe(items) }, items, { what: 'domain', measure: 'new' }),
    );
  }
  if (nodes.length > 0) {
    const items = nodes.slice(0, BARS).map(({ node, artifacts }) => ({ name: node, count: artifacts }));
    const title = titleOf('New artifacts by node', items.length, nodeCount);
    shown.push(
      bars({ id: 'nodes', title, description: describe(items) }, items, { what: 'node', measure: 'new' }),
    );
  }
  return {
    id: 'collected',
    title: 'What was collected, and from where',
    short: 'Collected',
    blocks: [
      ...(shown.length === 0 ? [paragraph('Nothing yet.')] : [plots(...shown)]),
      ...typesOf(sourceTypes),
      ...tableOf({
        caption: sources.length < sourceTypes.looked ? `Sources, ${sources.length} of them` : 'Sources',
        columns: [
          { title: 'source', kind: 'long' },
          { title: 'type' },
          { title: 'last outcome', kind: 'long' },
          { title: 'collected by' },
          { title: 'state' },
        ],
        rows: sources.map(({ location, type, lastOutcome, lastReason, lastNode, status }) => [
          [{ code: location }],
          type,
          [lastOutcome ?? 'not yet', lastReason ?? ''].filter((part) => part !== '').join(': '),
          lastNode ?? '',
          status,
        ]),
      }),
    ],
  };
}

function typesOf({ types, looked, more }: Report['sourceTypes']): Block[] {
  const table = tableOf({
    caption: more ? `Sources by type, of the first ${counted(looked, 'source')}` : 'Sources by type',
    columns: [
      { title: 'type' },
      { title: 'sources', kind: 'number' },
      { title: 'with items', kind: 'number' },
      { title: 'empty', kind: 'number' },
      { title: 'failed', kind: 'number' },
      { title: 'in quarantine', kind: 'number' },
    ],
    rows: types.map((type) => [
      type.type,
      ...[type.sources, type.collected, type.empty, type.failed, type.quarantined].map(formatCount),
    ]),
  });
  return table;
}

const titleOf = (title: string, shown: number, all: number): string =>
  shown < all ? `${title}, the first ${shown} of ${formatCount(all)}` : title;

const describe = (items: readonly { readonly name: string; readonly count: number }[]): string =>
  `A bar for each: ${items
    .slice(0, 5)
    .map(({ name, count }) => `${name.slice(0, 60)} ${formatCount(count)}`)
    .join(', ')}${items.length > 5 ? ', and fewer' : ''}.`;
