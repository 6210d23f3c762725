/**
 * What each stage of the pipeline costs per item: the turns of its actors alone, in this process, without log and
 * disk. What a running node costs per artifact is in the campaign `scale`.
 */
import { createPipeline } from '../../actors/pipeline.ts';
import { pipelineSettingsSchema } from '../../actors/settings.ts';
import { randomSequence } from '../../runtime/randomness.ts';
import { createActorHarness } from '../harness/actor-harness.ts';
import { type Bench, median, type Result, nowUs } from './measurement.ts';

const RUNS = 5;
const BATCHES = 40;
const PER_BATCH = 128;
const ARTIFACTS = BATCHES * PER_BATCH;
const WORDS = 60;
const DOMAINS = 40;
const COLLECTORS = 20;
const UNLIMITED = 1e9;
const ROUNDS = 12;
const ROUND_MS = 10_000;
/** The stages, with the counter that says how many items each has dealt with. */
const STAGES = [
  ['intake', 'intake/main', 'accepted'],
  ['coordinator', 'coordinator/main', 'offered'],
  ['phoenix', 'phoenix/main', 'fed'],
  ['critic', 'critic/main', 'offered'],
  ['curator', 'curator/main', 'judged'],
] as const;

export const stages: Bench = { name: 'stages', run: async () => measure() };

async function measure(): Promise<Result[]> {
  const runs: Readonly<Record<string, Stage>>[] = [];
  await through('warm up');
  for (let run = 0; run < RUNS; run++) runs.push(await through(`run ${run}`));
  return STAGES.map(([kind]): Result => {
    const perSecond = runs.map((run) => rate(run[kind]));
    const { items = 0 } = runs[0]?.[kind] ?? {};
    return {
      bench: 'stages',
      measure: `${kind}: turns alone`,
      unit: 'items/s',
      value: median(perSecond),
      runs: perSecond,
      note: `${items} items a run, of about ${WORDS * 7} characters`,
    };
  });
}

interface Stage {
  readonly items: number;
  readonly us: number;
}
const rate = (stage: Stage | undefined): number => (stage === undefined ? 0 : (stage.items / stage.us) * 1e6);

/** Artifacts from the door to the dataset; how long the turns of each kind took. */
async function through(seed: string): Promise<Readonly<Record<string, Stage>>> {
  const settings = pipelineSettingsSchema.parse({
    intake: { hourlyTotal: UNLIMITED, nodeBase: UNLIMITED, nodeMax: UNLIMITED, pendingMax: UNLIMITED },
    phoenix: { hourlyLimit: 1_000 },
  });
  const spentUs = new Map<string, number>();
  const h = createActorHarness(
    [...createPipeline(settings).kinds.values()].map(({ definition }) => definition),
    {
      around: (kind, turn) => {
        const startUs = nowUs();
        try {
          return turn();
        } finally {
          spentUs.set(kind, (spentUs.get(kind) ?? 0) + nowUs() - startUs);
        }
      },
    },
  );
  const random = randomSequence(`stages ${seed}`);
  for (let batch = 0; batch < BATCHES; batch++) {
    const artifacts = Array.from({ length: PER_BATCH }, () => artifact(random));
    h.tell('intake/main', { type: 'artifact.submit', node: `collector-${batch % COLLECTORS}`, artifacts });
  }
  await h.settle();
  for (let round = 0; round < ROUNDS; round++) {
    h.advance(ROUND_MS);
    await h.settle();
  }
  const counted = (address: string, name: string): number =>
    (h.ask(address, 'stats') as Record<string, number>)[name] ?? 0;
  const accepted = counted('coordinator/main', 'accepted');
  if (accepted !== ARTIFACTS) throw new Error(`${accepted} of ${ARTIFACTS} were accepted.`);
  return Object.fromEntries(
    STAGES.map(([kind, address, counter]) => {
      const of = kind === 'intake' ? accepted : counted(address, counter);
      return [kind, { items: of, us: spentUs.get(kind) ?? 0 }];
    }),
  );
}

function artifact(random: () => number): object {
  const whole = (below: number): number => Math.floor(random() * below);
  // Words are as rare as in prose: few are frequent, most are not.
  const words = Array.from({ length: WORDS }, () => `word${Math.floor(20_000 * random() ** 3).toString(36)}`);
  return {
    contentType: ['text', 'code', 'log'][whole(3)],
    content: words.join(' '),
    source: `https://example.org/${whole(1e9)}`,
    confidence: 0.3 + random() * 0.6,
    threat: whole(11),
    opportunity: whole(11),
    metadata: { domain: `domain-${whole(DOMAINS)}` },
  };
}
