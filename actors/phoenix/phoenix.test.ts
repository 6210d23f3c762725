import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActorHarness } from '../../tests/harness/actor-harness.ts';
import type { Artifact } from '../artifact.ts';
import { offer, someArtifact, someText } from '../artifact.fixture.ts';
import { createCoordinator } from '../coordinator/coordinator.ts';
import { criticContract } from '../critic/contract.ts';
import { intakeContract } from '../intake/contract.ts';
import { recorder } from '../recorder.fixture.ts';
import { reputationContract } from '../reputation/contract.ts';
import type { Scenario } from '../scenario.ts';
import { defaultPipelineSettings, type PhoenixSettings } from '../settings.ts';
import { wordsOf } from '../text/index.ts';
import { createPhoenix } from './phoenix.ts';

const HOUR = 60 * 60_000;

function start(phoenix: Partial<PhoenixSettings> = {}) {
  const critic = recorder(criticContract);
  const h = createActorHarness([
    createPhoenix({
      ...defaultPipelineSettings,
      phoenix: { ...defaultPipelineSettings.phoenix, ...phoenix },
    }),
    createCoordinator(defaultPipelineSettings),
    critic.actor,
    recorder(intakeContract).actor,
    recorder(reputationContract).actor,
  ]);
  return {
    ...h,
    offer: (...artifacts: Artifact[]) => h.tell('coordinator/main', offer('b', ...artifacts)),
    feed: () => h.tell('phoenix/main', { type: 'feed.now' }),
    scenarios: () => critic.received('scenario.offered').map(({ scenario }) => scenario as Scenario),
    stats: () =>
      h.ask('phoenix/main', 'stats') as {
        state: string;
        fed: number;
        fedLastHour: number;
        refused: Record<string, number>;
        postponed: Record<string, number>;
        relaxed: Record<string, number>;
        notices: string[];
      },
  };
}

/** Artifacts of enough domains, nodes and types for every limit. */
const varied = (count: number, from = 0): Artifact[] =>
  Array.from({ length: count }, (_, i) =>
    someArtifact(from + i, {
      domain: `d${i % 40}`,
      node: `n${i % 12}`,
      contentType: ['text', 'code', 'log'][i % 3] ?? 'text',
    }),
  );

describe('rounds', () => {
  test('a round follows the first news by five seconds, and sees what came meanwhile', () => {
    const p = start();
    p.offer(someArtifact(1));
    p.offer(someArtifact(2));
    expect(p.scenarios()).toEqual([]);
    p.advance(5_000);
    expect(p.scenarios()).toHaveLength(2);
    expect(p.stats().state).toBe('idle');
  });

  test('feed.now does not wait; without candidates nothing happens', () => {
    const p = start();
    p.feed();
    p.offer(someArtifact(1));
    p.feed();
    p.feed();
    expect(p.scenarios()).toHaveLength(1);
    expect(p.deadLetters).toEqual([]);
  });

  test('the best come first, and each artifact makes one scenario', () => {
    const p = start();
    p.offer(...[2, 9, 5].map((threat, n) => someArtifact(n, { threat })));
    p.feed();
    p.offer(...[2, 9, 5].map((threat, n) => someArtifact(n, { threat, node: 'n2' })));
    p.feed();
    expect(p.scenarios().map(({ difficulty }) => difficulty)).toEqual([9, 5, 2]);
  });

  test('a collection that does not answer is asked again', () => {
    const critic = recorder(criticContract);
    const h = createActorHarness([createPhoenix(defaultPipelineSettings), critic.actor]);
    h.tell('phoenix/main', { type: 'artifacts.available', collection: 'main' });
    h.advance(40_000);
    expect(h.deadLetters.length).toBeGreaterThanOrEqual(2);
  });
});

describe('limits', () => {
  test('at most 100 scenarios in any rolling hour, whatever arrives; what was held back follows', () => {
    const p = start();
    for (let i = 0; i < 5; i++) p.offer(...varied(48, i * 48));
    p.feed();
    expect(p.stats()).toMatchObject({ state: 'resting', fed: 100, fedLastHour: 100 });
    expect(p.stats().postponed['hourlyLimit']).toBeGreaterThan(0);
    p.feed();
    p.advance(HOUR - 1);
    expect(p.stats().fed).toBe(100);
    p.advance(2);
    expect(p.stats().fed).toBe(200);
    p.advance(HOUR);
    const { fed, state, refused } = p.stats();
    const { candidates } = p.ask('coordinator/main', 'stats') as { candidates: number };
    expect([fed + candidates, state, refused]).toEqual([240, 'idle', {}]);
    expect(candidates).toBeLessThan(10);
  });

  test('the hourly limit holds at any moment of any arrival', () => {
    const steps = fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: HOUR / 2 })), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(steps, (arrivals) => {
        const p = start({ hourlyLimit: 5 });
        let offered = 0;
        let passedMs = 0;
        for (const [count, ms] of arrivals) {
          if (count > 0) p.offer(...varied(count, offered));
          offered += count;
          p.feed();
          expect(p.stats().fedLastHour).toBeLessThanOrEqual(5);
          p.advance(ms);
          passedMs += ms;
          expect(p.stats().fedLastHour).toBeLessThanOrEqual(5);
          expect(p.stats().fed).toBeLessThanOrEqual(5 * (Math.floor(passedMs / HOUR) + 1));
        }
      }),
      { numRuns: 15 },
    );
  });

  test('with enough of everything no limit is relaxed, and the windows hold', () => {
    const p = start();
    for (let i = 0; i < 5; i++) p.offer(...varied(48, i * 48));
    p.feed();
    p.advance(2 * HOUR);
    const fed = p.scenarios();
    expect(p.stats()).toMatchObject({ relaxed: {}, notices: [] });
    const most = (key: 'domain' | 'node' | 'contentType', size: number): number =>
      Math.max(
        ...fed.map((_, end) =>
          Math.max(
            ...Object.values(
              Object.groupBy(fed.slice(Math.max(0, end + 1 - size), end + 1), (s) => s[key]),
            ).map((g) => g?.length ?? 0),
          ),
        ),
      );
    expect(most('domain', 100)).toBeLessThanOrEqual(5);
    expect(most('node', 50)).toBeLessThanOrEqual(10);
    expect(most('contentType', 20)).toBeLessThanOrEqual(12);
  });

  test('with one domain and one node it keeps feeding, and says so', () => {
    const p = start();
    p.offer(...Array.from({ length: 60 }, (_, n) => someArtifact(n)));
    p.feed();
    expect(p.stats().fed).toBe(60);
    expect(p.stats().relaxed).toMatchObject({ domain: 55, node: 50 });
    expect(p.stats().notices[0]).toContain('Only 1 of the 20 domains');
  });

  test('what diversity holds back stays a candidate and is fed when others have come', () => {
    const p = start();
    p.offer(
      ...varied(30),
      ...Array.from({ length: 10 }, (_, n) => someArtifact(1000 + n, { domain: 'd0', node: `n${n % 12}` })),
    );
    p.feed();
    const before = p.stats();
    expect(before.state).toBe('idle');
    expect(before.fed).toBeLessThan(40);
    expect(before.postponed['domain']).toBeGreaterThan(0);
    expect(before.refused).toEqual({});
    for (let i = 0; i < 4; i++) {
      p.advance(HOUR);
      p.offer(...varied(48, 2_000 + i * 48));
      p.feed();
    }
    const late = p.scenarios().filter(({ domain }) => domain === 'd0').length;
    expect(late).toBeGreaterThan(5);
  });
});

describe('novelty', () => {
  test('no scenario whose first 100 normalised words were fed before', () => {
    const p = start();
    const words = wordsOf(Array.from({ length: 40 }, (_, n) => someText(n)).join(' '));
    const first = words.slice(0, 100).join(' ');
    p.offer(
      someArtifact(1, { threat: 9, excerpt: `${first} first ending` }),
      someArtifact(2, { excerpt: `${first.toUpperCase()}\n\nsecond ending` }),
    );
    p.offer(someArtifact(3, { excerpt: `different ${first}` }));
    p.feed();
    expect(
      p
        .scenarios()
        .map(({ artifact }) => artifact)
        .sort(),
    ).toEqual([someArtifact(1).id, someArtifact(3).id].sort());
    expect(p.stats().refused).toEqual({ novelty: 1 });
    expect(p.ask('coordinator/main', 'stats')).toMatchObject({
      candidates: 0,
      fed: 2,
      refused: 1,
      refusedByReason: { novelty: 1 },
    });
  });
});

test('what was fed is forgotten once so many others were fed after it', () => {
  const p = start({ noveltyMemory: 3 });
  const again = (n: number) => someArtifact(n, { excerpt: someText(1), node: `n${n}` });
  p.offer(someArtifact(1));
  p.feed();
  p.offer(again(10));
  p.feed();
  expect(p.stats()).toMatchObject({ fed: 1, refused: { novelty: 1 } });
  p.offer(someArtifact(2), someArtifact(3), someArtifact(4));
  p.feed();
  p.offer(again(11));
  p.feed();
  expect(p.stats()).toMatchObject({ fed: 5, refused: { novelty: 1 } });
});

describe('scenarios', () => {
  const only = (overrides: Partial<Artifact>): Scenario => {
    const p = start();
    p.offer(someArtifact(1, overrides));
    p.feed();
    return p.scenarios()[0] as Scenario;
  };

  test('difficulty is the threat, at most 10; objectives follow threat and opportunity', () => {
    expect(only({ threat: 8.5, opportunity: 7 })).toMatchObject({
      difficulty: 8.5,
      objectives: ['threat-assessment', 'opportunity-assessment', 'summarisation'],
    });
    expect(only({ threat: 6.9, opportunity: 1 }).objectives).toEqual(['threat-assessment']);
  });

  test('objectives that were rare lately are added', () => {
    const p = start();
    p.offer(...Array.from({ length: 10 }, (_, n) => someArtifact(n, { threat: 1 })));
    p.feed();
    const used = new Set(p.scenarios().flatMap(({ objectives }) => objectives));
    expect(used.size).toBe(5);
  });

  test('input has at most 2,000 characters and ends with a whole word; quotes occur in it', () => {
    const excerpt = Array.from({ length: 12 }, (_, n) => someText(n))
      .join(' ')
      .slice(0, 2_000);
    const scenario = only({ excerpt });
    expect(scenario.input.length).toBeLessThanOrEqual(2_000);
    for (const quote of scenario.expected.summary.split('\n\n')) expect(scenario.input).toContain(quote);
    expect(scenario.expected.keyTerms.length).toBeGreaterThan(2);
    expect(scenario.expected.assessment).toContain('Threat 3 of 10');
  });

  test('novelty is rarity in the recent window: 1 when it is empty, 0.4, 0.3 and 0.3 for what is new', () => {
    const p = start();
    p.offer(someArtifact(1, { threat: 9 }));
    p.offer(someArtifact(2, { domain: 'other', threat: 8 }));
    p.offer(someArtifact(3, { threat: 1, contentType: 'code' }));
    p.feed();
    expect(p.scenarios().map(({ novelty }) => novelty)).toEqual([1, 0.4, expect.closeTo(0.4 * 0.5 + 0.3)]);
    expect(p.events.filter(({ name }) => name === 'scenario-fed')).toHaveLength(3);
  });
});
