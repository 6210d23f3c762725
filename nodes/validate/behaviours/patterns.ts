/** Every pattern that the collection finds says what it is: terms with weights, characteristics, samples, confidence. */
import type { Behaviour, Stage } from '../behaviour.ts';
import { concurrently } from '../concurrently.ts';
import { atLeast, type Check, none } from '../evidence.ts';
import type { RunningSystem } from '../running-system.ts';
import { callIntake } from '../submit.ts';
import { type Offer, offerOf, textOf } from '../texts.ts';

const ITEMS = 600;
const ITEMS_MIN = 120;
const SAMPLES = 3;
/** Below so many members a pattern has no confidence. */
const MEMBERS_MIN = 3;
const PATTERNS_MIN = 2;
const LIMIT = 10;
const ASKS_AT_ONCE = 20;
const SETTINGS = { 'pipeline.coordinator.patterns.intervalMs': 1_000 };
/** Subjects that have next to no word in common, each of a concern that characteristics know. */
const TOPICS: Readonly<Record<string, string>> = {
  security:
    'attack password breach malware firewall exploit credential phishing vulnerability encryption privilege',
  performance:
    'latency throughput benchmark cache slow bottleneck profiling cpu optimization overhead utilization',
  data: 'database table schema column csv sql dataset row records index storage',
  reliability:
    'outage failover incident crash redundancy recovery rollback degraded availability restart panic',
  network: 'packet router socket subnet bandwidth dns proxy gateway tcp udp endpoint',
};

interface Sample {
  readonly id: string;
}

/** As the coordinator's query `patterns` answers. A sample is an artifact, or its id. */
export interface Pattern {
  readonly id: string;
  readonly terms: readonly { readonly term: string; readonly weight: number }[];
  readonly characteristics: readonly string[];
  readonly samples: readonly (Sample | string)[];
  readonly members: number;
  readonly confidence: number;
}

export interface PatternsObservation {
  readonly patterns: readonly Pattern[];
  /** The samples that the collection holds, by id, with their text. */
  readonly held: ReadonlyMap<string, string>;
}

export function judgePatterns({ patterns, held }: PatternsObservation): Check[] {
  const failing = (wrong: (pattern: Pattern) => boolean): string[] =>
    patterns.filter(wrong).map(({ id }) => id);
  return [
    atLeast('patterns that were found', patterns.length, PATTERNS_MIN),
    none(
      'patterns without a term',
      failing(({ terms }) => terms.length === 0),
    ),
    none(
      'patterns with a weight outside of 0 to 1',
      failing(({ terms }) => terms.some(({ weight }) => !(weight >= 0 && weight <= 1))),
    ),
    none(
      'patterns without a characteristic',
      failing(({ characteristics }) => characteristics.length === 0),
    ),
    none(
      `patterns without ${SAMPLES} different samples`,
      failing(({ samples, members }) => new Set(samples.map(idOf)).size !== Math.min(SAMPLES, members)),
    ),
    none(
      'samples that the collection does not hold',
      patterns.flatMap(({ samples }) => samples.map(idOf).filter((id) => !held.has(id))),
    ),
    none(
      'patterns whose terms stand in none of their samples',
      failing((pattern) => !isAboutSamples(pattern, held)),
    ),
    none(
      'patterns whose confidence breaks the rule: 0 below three members, else above 0 and at most 1',
      failing(({ members, confidence }) =>
        members < MEMBERS_MIN ? confidence !== 0 : !(confidence > 0 && confidence <= 1),
      ),
    ),
  ];
}

const idOf = (sample: Sample | string): string => (typeof sample === 'string' ? sample : sample.id);

function isAboutSamples({ terms, samples }: Pattern, held: ReadonlyMap<string, string>): boolean {
  const texts = samples.map((sample) => wordsIn(held.get(idOf(sample)) ?? ''));
  return terms.some(({ term }) => texts.some((text) => text.includes(wordsIn(term))));
}

/** Lower case, single spaces around every word. */
const wordsIn = (text: string): string =>
  ` ${text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `;

function itemsOf(stage: Stage): Offer[] {
  const topics = Object.entries(TOPICS);
  return Array.from({ length: stage.size(ITEMS, ITEMS_MIN) }, (_, serial) => {
    const [topic = '', words = ''] = topics[serial % topics.length] ?? [];
    return offerOf(stage.random, serial, {
      content: `Report ${serial} begins here. ${textOf(stage.random, words.split(' '))}`,
      metadata: { domain: topic },
    });
  });
}

async function find(system: RunningSystem): Promise<readonly Pattern[]> {
  return system.until(async () => {
    const { patterns } = await system.ask<{ patterns: Pattern[] }>('coordinator/main', 'patterns', {
      limit: LIMIT,
    });
    return patterns.length >= PATTERNS_MIN ? patterns : undefined;
  });
}

export const patterns: Behaviour = {
  name: 'patterns',
  promise: 'Every pattern explains itself',
  async run(stage) {
    const system = await stage.start(SETTINGS);
    const items = itemsOf(stage);
    stage.progress(`offering ${items.length} items of ${Object.keys(TOPICS).length} subjects`);
    await callIntake({ client: system.client, node: 'observer', items, signal: stage.signal });
    stage.progress('waiting for patterns');
    const found = await find(system);
    const ids = [...new Set(found.flatMap(({ samples }) => samples.map(idOf)))];
    const held = new Map<string, string>();
    await concurrently(ids, ASKS_AT_ONCE, async (id) => {
      const artifact = await system.ask<{ excerpt: string } | null>('coordinator/main', 'artifact', { id });
      if (artifact !== null) held.set(id, artifact.excerpt);
    });
    return {
      sent: [
        `${items.length} different items of ${Object.keys(TOPICS).length} subjects with words of their own`,
      ],
      settings: SETTINGS,
      checks: judgePatterns({ patterns: found, held }),
    };
  },
};
