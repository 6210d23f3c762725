import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomSequence } from '../../../runtime/randomness.ts';
import { defaultPipelineSettings, type PatternSettings } from '../../settings.ts';
import { learn, MEMBERS_NEEDED } from './learn.ts';
import { type Document, emptyModel, type Model } from './model.ts';

const HOUR = 60 * 60_000;
const settings: PatternSettings = { ...defaultPipelineSettings.coordinator.patterns, batchMax: 40 };

const TOPICS: Readonly<Record<string, readonly string[]>> = {
  security: ['password', 'breach', 'firewall', 'malware', 'credential', 'encryption'],
  data: ['database', 'schema', 'query', 'transaction', 'column', 'record'],
  kitchen: ['butter', 'flour', 'sugar', 'oven', 'dough', 'recipe'],
};

/** The n-th text about a topic: twelve of its words, in an order of its own. */
function textAbout(topic: string, n: number): string {
  const random = randomSequence(`${topic} ${n}`);
  const words = TOPICS[topic] ?? [];
  return Array.from({ length: 12 }, () => words[Math.floor(random() * words.length)]).join(' ');
}

const documentOf = (topic: string, n: number, atMs: number): Document => ({
  id: `${topic}-${n}`,
  atMs,
  source: `file:///${topic}/${n}`,
  text: textAbout(topic, n),
});

/** A collection that only learns. */
class Learner {
  model: Model = emptyModel(0);
  readonly found: string[] = [];
  readonly #documents = new Map<string, Document>();

  run(nowMs: number, ...arrivals: Document[]): this {
    for (const document of arrivals) this.#documents.set(document.id, document);
    const { model, found } = learn(this.model, arrivals, (id) => this.#documents.get(id), {
      nowMs,
      random: randomSequence(`run ${this.model.run + 1}`),
      settings,
    });
    this.model = model;
    this.found.push(...found.map(({ id }) => id));
    return this;
  }

  /** The pattern with most members of a topic. */
  of(topic: string) {
    const counts = new Map<string, number>();
    for (const { id, pattern } of this.model.remembered) {
      if (id.startsWith(topic) && pattern !== null) counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
    }
    const [best] = [...counts].sort((a, b) => b[1] - a[1]);
    return this.model.patterns.find(({ id }) => id === best?.[0]);
  }
}

const several = (topic: string, from: number, count: number, atMs: number): Document[] =>
  Array.from({ length: count }, (_, i) => documentOf(topic, from + i, atMs));

describe('patterns', () => {
  test('there are none below ten artifacts, and those that came first count once there are', () => {
    const learner = new Learner().run(1, ...several('security', 0, 5, 1));
    learner.run(2, ...several('data', 0, 4, 2));
    expect(learner.model.patterns).toEqual([]);
    learner.run(3, ...several('data', 4, 1, 3));
    expect(learner.model.patterns.reduce((sum, { members }) => sum + members, 0)).toBe(10);
  });

  test('gather what is about the same, and explain themselves', () => {
    const learner = new Learner().run(1, ...several('security', 0, 12, 1), ...several('kitchen', 0, 12, 1));
    const security = learner.of('security');
    expect(security?.id).not.toBe(learner.of('kitchen')?.id);
    expect(security?.characteristics).toEqual(['security']);
    const words = TOPICS['security'] ?? [];
    expect(security?.terms.every(([term]) => term.split(' ').every((word) => words.includes(word)))).toBe(
      true,
    );
    expect(security?.samples).toHaveLength(3);
    expect(security?.samples[0]).toMatchObject({ source: expect.stringContaining('file:///security/') });
  });

  test('keep their identity while new members come, and a new topic is a new pattern', () => {
    const learner = new Learner().run(1, ...several('security', 0, 10, 1), ...several('data', 0, 10, 1));
    const [security, data] = [learner.of('security')?.id, learner.of('data')?.id];
    learner.run(2, ...several('security', 10, 6, 2)).run(3, ...several('data', 10, 6, 3));
    expect([learner.of('security')?.id, learner.of('data')?.id]).toEqual([security, data]);
    learner.run(4, ...several('kitchen', 0, 8, 4));
    const kitchen = learner.of('kitchen')?.id ?? '';
    expect([security, data]).not.toContain(kitchen);
    expect(learner.found).toContain(kitchen);
  });

  test('count members that are remembered one by one no more, until a day has passed', () => {
    const learner = new Learner();
    for (let run = 0; run < 8; run++) {
      learner.run(run, ...several('security', run * 8, 8, run), ...several('data', run * 8, 8, run));
    }
    expect(learner.model.remembered).toHaveLength(settings.batchMax);
    const members = (): number => learner.model.patterns.reduce((sum, pattern) => sum + pattern.members, 0);
    expect(members()).toBe(128);
    learner.run(25 * HOUR + 10, ...several('kitchen', 0, 10, 25 * HOUR + 10));
    expect(members()).toBe(10);
    expect(learner.model.patterns.map(({ terms }) => terms[0]?.[0].split(' ')[0])).toEqual(
      learner.model.patterns.map(() => expect.toBeOneOf([...(TOPICS['kitchen'] ?? [])])),
    );
  });

  test('are the same whatever the order of the artifacts within a turn', () => {
    const batch = [...several('security', 0, 9, 1), ...several('data', 0, 9, 1)];
    const later = [...several('kitchen', 0, 9, 2), ...several('data', 9, 9, 2)];
    const one = new Learner().run(1, ...batch).run(2, ...later);
    const other = new Learner().run(1, ...batch.toReversed()).run(2, ...later.toReversed());
    expect(other.model).toEqual(one.model);
  });

  test('an artifact whose text says nothing belongs to none and harms none', () => {
    const silent = ['', '---', 'the of and', '中文'].map((text, n): Document => ({
      ...documentOf('silent', n, 1),
      text,
    }));
    const learner = new Learner().run(1, ...silent, ...several('data', 0, 10, 1));
    const of = new Map(learner.model.remembered.map(({ id, pattern }) => [id, pattern]));
    expect(silent.map(({ id }) => of.get(id))).toEqual([null, null, null, null]);
    expect(learner.of('data')?.confidence).toBeGreaterThan(0);
  });

  test('a collection without any terms has no patterns', () => {
    const silent = several('none', 0, 12, 1);
    expect(new Learner().run(1, ...silent).model.patterns).toEqual([]);
  });

  test('whatever comes, in whatever batches: everything stays within its bounds', () => {
    const arrival = fc.record({
      topic: fc.constantFrom('security', 'data', 'kitchen', 'silent'),
      count: fc.integer({ min: 1, max: 12 }),
    });
    const turn = fc.record({
      pauseMs: fc.constantFrom(1, HOUR, 13 * HOUR),
      arrivals: fc.array(arrival, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 8 }), (turns) => {
        const learner = new Learner();
        const again = new Learner();
        let [nowMs, n] = [0, 0];
        for (const { pauseMs, arrivals } of turns) {
          nowMs += pauseMs;
          const documents = arrivals.flatMap(({ topic, count }) =>
            several(topic, (n += count), count, nowMs),
          );
          learner.run(nowMs, ...documents);
          again.run(nowMs, ...documents);
          expect(isDeepStrictEqual(again.model, learner.model)).toBe(true);
          checkBounds(learner.model, nowMs);
        }
        expect(new Set(learner.found).size).toBe(learner.found.length);
      }),
      { numRuns: 25 },
    );
  });
});

function checkBounds({ patterns, remembered }: Model, nowMs: number): void {
  expect(patterns.length).toBeLessThanOrEqual(settings.clusters);
  expect(remembered.length).toBeLessThanOrEqual(settings.batchMax);
  expect(new Set(patterns.map(({ id }) => id)).size).toBe(patterns.length);
  for (const { terms, samples, settled, members, confidence, found, lastSeenAtMs } of patterns) {
    const weights = terms.map(([, weight]) => weight);
    expect(weights.every((weight) => weight > 0 && weight <= 1)).toBe(true);
    expect(weights).toEqual([...weights].sort((a, b) => b - a));
    expect(terms.length).toBeLessThanOrEqual(128);
    expect(samples.length).toBeLessThanOrEqual(3);
    expect(settled.length).toBeLessThanOrEqual(25);
    expect(members < MEMBERS_NEEDED ? confidence === 0 : confidence > 0 && confidence <= 1).toBe(true);
    if (confidence > 0) expect(found).toBe(true);
    expect(lastSeenAtMs).toBeGreaterThan(nowMs - settings.windowMs);
  }
}
