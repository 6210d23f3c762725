/** A reader pages through the collection and the dataset while both are written: what it reads is of one version. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PublishedVersion } from '../../../actors/dataset/index.ts';
import { exportAll } from '../../cli/dataset-source.ts';
import type { Behaviour, Stage } from '../behaviour.ts';
import { atLeast, type Check, none } from '../evidence.ts';
import type { RunningSystem } from '../running-system.ts';
import { callIntake } from '../submit.ts';
import { offerOf } from '../texts.ts';

const ARTIFACTS = 3_000;
const ARTIFACTS_MIN = 600;
const WRITERS = 5;
const DOMAINS = 30;
/** One offer, and so one turn: a reader sees all of its items or none. */
const BATCH_ITEMS = 20;
const TOP = 200;
const VERSIONS_MIN = 2;
/** Writers go on until somebody has read so often, however slow the machine is. */
const READS_MIN = 12;
const READ_VERSIONS_MIN = 3;
/** The order is by whole steps of 10⁻⁸ of a doubling: within one, priorities may stand either way. */
const STEP = 1 + 1e-7;
const SETTINGS = {
  'pipeline.intake.nodeBase': 2_000,
  'pipeline.phoenix.roundMs': 300,
  'pipeline.phoenix.hourlyLimit': 10_000,
  'pipeline.curator.versionExamples': 20,
  'pipeline.curator.publishAfterMs': 500,
};

/** One reply of `by-node` or `top`, as far as it matters. */
export interface Read {
  readonly query: string;
  readonly version: number;
  readonly ids: readonly string[];
  /** Whether priorities fall from first to last. */
  readonly ordered: boolean;
}

/** A published version as it was read once: hashes of its manifest, its pages and its exported files. */
export interface VersionRead {
  readonly name: string;
  readonly manifestSha256: string;
  readonly pages: string;
  readonly files: string;
}

export interface StableReadsObservation {
  /** In the order in which they were asked, one after the other. */
  readonly reads: readonly Read[];
  readonly early: readonly VersionRead[];
  readonly late: readonly VersionRead[];
  readonly accepted: number;
  readonly acceptedBefore: number;
}

export function judgeStableReads({
  reads,
  early,
  late,
  accepted,
  acceptedBefore,
}: StableReadsObservation): Check[] {
  const byName = new Map(late.map((version) => [version.name, version]));
  const differing = (what: 'manifestSha256' | 'pages' | 'files'): string[] =>
    early.filter((version) => byName.get(version.name)?.[what] !== version[what]).map(({ name }) => name);
  const ofNode = reads.filter(({ query }) => query.startsWith('by-node'));
  return [
    atLeast('replies that were read while items were written', reads.length, READS_MIN),
    atLeast('different versions among them', versionsIn(reads), READ_VERSIONS_MIN),
    none('replies of an older version than the one before', olderThanBefore(reads)),
    none('replies out of order, or with an artifact twice', reads.filter(isTorn).map(described)),
    none('replies of the same version that differ', differingWithinVersion(reads)),
    none(
      `replies with a part of an offer of ${BATCH_ITEMS}`,
      ofNode.filter(({ ids }) => ids.length % BATCH_ITEMS !== 0).map(described),
    ),
    atLeast('published versions that were read twice', early.length, VERSIONS_MIN),
    atLeast('artifacts that were written between the two reads', accepted - acceptedBefore, BATCH_ITEMS),
    none('versions whose manifest changed', differing('manifestSha256')),
    none('versions whose examples read otherwise, page by page', differing('pages')),
    none('versions that are exported with other bytes', differing('files')),
  ];
}

const versionsIn = (reads: readonly Read[]): number => new Set(reads.map(({ version }) => version)).size;
const isTorn = ({ ids, ordered }: Read): boolean => !ordered || new Set(ids).size !== ids.length;
const described = ({ query, version, ids }: Read): string => `${query} at ${version}: ${ids.length} items`;

function olderThanBefore(reads: readonly Read[]): string[] {
  return reads.filter(({ version }, at) => version < (reads[at - 1]?.version ?? 0)).map(described);
}

function differingWithinVersion(reads: readonly Read[]): string[] {
  const seen = new Map<string, string>();
  return reads
    .filter(({ query, version, ids }) => {
      const key = `${query}|${version}`;
      const list = ids.join();
      const before = seen.get(key);
      seen.set(key, list);
      return before !== undefined && before !== list;
    })
    .map(described);
}

interface RankedReply {
  readonly version: number;
  readonly artifacts: readonly { readonly id: string; readonly priority: number }[];
}

async function read(system: RunningSystem, query: string, input: object, name: string): Promise<Read> {
  const { version, artifacts } = await system.ask<RankedReply>('coordinator/main', query, input);
  return {
    query: name,
    version,
    ids: artifacts.map(({ id }) => id),
    ordered: artifacts.every(({ priority }, at) => priority <= (artifacts[at - 1]?.priority ?? 1) * STEP),
  };
}

/** Reads without a pause until the writers are done. */
async function readOn(system: RunningSystem, reads: Read[], done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    const node = `writer-${reads.length % WRITERS}`;
    reads.push(await read(system, 'by-node', { node, limit: 1_000 }, `by-node ${node}`));
    // Twice in a row: between two writes both are of one version.
    for (let again = 0; again < 2; again++) reads.push(await read(system, 'top', { k: TOP }, 'top'));
  }
}

/** Every version that is published by now: from the curator page by page, and exported into a folder of its own. */
async function readVersions(system: RunningSystem, folder: string): Promise<VersionRead[]> {
  const { versions } = await exportAll(system.client, folder);
  const found: VersionRead[] = [];
  for (const { name, version, manifestSha256 } of versions) {
    const files = readdirSync(join(folder, name)).sort();
    found.push({
      name,
      manifestSha256,
      pages: await pagesOf(system, version),
      files: hashOf(
        files.map((file) => `${file} ${hashOf(readFileSync(join(folder, name, file)))}`).join('\n'),
      ),
    });
  }
  return found;
}

async function pagesOf(system: RunningSystem, version: PublishedVersion['version']): Promise<string> {
  const hash = createHash('sha256');
  for (let after: string | undefined; ;) {
    const input = { version, ...(after === undefined ? {} : { after }) };
    const page = await system.ask<{ examples: unknown[]; next: string | null }>(
      'curator/main',
      'examples',
      input,
    );
    hash.update(JSON.stringify(page.examples));
    if (page.next === null) return hash.digest('hex');
    after = page.next;
  }
}

const hashOf = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

async function write(stage: Stage, system: RunningSystem, from: number, to: number): Promise<void> {
  const { random, signal } = stage;
  await Promise.all(
    Array.from({ length: WRITERS }, (_, writer) => {
      const items = Array.from({ length: to - from }, (_item, at) =>
        offerOf(random, writer * 1_000_000 + from + at, {
          metadata: { domain: `domain-${(at + writer) % DOMAINS}` },
        }),
      );
      const node = `writer-${writer}`;
      return callIntake({
        client: system.client,
        node,
        name: `from-${from}`,
        items,
        batchItems: BATCH_ITEMS,
        signal,
      });
    }),
  );
}

/** Writes as many again, and more as long as nobody has read enough. */
async function writeOn(
  stage: Stage,
  system: RunningSystem,
  half: number,
  enough: () => boolean,
): Promise<void> {
  let from = half;
  do {
    const to = from < 2 * half ? 2 * half : from + BATCH_ITEMS;
    await write(stage, system, from, to);
    from = to;
  } while (!enough());
}

const roundedUp = (items: number): number => Math.ceil(items / BATCH_ITEMS) * BATCH_ITEMS;

async function observe(stage: Stage, system: RunningSystem): Promise<StableReadsObservation> {
  const half = roundedUp(stage.size(ARTIFACTS, ARTIFACTS_MIN) / WRITERS / 2);
  const accepted = async (): Promise<number> =>
    (await system.ask<{ accepted: number }>('coordinator/main', 'stats')).accepted;
  stage.progress('writing the first half, so that there are versions to read');
  await write(stage, system, 0, half);
  await system.until(async () => {
    const { versions } = await system.ask<{ versions: number }>('curator/main', 'stats');
    return versions >= VERSIONS_MIN ? true : undefined;
  });
  const acceptedBefore = await accepted();
  stage.progress('reading while the second half is written');
  const reads: Read[] = [];
  const done = new AbortController();
  const enough = (): boolean => reads.length >= READS_MIN && versionsIn(reads) >= READ_VERSIONS_MIN;
  const writing = writeOn(stage, system, half, enough).finally(() => done.abort());
  const reading = readOn(system, reads, AbortSignal.any([done.signal, stage.signal]));
  const readEarly = readVersions(system, join(stage.folder, 'early'));
  const [early] = await Promise.all([readEarly, reading, writing]);
  await system.idle();
  stage.progress('reading the same versions again');
  const late = await readVersions(system, join(stage.folder, 'late'));
  return { reads, early, late, accepted: await accepted(), acceptedBefore };
}

export const stableReads: Behaviour = {
  name: 'stable-reads',
  promise: 'Published state never changes under a reader',
  async run(stage) {
    const system = await stage.start(SETTINGS);
    const observed = await observe(stage, system);
    return {
      sent: [
        `${observed.accepted} items by ${WRITERS} nodes at once, in offers of ${BATCH_ITEMS}`,
        `${observed.reads.length} times "top" and "by-node" meanwhile; ${observed.early.length} versions read and exported in between, and again in the end`,
      ],
      settings: SETTINGS,
      checks: judgeStableReads(observed),
    };
  },
};
