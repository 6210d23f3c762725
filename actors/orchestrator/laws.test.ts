/** Laws that hold whatever nodes report, whatever results come and whatever users order, in any order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startOrchestrator } from '../../tests/harness/orchestrator.ts';
import type { NodeRow, TargetRow } from './tables.ts';

const second = 1_000;
/** Longer than any interval here. */
const longMs = 7_300 * second;
const nodeNames = ['n1', 'n2', 'n3'];
const locations = ['/a', '/b', '/c', '/d', '/e', '/f'];

const node = fc.constantFrom(...nodeNames);
const location = fc.constantFrom(...locations);
const step = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    location,
    priority: fc.nat(10),
    interval: fc.constantFrom(undefined, 60, 7_200),
    bound: fc.option(node, { nil: undefined, freq: 8 }),
  }),
  fc.record({ do: fc.constantFrom('remove' as const, 'pause' as const, 'resume' as const), location }),
  fc.record({ do: fc.constant('run' as const), location, run: fc.constantFrom('r1', 'r2') }),
  fc.record({
    do: fc.constant('report' as const),
    node,
    status: fc.constantFrom('active', 'active', 'active', 'paused', 'draining', 'offline'),
    capacity: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    do: fc.constant('result' as const),
    /** Counts back from the last assignment: also those that ended long ago. */
    which: fc.nat(6),
    outcome: fc.constantFrom('collected', 'empty', 'failed', 'failed', 'declined'),
  }),
  fc.record({ do: fc.constant('progress' as const), which: fc.nat(6) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 60, 300, 601, 3_600, 90_000) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

type Started = ReturnType<typeof startOrchestrator>;

/** Takes a step; returns how many results it sent. */
function take(o: Started, one: Step): number {
  switch (one.do) {
    case 'add': {
      const { priority, interval, bound } = one;
      const metadata = bound === undefined ? {} : { node: bound };
      o.add(one.location, { priority, metadata, ...(interval === undefined ? {} : { interval }) });
      return 0;
    }
    case 'remove':
    case 'pause':
    case 'resume':
      o.tell({ type: `target.${one.do}`, id: o.idOf(one.location) });
      return 0;
    case 'run': {
      const target = { type: 'directory', location: one.location };
      o.tell({ type: 'target.collect', run: one.run, target });
      return 0;
    }
    case 'report':
      o.report(one.node, one.status, one.capacity);
      return 0;
    case 'result':
    case 'progress': {
      const given = o.assigned().at(-1 - one.which);
      if (given === undefined) return 0;
      const { node: name, id, assignment } = given;
      if (one.do === 'progress') {
        o.tell({ type: 'collect.progress', node: name, target: id, assignment });
        return 0;
      }
      o.finish(one.outcome, { node: name, target: id, assignment });
      return 1;
    }
    case 'wait':
      o.harness.advance(one.ms * second);
      return 0;
  }
}

/** `before`: what each node held before the step, and may go on to hold if its capacity shrank. */
function checkLaws(o: Started, before: ReadonlyMap<string, number>): void {
  const targets = o.targets();
  const nodes = o.harness.ask('orchestrator/main', 'nodes') as (NodeRow & { reason: string })[];
  const counts = { waiting: 0, due: 0, assigned: 0, quarantined: 0, paused: 0 };
  for (const { status, assignment } of targets) {
    counts[status]++;
    expect(assignment !== null).toBe(status === 'assigned');
  }
  const { waiting, due, assigned, inQuarantine, paused } = o.stats();
  expect({ waiting, due, assigned, quarantined: inQuarantine, paused }).toEqual(counts);
  for (const { name, assigned: holds, capacity, reported } of nodes) {
    expect(holds).toBe(targets.filter(({ assignment }) => assignment?.node === name).length);
    expect(holds).toBeLessThanOrEqual(Math.max(capacity, before.get(name) ?? 0));
    if (reported === 'offline') expect(holds).toBe(0);
  }
  for (const { id, assignment } of targets) {
    if (assignment === null) continue;
    const given = o.assigned().filter((one) => one.id === id);
    expect(given.at(-1)).toMatchObject({ node: assignment.node, assignment: assignment.id });
  }
}

const held = (o: Started): Map<string, number> =>
  new Map((o.harness.ask('orchestrator/main', 'nodes') as NodeRow[]).map((row) => [row.name, row.assigned]));

test('a target is in one place, held by one node at most; no node gets more than it takes; nothing is forgotten', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const o = startOrchestrator();
      o.tell({ type: 'orchestrator.tick' });
      let results = 0;
      for (const one of steps) {
        const before = held(o);
        results += take(o, one);
        checkLaws(o, before);
      }
      const { collected = 0, empty = 0, failed = 0, declined = 0, late = 0 } = o.stats();
      expect(collected + empty + failed + declined + late).toBe(results);
      expect(new Set(o.assigned().map(({ assignment }) => assignment)).size).toBe(o.assigned().length);
      everythingIsCollected(o);
    }),
    { numRuns: 60 },
  );
});

/** With nodes that work and enough time, every target is collected that nothing keeps from it. */
function everythingIsCollected(o: Started): void {
  for (const name of nodeNames) o.report(name, 'active', 20);
  const open = (): TargetRow[] =>
    o.targets().filter(({ status }) => status !== 'paused' && status !== 'quarantined');
  const before = new Map(open().map(({ id, collections }) => [id, collections.collected]));
  o.harness.advance(longMs);
  for (const name of nodeNames) o.report(name, 'active', 20);
  const ids = new Set(open().map(({ id }) => id));
  for (const { id, assignment } of o.targets()) {
    if (assignment !== null)
      o.finish('collected', { node: assignment.node, target: id, assignment: assignment.id });
  }
  o.harness.advance(longMs);
  for (const { id, collections, status } of o.targets()) {
    if (!ids.has(id) || !before.has(id)) continue;
    const more = collections.collected > (before.get(id) ?? 0);
    expect(more || status === 'quarantined').toBe(true);
  }
}
