/** Gathers what a report says from the pipeline's own queries; nothing in it comes from anywhere else. */
import { escapeKey } from '../../protocol/address.ts';
import type { RankedArtifact } from '../coordinator/queries.ts';
import type { PublishedVersion } from '../dataset/manifest.ts';
import type { ReputationChange } from '../reputation/reputation.ts';

/** Asks an actor; rejects when nobody answers. */
export type Ask = (address: string, query: string, input?: object) => Promise<unknown>;

/** What was done since the data directory began, as `report.json` holds it. */
export interface Report {
  readonly format: 'banyan-report';
  readonly formatVersion: 1;
  readonly at: string;
  readonly collection: string;
  readonly totals: {
    readonly collected: number;
    readonly accepted: number;
    readonly duplicates: number;
    readonly corroborated: number;
    readonly rejected: number;
    readonly scenarios: number;
    readonly examples: number;
  };
  readonly sources: readonly {
    readonly type: string;
    readonly location: string;
    readonly status: string;
    readonly lastOutcome: string | null;
    readonly lastReason: string | null;
    readonly lastNode: string | null;
  }[];
  readonly domains: readonly { readonly domain: string; readonly artifacts: number }[];
  readonly top: readonly RankedArtifact[];
  readonly nodes: readonly {
    readonly node: string;
    readonly artifacts: number;
    readonly reputation: number;
    readonly good: number;
    readonly bad: number;
    /** Moves that too few epochs confirm so far. */
    readonly unconfirmed: number;
    readonly changes: readonly ReputationChange[];
  }[];
  /** In the order of the pipeline: where something was refused, why, and how often. */
  readonly refused: readonly { readonly at: string; readonly reason: string; readonly count: number }[];
  readonly refusedLately: readonly {
    readonly at: string;
    readonly source: string;
    readonly reasons: readonly string[];
  }[];
  readonly waiting: {
    readonly undecided: number;
    readonly evidence: number;
    readonly candidates: number;
    readonly reviews: number;
    readonly examples: number;
  };
  readonly notices: readonly string[];
  readonly dataset: {
    readonly latest: string | null;
    readonly lastManifestSha256: string | null;
    readonly masked: number;
    readonly versions: readonly PublishedVersion[];
  };
}

type TolerantAsk = <Answer>(address: string, query: string, input: object, absent: Answer) => Promise<Answer>;

/** An actor that nobody has sent anything yet does not exist: it has nothing to report. */
function tolerant(ask: Ask): TolerantAsk {
  return async <Answer>(address: string, query: string, input: object, absent: Answer) => {
    try {
      return (await ask(address, query, input)) as Answer;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'actor.not_found') return absent;
      throw error;
    }
  };
}

type Row = Readonly<Record<string, unknown>>;

const TOP = 10;
const NODES = 50;
const DOMAINS = 30;
const LATELY = 20;
const TARGETS = 100;

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
  const targets = await ask<readonly TargetAnswer[]>('orchestrator/main', 'targets', { limit: TARGETS }, []);
  const { domains } = await ask<Pick<Report, 'domains'>>(
    coordinator,
    'domains',
    { limit: DOMAINS },
    { domains: [] },
  );
  const { artifacts: top } = await ask<{ artifacts: RankedArtifact[] }>(
    coordinator,
    'top',
    { k: TOP },
    { artifacts: [] },
  );
  const { versions } = await ask<{ versions: PublishedVersion[] }>(
    'curator/main',
    'versions',
    {},
    { versions: [] },
  );
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
      scenarios: number(phoenix['fed']),
      examples: number(curator['examples']),
    },
    sources: targets.map(sourceOf),
    domains,
    top,
    nodes: await gatherNodes(ask, coordinator),
    refused: refusalsOf(intake, phoenix, critic, curator),
    refusedLately: await gatherRefusals(ask),
    waiting: {
      undecided: number(intake['pending']),
      evidence: number(critic['pending']),
      candidates: number(collected['candidates']),
      reviews: number(critic['inReview']),
      examples: number(curator['waiting']),
    },
    notices: (phoenix['notices'] ?? []) as readonly string[],
    dataset: {
      latest: versions.at(-1)?.name ?? null,
      lastManifestSha256: versions.at(-1)?.manifestSha256 ?? null,
      masked: number(curator['masked']),
      versions,
    },
  };
}

interface TargetAnswer {
  readonly target: { readonly type: string; readonly location: string };
  readonly status: string;
  readonly lastOutcome: string | null;
  readonly lastReason: string | null;
  readonly lastNode: string | null;
}

function sourceOf({
  target,
  status,
  lastOutcome,
  lastReason,
  lastNode,
}: TargetAnswer): Report['sources'][number] {
  return { type: target.type, location: target.location, status, lastOutcome, lastReason, lastNode };
}

async function gatherNodes(ask: TolerantAsk, coordinator: string): Promise<Report['nodes']> {
  const { nodes } = await ask<{ nodes: readonly { node: string; reputation: number; artifacts: number }[] }>(
    coordinator,
    'nodes',
    { limit: NODES },
    { nodes: [] },
  );
  return Promise.all(
    nodes.map(async ({ node, artifacts, reputation }) => {
      const address = `reputation/${escapeKey(node)}`;
      const score = await ask<Row>(address, 'score', {}, { score: reputation });
      const { changes } = await ask<{ changes: ReputationChange[] }>(
        address,
        'history',
        { limit: 5 },
        { changes: [] },
      );
      const standing = { reputation: number(score['score']), unconfirmed: number(score['unconfirmed']) };
      return {
        node,
        artifacts,
        ...standing,
        good: number(score['good']),
        bad: number(score['bad']),
        changes,
      };
    }),
  );
}

function refusalsOf(intake: Row, phoenix: Row, critic: Row, curator: Row): Report['refused'] {
  const by = (at: string, counts: unknown): Report['refused'] =>
    Object.entries((counts ?? {}) as Record<string, unknown>)
      .map(([reason, count]) => ({ at, reason, count: number(count) }))
      .filter(({ count }) => count > 0);
  const gates = Object.entries((curator['gates'] ?? {}) as Record<string, { refused: number }>);
  return [
    ...by('intake', intake['rejectedBy']),
    ...by('feeder', phoenix['refused']),
    ...by('critic', critic['rejectedByLayer']),
    // The verdict gate repeats what the critic rejected; what balance holds back waits.
    ...by(
      'curator',
      Object.fromEntries(
        gates
          .filter(([gate]) => gate !== 'verdict' && gate !== 'balance')
          .map(([gate, { refused }]) => [gate, refused]),
      ),
    ),
  ];
}

async function gatherRefusals(ask: TolerantAsk): Promise<Report['refusedLately']> {
  const limit = { limit: LATELY };
  const { rejections } = await ask<{
    rejections: readonly { source: string; layer: string; reasons: readonly string[] }[];
  }>('critic/main', 'rejections', limit, { rejections: [] });
  const { refusals } = await ask<{
    refusals: readonly { gate: string; reason: string; artifact: string }[];
  }>('curator/main', 'refusals', limit, { refusals: [] });
  return [
    ...rejections.map(({ source, layer, reasons }) => ({ at: `critic, ${layer}`, source, reasons })),
    ...refusals
      .filter(({ gate }) => gate !== 'verdict')
      .map(({ gate, reason, artifact }) => ({
        at: `curator, ${gate}`,
        source: `artifact ${artifact.slice(0, 12)}`,
        reasons: [reason],
      })),
  ];
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
