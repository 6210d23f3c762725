/** Broker and node are killed in one moment, in mid-cycle, several times: the dataset is whole and nothing is twice. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyDataset } from '../../../actors/dataset/index.ts';
import { exampleLine } from '../../../actors/dataset/manifest.ts';
import { exportAll } from '../../cli/dataset-source.ts';
import type { Behaviour, Stage } from '../behaviour.ts';
import { atLeast, type Check, equal, none } from '../evidence.ts';
import type { RunningSystem } from '../running-system.ts';
import { callIntake, NOTHING, plus, type Tally } from '../submit.ts';
import { offerOf } from '../texts.ts';

const ARTIFACTS = 1_500;
const NODES = 5;
const DOMAINS = 30;
const BATCH_ITEMS = 25;
/** Small rounds and versions, and no hourly limit in the way: at any moment something is half done. */
const SETTINGS = {
  'pipeline.phoenix.roundMs': 300,
  'pipeline.phoenix.hourlyLimit': 10_000,
  'pipeline.curator.versionExamples': 20,
  'pipeline.curator.publishAfterMs': 500,
};

/** Totals of every actor on the way from an offer to an example. */
export interface Totals {
  readonly intake: Readonly<
    Record<
      'collected' | 'retried' | 'accepted' | 'duplicates' | 'corroborated' | 'rejected' | 'pending',
      number
    >
  >;
  readonly coordinator: Readonly<Record<'accepted' | 'candidates' | 'fed' | 'refused', number>>;
  readonly phoenix: { readonly fed: number };
  readonly critic: Readonly<Record<'offered' | 'pending' | 'accepted' | 'rejected' | 'inReview', number>>;
  readonly curator: Readonly<Record<'judged' | 'refused' | 'examples' | 'waiting' | 'versions', number>>;
}

export interface BlackoutObservation {
  readonly blackouts: number;
  readonly plannedBlackouts: number;
  readonly offered: number;
  readonly answered: Tally;
  readonly totals: Totals;
  readonly verified: {
    readonly ok: boolean;
    readonly versions: number;
    readonly examples: number;
    readonly findings: readonly { readonly version: string; readonly problem: string }[];
  };
  /** Of every exported example: its id and its artifact's. */
  readonly examples: readonly { readonly example: string; readonly artifact: string }[];
  readonly deadLetters: readonly string[];
}

export function judgeBlackout(observed: BlackoutObservation): Check[] {
  const { offered, totals, verified, examples } = observed;
  const { intake, coordinator, phoenix, critic, curator } = totals;
  return [
    equal('times that broker and node were killed together', observed.blackouts, observed.plannedBlackouts),
    equal('items that intake says it accepted', observed.answered.accepted, offered),
    equal(
      'intake: collected and retried, all accounted for',
      intake.collected + intake.retried,
      intake.accepted + intake.duplicates + intake.corroborated + intake.rejected + intake.pending,
    ),
    equal('coordinator: artifacts', coordinator.accepted, offered),
    equal(
      'coordinator: waiting, fed and refused together',
      coordinator.candidates + coordinator.fed + coordinator.refused,
      coordinator.accepted,
    ),
    equal('phoenix: scenarios, as many as the collection says were fed', phoenix.fed, coordinator.fed),
    equal('critic: scenarios taken on', critic.offered, phoenix.fed),
    equal(
      'critic: accepted, rejected, in review and pending together',
      critic.accepted + critic.rejected + critic.inReview + critic.pending,
      critic.offered,
    ),
    equal('curator: scenarios judged', curator.judged, critic.accepted + critic.rejected),
    equal(
      'curator: examples, waiting and refused together',
      curator.examples + curator.waiting + curator.refused,
      curator.judged,
    ),
    none(
      'findings of "dataset verify"',
      verified.findings.map(({ version, problem }) => `${version}: ${problem}`),
    ),
    equal('versions in the export', verified.versions, curator.versions),
    atLeast('versions that were published', verified.versions, 2),
    equal('examples in the export', examples.length, curator.examples),
    none('examples that stand there twice', twice(examples.map(({ example }) => example))),
    none('artifacts with two examples', twice(examples.map(({ artifact }) => artifact))),
    none('dead letters', observed.deadLetters),
  ];
}

function twice(ids: readonly string[]): string[] {
  return ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => id.slice(0, 16));
}

const actors = ['intake', 'coordinator', 'phoenix', 'critic', 'curator'] as const;

async function totalsOf(system: RunningSystem): Promise<Totals> {
  const stats = await Promise.all(
    actors.map(async (kind) => [kind, await system.ask(`${kind}/main`, 'stats')] as const),
  );
  return Object.fromEntries(stats) as unknown as Totals;
}

/** Each moment is one of the pipeline's: while items come, while scenarios are judged, while a version is made. */
async function cutPower(stage: Stage, system: RunningSystem, moments: readonly Moment[]): Promise<number> {
  let blackouts = 0;
  for (const { name, reached } of moments) {
    await system.until(async () => ((await reached()) ? true : undefined));
    stage.progress(`killing broker and node ${name}`);
    await system.blackout();
    blackouts++;
    await system.start();
  }
  return blackouts;
}

interface Moment {
  readonly name: string;
  reached(): Promise<boolean>;
}

async function observe(stage: Stage, system: RunningSystem): Promise<BlackoutObservation> {
  const { random, signal } = stage;
  const each = Math.ceil(stage.size(ARTIFACTS) / NODES);
  const offered = each * NODES;
  let acknowledged = 0;
  const judged = async (): Promise<number> => {
    const found = await system.ask<{ offered: number } | null>('critic/main', 'stats').catch(() => null);
    return found?.offered ?? 0;
  };
  const early = offered * (0.2 + 0.2 * random());
  const late = offered * (0.6 + 0.2 * random());
  const moments: Moment[] = [
    { name: 'while items come', reached: async () => acknowledged >= early },
    { name: 'while scenarios are judged', reached: async () => acknowledged >= late && (await judged()) > 0 },
    {
      name: 'when everything was sent and not everything was fed',
      reached: async () => acknowledged >= offered,
    },
  ];
  stage.progress(`offering ${offered} items`);
  const sending = Promise.all(
    Array.from({ length: NODES }, (_, node) =>
      callIntake({
        client: system.client,
        node: `node-${node}`,
        items: Array.from({ length: each }, (_item, at) =>
          offerOf(random, node * each + at, { metadata: { domain: `domain-${(at + node) % DOMAINS}` } }),
        ),
        batchItems: BATCH_ITEMS,
        signal,
        onAcknowledged: (items) => (acknowledged += items),
      }),
    ),
  );
  const [blackouts, tallies] = await Promise.all([cutPower(stage, system, moments), sending]);
  stage.progress('waiting until everything is fed, judged and published');
  await settled(system);
  stage.progress('exporting and verifying the dataset');
  const { versions } = await exportAll(system.client, system.out);
  const verified = await verifyDataset(system.out);
  return {
    blackouts,
    plannedBlackouts: moments.length,
    offered,
    answered: tallies.reduce(plus, NOTHING),
    totals: await totalsOf(system),
    verified,
    examples: versions.flatMap(({ name, files }) =>
      files.flatMap((file) => examplesIn(join(system.out, name, file.name))),
    ),
    deadLetters: await system.deadLetters(),
  };
}

/** Nothing moves, nothing is fed or published any more: two looks at the totals a while apart are the same. */
async function settled(system: RunningSystem): Promise<void> {
  let before = '';
  await system.until(async () => {
    await system.idle();
    await system.pause(2 * SETTINGS['pipeline.curator.publishAfterMs']);
    const { phoenix, curator } = await totalsOf(system);
    const now = JSON.stringify([phoenix, curator]);
    if (now === before && curator.waiting === 0) return true;
    before = now;
    return undefined;
  });
}

function examplesIn(file: string): BlackoutObservation['examples'] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => exampleLine.parse(JSON.parse(line)).provenance);
}

export const blackout: Behaviour = {
  name: 'blackout',
  promise: 'Losing broker and node at once, in mid-cycle, corrupts nothing and doubles nothing',
  async run(stage) {
    const system = await stage.start(SETTINGS);
    const observed = await observe(stage, system);
    return {
      sent: [
        `${observed.offered} different items by ${NODES} nodes of ${DOMAINS} domains; what was not acknowledged was sent again`,
        `${observed.blackouts} times SIGKILL to broker and node in one moment, and a start after each`,
      ],
      settings: SETTINGS,
      checks: judgeBlackout(observed),
    };
  },
};
