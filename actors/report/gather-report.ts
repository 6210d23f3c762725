/**
 * Gathers what a report says from the pipeline's own queries; nothing in it comes from anywhere else. Every
 * query is limited and their number is too: a system with a million artifacts is asked as much as a small one.
 */
import type { RankedArtifact } from '../coordinator/queries.ts';
import { flowOf } from './flow-stages.ts';
import { gatherDataset } from './gather-dataset.ts';
import { gatherNodes } from './gather-nodes.ts';
import { gatherPatterns } from './gather-patterns.ts';
import { gatherRefusals, refusalsOf } from './gather-refusals.ts';
import { gatherSources } from './gather-sources.ts';
import type { Report } from './report-data.ts';
import { type Ask, number, type Row, tolerant, type TolerantAsk } from './tolerant-ask.ts';

const TOP = 10;
const DOMAINS = 30;
const REVIEWS = 5;

/** `at` is the time of the report, in milliseconds since the epoch. */
export async function gatherReport(
  someAsk: Ask,
  options: { readonly atMs: number; readonly collection?: string },
): Promise<Report> {
  const { collection = 'main' } = options;
  const ask = tolerant(someAsk);
  const coordinator = `coordinator/${collection}`;
  const [intake, phoenix, critic, curator, collected] = await Promise.all([
    ask<Row>('intake/main', 'stats', {}, {}),
    ask<Row>('phoenix/main', 'stats', {}, {}),
    ask<Row>('critic/main', 'stats', {}, {}),
    ask<Row>('curator/main', 'stats', {}, {}),
    ask<Row>(coordinator, 'stats', {}, {}),
  ]);
  const noDomains: Pick<Report, 'domains'> = { domains: [] };
  const { domains } = await ask(coordinator, 'domains', { limit: DOMAINS }, noDomains);
  const noArtifacts: { readonly artifacts: readonly RankedArtifact[] } = { artifacts: [] };
  const { artifacts: top } = await ask(coordinator, 'top', { k: TOP }, noArtifacts);
  const nodes = await gatherNodes(ask, coordinator);
  return {
    format: 'banyan-report',
    formatVersion: 1,
    at: new Date(options.atMs).toISOString(),
    collection,
    totals: {
      collected: number(intake['collected']),
      accepted: number(intake['accepted']),
      duplicates: number(intake['duplicates']),
      corroborated: number(intake['corroborated']),
      rejected: number(intake['rejected']),
      versions: number(intake['versions']),
      nearDuplicates: typeof collected['nearDuplicates'] === 'number' ? collected['nearDuplicates'] : null,
      scenarios: number(phoenix['fed']),
      examples: number(curator['examples']),
    },
    flow: flowOf({ intake, phoenix, critic, curator }),
    ...(await gatherSources(ask)),
    domains,
    domainCount: Math.max(domains.length, number(collected['domains'])),
    top,
    patterns: await gatherPatterns(ask, coordinator),
    nodes,
    nodeCount: Math.max(nodes.length, number(collected['nodes'])),
    refused: refusalsOf(intake, phoenix, critic, curator),
    refusedLately: await gatherRefusals(ask, nodes),
    waiting: {
      undecided: number(intake['pending']),
      evidence: number(critic['pending']),
      candidates: number(collected['candidates']),
      reviews: number(critic['inReview']),
      examples: number(curator['waiting']),
    },
    reviews: await gatherReviews(ask),
    notices: (phoenix['notices'] ?? []) as readonly string[],
    dataset: await gatherDataset(ask, curator),
  };
}

interface ReviewAnswer {
  readonly id: string;
  readonly at: string;
  readonly scenario: { readonly source: string; readonly domain: string };
  readonly verdict: {
    readonly confidence: number;
    readonly layers: readonly { readonly reasons: readonly string[] }[];
  };
}

async function gatherReviews(ask: TolerantAsk): Promise<Report['reviews']> {
  const none: { readonly reviews: readonly ReviewAnswer[] } = { reviews: [] };
  const { reviews } = await ask('critic/main', 'reviews', { limit: REVIEWS }, none);
  return reviews.map(({ id, at, scenario: { source, domain }, verdict: { confidence, layers } }) => ({
    id,
    at,
    source,
    domain,
    confidence,
    reasons: layers.flatMap(({ reasons }) => reasons),
  }));
}
