import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultPipelineSettings } from '../settings.ts';
import { chooseNext, type Traits } from './diversity.ts';

const settings = defaultPipelineSettings.phoenix;

/** Feeds until nothing may be fed any more; returns what was fed, and how many of it relaxed a limit. */
function feedAll(items: readonly Traits[], max = 1_000): { fed: Traits[]; relaxed: number } {
  const waiting = [...items];
  const fed: Traits[] = [];
  let relaxed = 0;
  while (waiting.length > 0 && fed.length < max) {
    const choice = chooseNext(waiting, fed.slice(-100), settings, false);
    if (choice.index === undefined) break;
    if (choice.relaxed.length > 0) relaxed++;
    fed.push(...waiting.splice(choice.index, 1));
  }
  return { fed, relaxed };
}

/** The most of one value in any window of `size`. */
function most(fed: readonly Traits[], trait: keyof Traits, size: number): number {
  let worst = 0;
  for (let end = 1; end <= fed.length; end++) {
    const counts = new Map<string, number>();
    for (const one of fed.slice(Math.max(0, end - size), end))
      counts.set(one[trait], (counts.get(one[trait]) ?? 0) + 1);
    worst = Math.max(worst, ...counts.values());
  }
  return worst;
}

const make = (count: number, domains: number, nodes: number, types: number): Traits[] =>
  Array.from({ length: count }, (_, i) => ({
    domain: `d${(i * 7919) % domains}`,
    node: `n${(i * 104_729) % nodes}`,
    contentType: `t${(i * 31) % types}`,
  }));

describe('with enough domains, nodes and types', () => {
  test('no domain has more than 5 of the last 100, no node 10 of 50, no type 60 % of 20', () => {
    const { fed, relaxed } = feedAll(make(400, 37, 11, 3), 300);
    expect(relaxed).toBe(0);
    expect(fed.length).toBeGreaterThan(100);
    expect(most(fed, 'domain', 100)).toBeLessThanOrEqual(5);
    expect(most(fed, 'node', 50)).toBeLessThanOrEqual(10);
    expect(most(fed, 'contentType', 20)).toBeLessThanOrEqual(12);
  });

  test('the limits hold for every mixture', () => {
    const traits = fc.record({
      domain: fc.nat(24).map((n) => `d${n}`),
      node: fc.nat(6).map((n) => `n${n}`),
      contentType: fc.constantFrom('text', 'code', 'log'),
    });
    const everyKind = make(75, 25, 7, 3);
    fc.assert(
      fc.property(fc.array(traits, { maxLength: 150 }), (extra) => {
        const { fed } = feedAll([...extra, ...everyKind]);
        expect(most(fed, 'domain', 100)).toBeLessThanOrEqual(5);
        expect(most(fed, 'node', 50)).toBeLessThanOrEqual(10);
      }),
      { numRuns: 30 },
    );
  });

  test('what is chosen without relaxing a limit keeps every window, whatever waits and whatever was fed', () => {
    const traits = fc.record({
      domain: fc.nat(30).map((n) => `d${n}`),
      node: fc.nat(8).map((n) => `n${n}`),
      contentType: fc.constantFrom('text', 'code', 'log'),
    });
    const lists = fc.tuple(
      fc.array(traits, { maxLength: 40 }),
      fc.array(traits, { maxLength: 100 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(lists, ([waiting, recent, strict]) => {
        const choice = chooseNext(waiting, recent, settings, strict);
        if (choice.index === undefined || choice.relaxed.length > 0) {
          expect(strict && choice.index !== undefined).toBe(false);
          return;
        }
        const chosen = waiting[choice.index];
        if (chosen === undefined) throw new Error('nothing of what waits was chosen');
        for (const [trait, size, max] of [
          ['domain', 100, 5],
          ['node', 50, 10],
          ['contentType', 20, 12],
        ] as const) {
          const held = [...recent, chosen].slice(-size).filter((one) => one[trait] === chosen[trait]);
          expect(held.length).toBeLessThanOrEqual(max);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a flood from one domain gets no more than its share', () => {
    const flood = Array.from({ length: 500 }, (_, i) => ({
      domain: 'flood',
      node: `n${i % 9}`,
      contentType: `t${i % 3}`,
    }));
    const { fed } = feedAll([...flood, ...make(90, 30, 9, 3)]);
    expect(most(fed, 'domain', 100)).toBeLessThanOrEqual(5);
  });
});

describe('with fewer than the limits need', () => {
  test('one domain, one node and one type are still fed', () => {
    const { fed, relaxed } = feedAll(make(200, 1, 1, 1));
    expect(fed).toHaveLength(200);
    expect(relaxed).toBeGreaterThan(0);
  });

  test('the mix is fair: four domains share the window equally', () => {
    const { fed } = feedAll(make(800, 4, 1, 1), 200);
    const counts = new Map<string, number>();
    for (const { domain } of fed.slice(100)) counts.set(domain, (counts.get(domain) ?? 0) + 1);
    expect([...counts.values()].every((count) => count >= 20 && count <= 30)).toBe(true);
  });

  test('a short dimension does not loosen another', () => {
    const { fed } = feedAll(make(400, 1, 12, 3), 300);
    expect(most(fed, 'node', 50)).toBeLessThanOrEqual(10);
  });

  test('nothing starves, whatever waits, as long as domains and nodes are few', () => {
    const traits = fc.record({
      domain: fc.nat(18).map((n) => `d${n}`),
      node: fc.nat(3).map((n) => `n${n}`),
      contentType: fc.constantFrom('text', 'code'),
    });
    fc.assert(
      fc.property(fc.array(traits, { maxLength: 150 }), (items) => {
        expect(feedAll(items).fed).toHaveLength(items.length);
      }),
      { numRuns: 30 },
    );
  });
});
