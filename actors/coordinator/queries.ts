/** Reads of one consistent version of the collection. Lists carry no excerpts; ask for an artifact to see it. */
import { z } from 'zod';
import type { QueryArgs } from '../../runtime/define-actor.ts';
import { cutAtWord } from '../text/index.ts';
import type { CoordinatorSettings } from '../settings.ts';
import type { Context, Totals } from './coordinator.ts';
import { showPatterns } from './patterns/query.ts';
import { baseOf, priorityAt } from './rank-key.ts';
import { walk, walkDomain, walkNode, walkThreat } from './ranking.ts';
import { artifacts, domains, keyPart, nearDuplicates, nodes, provenance } from './tables.ts';

/** Sources named with one artifact. */
const SOURCES_MAX = 100;
/** Near duplicates named with the one they are like. */
const NEAR_DUPLICATES_MAX = 100;
const NAME_CHARACTERS = 200;

/** One artifact in a list. `priority` is the one at the time of the answer. */
export interface RankedArtifact {
  readonly id: string;
  readonly priority: number;
  readonly node: string;
  readonly domain: string;
  readonly contentType: string;
  readonly source: string;
  readonly confidence: number;
  readonly threat: number;
  readonly opportunity: number;
  readonly version: number;
  readonly reporters: number;
  readonly acceptedAt: string;
  readonly feeding: string;
}

export interface CoordinatorStats extends Totals {
  /** Raised by every turn that changes the collection. */
  readonly version: number;
}

type Args<Input> = QueryArgs<Context, Input>;

export function coordinatorQueries(settings: CoordinatorSettings) {
  const limit = z.number().int().min(1).max(settings.topMax).default(20);
  const list = (ids: Iterable<string>, count: number, nowMs: number): RankedArtifact[] => {
    const found: RankedArtifact[] = [];
    for (const id of ids) {
      const ranked = describe(id, nowMs, settings);
      if (ranked !== undefined) found.push(ranked);
      if (found.length >= count) break;
    }
    return found;
  };
  return {
    stats: ({ context }: Args<unknown>): CoordinatorStats => {
      const { key: _key, toldOf: _toldOf, ...stats } = context;
      return stats;
    },
    top: {
      input: z.object({ k: limit }),
      select: ({ context, input, now }: Args<{ k: number }>) => ({
        version: context.version,
        artifacts: list(walk('all'), input.k, now),
      }),
    },
    'by-node': {
      input: z.object({ node: z.string(), limit }),
      select: ({ context, input, now }: Args<{ node: string; limit: number }>) => ({
        version: context.version,
        artifacts: list(walkNode(input.node), input.limit, now),
      }),
    },
    'by-domain': {
      input: z.object({ domain: z.string(), limit }),
      select: ({ context, input, now }: Args<{ domain: string; limit: number }>) => ({
        version: context.version,
        artifacts: list(walkDomain(input.domain), input.limit, now),
      }),
    },
    'by-threat': {
      input: z.object({ min: z.number().min(0).max(10).default(7), limit }),
      select: ({ context, input, now }: Args<{ min: number; limit: number }>) => ({
        version: context.version,
        artifacts: list(walkThreat(input.min), input.limit, now),
      }),
    },
    artifact: {
      input: z.object({ id: z.string() }),
      select: ({ input, now }: Args<{ id: string }>) => showArtifact(input.id, now, settings),
    },
    /** What the artifacts of the last 24 hours have in common, as the last run saw it. */
    patterns: {
      input: z.object({ limit: z.number().int().min(1).max(50).default(settings.patterns.clusters) }),
      select: ({ context, input, now }: Args<{ limit: number }>) => ({
        version: context.version,
        ...showPatterns(input.limit, now, settings.patterns.windowMs),
      }),
    },
    /** The nodes that reported something, in the order of their artifacts' number. */
    nodes: {
      input: z.object({ limit }),
      select: ({ input }: Args<{ limit: number }>) => ({
        nodes: [...nodes.range()]
          .map(([, { node, reputation, artifacts: count }]) => ({ node, reputation, artifacts: count }))
          .sort((a, b) => b.artifacts - a.artifacts || (a.node < b.node ? -1 : 1))
          .slice(0, input.limit),
      }),
    },
    /** The domains, those with most artifacts first. */
    domains: {
      input: z.object({ limit }),
      select: ({ input }: Args<{ limit: number }>) => ({
        domains: [...domains.range()]
          .map(([, row]) => row)
          .sort((a, b) => b.artifacts - a.artifacts || (a.domain < b.domain ? -1 : 1))
          .slice(0, input.limit),
      }),
    },
  };
}

function describe(id: string, nowMs: number, settings: CoordinatorSettings): RankedArtifact | undefined {
  const row = artifacts.get(id);
  if (row === undefined) return undefined;
  const { artifact } = row;
  const reputation = nodes.get(keyPart(artifact.node))?.reputation ?? settings.neutralReputation;
  return {
    id,
    priority: priorityAt(baseOf(artifact, settings), reputation, nowMs - row.acceptedAtMs, settings),
    node: artifact.node,
    domain: cutAtWord(artifact.domain, NAME_CHARACTERS),
    contentType: artifact.contentType,
    source: cutAtWord(artifact.source, NAME_CHARACTERS),
    confidence: artifact.confidence,
    threat: artifact.threat,
    opportunity: artifact.opportunity,
    version: row.version,
    reporters: row.reporters.length,
    acceptedAt: new Date(row.acceptedAtMs).toISOString(),
    feeding: row.feeding,
  };
}

function showArtifact(id: string, nowMs: number, settings: CoordinatorSettings): unknown {
  const row = artifacts.get(id);
  const ranked = describe(id, nowMs, settings);
  if (row === undefined || ranked === undefined) return null;
  const { node, source } = row.artifact;
  const others = [...provenance.range({ prefix: `${id}|`, limit: SOURCES_MAX - 1 })]
    .map(([, other]) => other)
    // The first version of the rows named the first report here, too.
    .filter((other) => other.node !== node || other.source !== source);
  const sources = [{ node, source, atMs: row.acceptedAtMs }, ...others].map(({ atMs, ...from }) => ({
    ...from,
    at: new Date(atMs).toISOString(),
  }));
  const { signature: _signature, ...artifact } = row.artifact;
  return {
    ...artifact,
    priority: ranked.priority,
    version: row.version,
    acceptedAt: ranked.acceptedAt,
    reporters: row.reporters,
    sources,
    sourceCount: row.sources,
    nearDuplicateOf: row.nearDuplicateOf,
    nearDuplicates: [...nearDuplicates.range({ prefix: `${id}|`, limit: NEAR_DUPLICATES_MAX })].map(
      ([key, similarity]) => ({ id: key.slice(key.indexOf('|') + 1), similarity }),
    ),
    feeding: row.feeding,
    refusal: row.refusal,
  };
}
