import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActorHarness } from '../../tests/harness/actor-harness.ts';
import type { Artifact } from '../artifact.ts';
import { offer, someArtifact } from '../artifact.fixture.ts';
import { intakeContract } from '../intake/contract.ts';
import { phoenixContract } from '../phoenix/contract.ts';
import { reputationContract } from '../reputation/contract.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { createCoordinator } from './coordinator.ts';
import type { CoordinatorStats, RankedArtifact } from './queries.ts';
import { recorder } from '../recorder.fixture.ts';

const DAY = 24 * 60 * 60_000;

function start() {
  const intake = recorder(intakeContract);
  const phoenix = recorder(phoenixContract);
  const reputation = recorder(reputationContract);
  const h = createActorHarness([
    createCoordinator(defaultPipelineSettings),
    intake.actor,
    phoenix.actor,
    reputation.actor,
  ]);
  const ask = (query: string, input: object = {}): unknown => h.ask('coordinator/main', query, input);
  const list = (query: string, input: object): RankedArtifact[] =>
    (ask(query, input) as { artifacts: RankedArtifact[] }).artifacts;
  return {
    ...h,
    intake,
    phoenix,
    reputation,
    offer: (...artifacts: Artifact[]) => h.tell('coordinator/main', offer('b', ...artifacts)),
    stats: () => ask('stats') as CoordinatorStats,
    top: (k = 20) => list('top', { k }),
    list,
    artifact: (id: string) => ask('artifact', { id }) as Record<string, unknown>,
    outcomes: () =>
      intake
        .received('offer.decided')
        .flatMap((message) => message['decisions'] as { outcome: string }[])
        .map(({ outcome }) => outcome),
  };
}

describe('deduplication', () => {
  test('the same content from the same node is never a second artifact, and corroborates nothing', () => {
    const c = start();
    c.offer(someArtifact(1), someArtifact(1, { source: 'file:///copy' }));
    c.offer(someArtifact(1, { source: 'file:///another' }));
    expect(c.outcomes()).toEqual(['accepted', 'duplicate', 'duplicate']);
    expect(c.artifact(someArtifact(1).id)).toMatchObject({
      confidence: 0.5,
      reporters: ['n1'],
      sourceCount: 3,
    });
  });

  test('another node corroborates: confidence rises by noisy-or of its reputation', () => {
    const c = start();
    c.offer(someArtifact(1));
    c.offer(someArtifact(1, { node: 'n2' }));
    c.offer(someArtifact(1, { node: 'n2', source: 'file:///other' }));
    expect(c.outcomes()).toEqual(['accepted', 'corroborated', 'duplicate']);
    expect(c.artifact(someArtifact(1).id)).toMatchObject({ confidence: 0.75, reporters: ['n1', 'n2'] });
    c.offer(someArtifact(1, { node: 'n3' }));
    expect(c.artifact(someArtifact(1).id)['confidence']).toBeCloseTo(0.875);
  });

  test('corroboration never lifts confidence above 0.99', () => {
    const c = start();
    for (let n = 0; n < 20; n++) c.offer(someArtifact(1, { node: `n${n}` }));
    expect(c.artifact(someArtifact(1).id)['confidence']).toBe(0.99);
  });

  test('a higher claim of the same node makes a new version; a lower one, or one of another node, does not', () => {
    const c = start();
    c.offer(someArtifact(1), someArtifact(1, { confidence: 0.8 }), someArtifact(1, { confidence: 0.6 }));
    c.offer(
      someArtifact(1, { node: 'n2', confidence: 0.1 }),
      someArtifact(1, { node: 'n2', confidence: 0.95 }),
    );
    expect(c.outcomes()).toEqual(['accepted', 'version', 'duplicate', 'corroborated', 'duplicate']);
    expect(c.artifact(someArtifact(1).id)).toMatchObject({ version: 2, confidence: 0.9 });
  });

  test('totals add up, whatever is offered', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom('a', 'b', 'c'), fc.constantFrom(0.2, 0.9)),
          { maxLength: 40 },
        ),
        (offers) => {
          const c = start();
          for (const [n, node, confidence] of offers) c.offer(someArtifact(n, { node, confidence }));
          const s = c.stats();
          const distinct = new Set(offers.map(([n]) => n)).size;
          expect(s.offered).toBe(s.accepted + s.duplicates + s.corroborated + s.versions);
          expect([s.accepted, s.candidates, c.top(100).length]).toEqual([distinct, distinct, distinct]);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('an offer of any size is answered once, in order, and later items see earlier ones', () => {
    const c = start();
    const items = Array.from({ length: 200 }, (_, n) => someArtifact(n % 150));
    c.offer(...items);
    expect(c.intake.received('offer.decided')).toHaveLength(1);
    const outcomes = c.outcomes();
    expect(outcomes.slice(0, 150).every((outcome) => outcome === 'accepted')).toBe(true);
    expect(outcomes.slice(150).every((outcome) => outcome === 'duplicate')).toBe(true);
    expect(c.deadLetters).toEqual([]);
  });
});

describe('priority', () => {
  test('threat, opportunity and confidence count 0.4, 0.3 and 0.2, times reputation', () => {
    const c = start();
    c.offer(someArtifact(1, { threat: 10, opportunity: 0, confidence: 0 }));
    c.offer(someArtifact(2, { threat: 0, opportunity: 10, confidence: 0 }));
    c.offer(someArtifact(3, { threat: 0, opportunity: 0, confidence: 1 }));
    const top = c.top();
    expect(top.map(({ id }) => id)).toEqual([1, 2, 3].map((n) => someArtifact(n).id));
    expect(top.map(({ priority }) => priority)).toEqual(
      [0.2, 0.15, 0.1].map((value) => expect.closeTo(value)),
    );
  });

  test('age counts from acceptance, halves in 24 hours, and never changes the order', () => {
    const c = start();
    c.offer(someArtifact(1, { threat: 8 }));
    c.advance(DAY);
    c.offer(someArtifact(2, { threat: 2 }), someArtifact(3, { threat: 9 }));
    const before = c.top();
    c.advance(5 * DAY);
    expect(c.top().map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(c.top()[0]?.priority).toBeCloseTo((before[0]?.priority ?? 0) / 32);
  });

  test('a reputation that moves re-ranks the node’s own artifacts only', () => {
    const c = start();
    c.offer(
      someArtifact(1, { node: 'a', threat: 5 }),
      someArtifact(2, { node: 'b', threat: 4 }),
      someArtifact(3, { node: 'b', threat: 0, opportunity: 0 }),
    );
    const order = () => c.top().map(({ id }) => [1, 2, 3].find((n) => someArtifact(n).id === id));
    expect(order()).toEqual([1, 2, 3]);
    const priorityOfFirst = c.top()[0]?.priority;
    c.tell('coordinator/main', { type: 'reputation.moved', node: 'b', score: 0.9 });
    expect(order()).toEqual([2, 1, 3]);
    expect(c.top()[1]?.priority).toBe(priorityOfFirst);
  });

  test('the top K equals sorting everything by priority, after any history', () => {
    const nodes = ['a', 'b', 'c', 'd'] as const;
    const action = fc.oneof(
      fc.record({
        kind: fc.constant('offer' as const),
        n: fc.nat(30),
        node: fc.constantFrom(...nodes),
        threat: fc.nat(10),
      }),
      fc.record({
        kind: fc.constant('move' as const),
        node: fc.constantFrom(...nodes),
        score: fc.constantFrom(0.1, 0.3, 0.9),
      }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(2 * DAY) }),
      fc.record({ kind: fc.constant('settle' as const), n: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const c = start();
        for (const step of actions) {
          if (step.kind === 'offer') c.offer(someArtifact(step.n, { node: step.node, threat: step.threat }));
          if (step.kind === 'move')
            c.tell('coordinator/main', { type: 'reputation.moved', node: step.node, score: step.score });
          if (step.kind === 'wait') c.advance(step.ms);
          if (step.kind === 'settle')
            c.tell('coordinator/main', {
              type: 'candidates.settled',
              fed: [someArtifact(step.n).id],
              refused: [],
            });
        }
        const top = c.top(1000);
        expect(top).toHaveLength(c.stats().accepted);
        const priorities = top.map(({ priority }) => priority);
        for (let i = 1; i < priorities.length; i++) {
          expect(priorities[i]).toBeLessThanOrEqual((priorities[i - 1] ?? 0) * (1 + 1e-6));
        }
        expect(c.top(5)).toEqual(top.slice(0, 5));
        for (const node of nodes)
          expect(c.list('by-node', { node, limit: 1000 })).toEqual(top.filter((one) => one.node === node));
        const sameOrder = c.list('by-domain', { domain: 'docs', limit: 1000 }).map(({ id }) => id);
        expect(sameOrder).toEqual(top.map(({ id }) => id));
      }),
      { numRuns: 40 },
    );
  });

  test('queries by domain and by threat list the best first', () => {
    const c = start();
    c.offer(
      someArtifact(1, { domain: 'a', threat: 7 }),
      someArtifact(2, { domain: 'b', threat: 9 }),
      someArtifact(3, { domain: 'a', threat: 8.5, node: 'n2' }),
    );
    expect(c.list('by-domain', { domain: 'a' }).map(({ threat }) => threat)).toEqual([8.5, 7]);
    expect(c.list('by-threat', { min: 8 }).map(({ threat }) => threat)).toEqual([9, 8.5]);
    expect(() => c.top(1001)).toThrow('1000');
  });

  test('every change of the collection has a higher version number', () => {
    const c = start();
    c.offer(someArtifact(1));
    const first = c.stats().version;
    c.tell('coordinator/main', { type: 'reputation.moved', node: 'n1', score: 0.6 });
    expect(c.stats().version).toBeGreaterThan(first);
  });
});

describe('what others hear', () => {
  test('each accepted artifact is an event, with its version', () => {
    const c = start();
    c.offer(someArtifact(1), someArtifact(1));
    expect(c.events.map(({ name, payload }) => [name, payload['version']])).toEqual([
      ['artifact-accepted', 1],
    ]);
  });

  test('the first reporter’s reputation hears of acceptance and corroboration, a copier’s of nothing', () => {
    const c = start();
    c.offer(someArtifact(1), someArtifact(2));
    c.offer(someArtifact(1, { node: 'n2' }));
    expect(
      c.reputation
        .received('outcome.observed')
        .map(({ node, source, good, bad }) => [node, source, good, bad]),
    ).toEqual([
      ['n1', 'acceptance', 2, 0],
      ['n1', 'corroboration', 1, 0],
    ]);
  });

  test('corroboration names the node that corroborates and weighs its reputation, one message for each', () => {
    const c = start();
    c.offer(someArtifact(1), someArtifact(2));
    c.offer(someArtifact(3, { node: 'n2' }));
    c.tell('coordinator/main', { type: 'reputation.moved', node: 'n2', score: 0.8 });
    c.offer(
      someArtifact(1, { node: 'n2' }),
      someArtifact(2, { node: 'n2' }),
      someArtifact(2, { node: 'n3' }),
    );
    expect(
      c.reputation
        .received('outcome.observed')
        .filter(({ source }) => source === 'corroboration')
        .map(({ node, origin, good, weight }) => [node, origin, good, weight]),
    ).toEqual([
      ['n1', 'n2', 2, 0.8],
      ['n1', 'n3', 1, 0.5],
    ]);
  });

  test('the feeder is told once, and again only after it has asked and something new came', () => {
    const c = start();
    const told = () => c.phoenix.received('artifacts.available').length;
    c.offer(someArtifact(1));
    c.offer(someArtifact(2));
    expect(told()).toBe(1);
    c.tell('coordinator/main', { type: 'candidates.wanted', round: '1', limit: 10 });
    c.offer(someArtifact(1));
    expect(told()).toBe(1);
    c.offer(someArtifact(3));
    expect(told()).toBe(2);
  });
});

describe('candidates', () => {
  const found = (c: ReturnType<typeof start>) =>
    c.phoenix.received('candidates.found').at(-1) as unknown as {
      artifacts: (Artifact & { reporters: string[] })[];
      more: boolean;
    };

  test('carry what their first node claimed, whatever corroboration made of it', () => {
    const c = start();
    c.offer(someArtifact(1, { confidence: 0.4 }));
    c.offer(someArtifact(1, { node: 'n2' }));
    c.tell('coordinator/main', { type: 'candidates.wanted', round: '1', limit: 2 });
    expect(found(c).artifacts).toMatchObject([{ claimed: 0.4, confidence: 0.7 }]);
  });

  test('are the best that were not settled; what was settled never comes back', () => {
    const c = start();
    c.offer(...[1, 2, 3, 4].map((n) => someArtifact(n, { threat: n })));
    c.tell('coordinator/main', { type: 'candidates.wanted', round: '1', limit: 2 });
    expect(found(c).artifacts.map(({ threat }) => threat)).toEqual([4, 3]);
    expect(found(c).more).toBe(true);
    c.tell('coordinator/main', {
      type: 'candidates.settled',
      fed: [someArtifact(4).id],
      refused: [{ id: someArtifact(2).id, reason: 'novelty' }],
    });
    c.offer(someArtifact(4, { node: 'n2' }));
    c.tell('coordinator/main', { type: 'candidates.wanted', round: '2', limit: 10 });
    expect(found(c).artifacts.map(({ threat }) => threat)).toEqual([3, 1]);
    expect(c.stats()).toMatchObject({ candidates: 2, fed: 1, refused: 1, refusedByReason: { novelty: 1 } });
  });

  test('a crowd from one domain leaves room for others', () => {
    const c = start();
    c.offer(
      ...Array.from({ length: 50 }, (_, n) => someArtifact(n, { domain: 'flood', threat: 9 })),
      someArtifact(60, { domain: 'rare', threat: 1 }),
    );
    c.tell('coordinator/main', { type: 'candidates.wanted', round: '1', limit: 10, perDomain: 5 });
    const domains = found(c).artifacts.map(({ domain }) => domain);
    expect(domains).toContain('rare');
    expect(domains).toHaveLength(10);
  });

  test('a flood of any size hides no other domain', () => {
    const c = start();
    for (let batch = 0; batch < 12; batch++) {
      c.offer(
        ...Array.from({ length: 100 }, (_, n) =>
          someArtifact(batch * 100 + n, { domain: 'flood', threat: 10 }),
        ),
      );
    }
    c.offer(
      ...Array.from({ length: 20 }, (_, n) =>
        someArtifact(5_000 + n, { domain: `d${n}`, threat: 0, node: 'n2' }),
      ),
    );
    c.tell('coordinator/main', {
      type: 'candidates.wanted',
      round: '1',
      limit: 60,
      perDomain: 5,
      perNode: 20,
    });
    expect(new Set(found(c).artifacts.map(({ domain }) => domain)).size).toBe(21);
  });

  test('an answer stays far below the limit of a message', () => {
    const c = start();
    for (let batch = 0; batch < 20; batch++) {
      c.offer(
        ...Array.from({ length: 10 }, (_, n) =>
          someArtifact(batch * 10 + n, { excerpt: `${batch} ${n} ${'漢'.repeat(1990)}` }),
        ),
      );
    }
    c.tell('coordinator/main', { type: 'candidates.wanted', round: '1', limit: 100 });
    expect(Buffer.byteLength(JSON.stringify(found(c)))).toBeLessThan(256 * 1024);
    expect(found(c).more).toBe(true);
  });
});
