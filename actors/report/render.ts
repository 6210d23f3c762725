/** A report as Markdown, for a person: the result first, then where it came from and what was left out. */
import type { Report } from './gather.ts';

export function renderReport(report: Report): string {
  return `${[
    '# Banyan report',
    `As of ${report.at}, collection \`${report.collection}\`; totals since the data directory began.`,
    ...inShort(report),
    ...collected(report),
    ...trusted(report),
    ...refused(report),
    ...waiting(report),
    ...published(report),
  ].join('\n\n')}\n`;
}

function inShort({ totals, dataset }: Report): string[] {
  const { collected: items, accepted, duplicates, corroborated, rejected, scenarios, examples } = totals;
  const known = duplicates + corroborated;
  return [
    `Of ${count(items, 'item')} collected, **${accepted} were new**, ${known} known already (${corroborated} of them ` +
      `confirmed by another node) and ${rejected} refused. ${count(scenarios, 'scenario')} were made from the best, and ` +
      `**${count(examples, 'example')} stand in the dataset**${dataset.latest === null ? '' : `, the latest version is \`${dataset.latest}\``}.`,
  ];
}

function collected({ sources, domains, top }: Report): string[] {
  const sections = ['## What was collected, and from where'];
  if (sources.length > 0) {
    sections.push(
      table(
        ['source', 'type', 'last outcome', 'by', 'state'],
        sources.map((source) => [
          source.location,
          source.type,
          [source.lastOutcome ?? 'not yet', source.lastReason ?? ''].filter((part) => part !== '').join(': '),
          source.lastNode ?? '',
          source.status,
        ]),
      ),
    );
  }
  if (domains.length > 0) {
    sections.push(
      `Domains with the most new items: ${domains
        .slice(0, 15)
        .map(({ domain, artifacts }) => `${text(domain)} (${artifacts})`)
        .join(', ')}.`,
    );
  }
  if (top.length === 0) return sections;
  return [
    ...sections,
    '## What was new and matters most',
    table(
      ['priority', 'source', 'domain', 'threat', 'opportunity', 'confidence', 'reported by'],
      top.map((item) => [
        item.priority.toFixed(3),
        item.source,
        item.domain,
        round(item.threat),
        round(item.opportunity),
        item.confidence.toFixed(2),
        item.reporters === 1 ? item.node : `${item.node} and ${item.reporters - 1} more`,
      ]),
    ),
  ];
}

function trusted({ nodes }: Report): string[] {
  if (nodes.length === 0) return [];
  const changes = nodes.flatMap(({ node, changes: moves }) =>
    moves.map(({ at, before, after, reason, evidence }) => {
      const because = evidence.length === 0 ? '' : ` Evidence: ${evidence.map(text).join('; ')}.`;
      return `- ${at} ${text(node)}: ${before.toFixed(2)} → ${after.toFixed(2)}, ${text(reason)}.${because}`;
    }),
  );
  return [
    '## Who was trusted, and why it changed',
    table(
      ['node', 'reputation', 'new items', 'good outcomes', 'bad outcomes', 'not confirmed yet'],
      nodes.map((node) => [
        node.node,
        node.reputation.toFixed(2),
        String(node.artifacts),
        String(node.good),
        String(node.bad),
        node.unconfirmed === 0 ? '' : `${node.unconfirmed > 0 ? '+' : ''}${node.unconfirmed.toFixed(2)}`,
      ]),
    ),
    changes.length === 0
      ? 'No reputation has changed yet: a move counts when three epochs agree.'
      : changes.join('\n'),
  ];
}

function refused({ refused: counts, refusedLately }: Report): string[] {
  const sections = ['## What was refused, and where'];
  if (counts.length === 0) return [...sections, 'Nothing.'];
  sections.push(
    table(
      ['where', 'why', 'how many'],
      counts.map(({ at, reason, count: many }) => [at, reason, String(many)]),
    ),
  );
  if (refusedLately.length > 0) {
    sections.push(
      `The latest:\n\n${refusedLately.map(({ at, source, reasons }) => `- ${text(source)} (${at}): ${reasons.map(text).join('; ')}`).join('\n')}`,
    );
  }
  return sections;
}

function waiting({ waiting: rows, notices }: Report): string[] {
  const lines = [
    [rows.undecided, 'item', 'not decided by intake yet'],
    [rows.candidates, 'artifact', 'may still be fed: held back by the hourly limit or by diversity'],
    [rows.evidence, 'scenario', 'wait for evidence'],
    [rows.reviews, 'scenario', 'wait for a person (`banyan review list`)'],
    [rows.examples, 'example', 'passed every gate and wait for the next version'],
  ] as const;
  const shown = lines
    .filter(([many]) => many > 0)
    .map(([many, what, why]) => `- ${count(many, what)}: ${why}`);
  if (shown.length + notices.length === 0) return [];
  return ['## What waits', [...shown, ...notices.map((notice) => `- ${text(notice)}`)].join('\n')];
}

function published({ dataset }: Report): string[] {
  if (dataset.versions.length === 0) return ['## The dataset', 'No version has been published yet.'];
  return [
    '## The dataset',
    table(
      ['version', 'examples', 'domains', 'published', 'because', 'manifest'],
      dataset.versions.map((version) => [
        version.name,
        String(version.examples),
        version.domains
          .slice(0, 5)
          .map(({ domain, examples }) => `${domain} (${examples})`)
          .join(', ') + (version.domainCount > 5 ? ', …' : ''),
        version.publishedAt,
        version.reason,
        version.manifestSha256.slice(0, 12),
      ]),
    ),
    dataset.masked === 0
      ? 'No personal data was found.'
      : `${count(dataset.masked, 'piece')} of personal data were masked.`,
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(text).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** Collected text must not become Markdown of ours. */
function text(value: string): string {
  return value.replace(/\s+/gu, ' ').replace(/[\\|`*_<>[\]#]/g, (character) => `\\${character}`);
}

const round = (value: number): string => String(Math.round(value * 10) / 10);
const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? '' : 's'}`;
