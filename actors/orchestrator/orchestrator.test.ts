import { describe, expect, test } from 'vitest';
import { startOrchestrator as start } from '../../tests/harness/orchestrator.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { measure } from './measures.ts';
import { targetId } from './target-id.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

describe('targets', () => {
  test('a new target is due at once and goes to a node that has the capability', () => {
    const { report, add, assigned } = start();
    report('other', 'active', 3, ['http']);
    report('able');
    add('/a');
    expect(assigned()).toMatchObject([{ node: 'able', location: '/a', exempt: false }]);
  });

  test('identity is a hash of type and location: adding again updates', () => {
    const { harness, report, add, assigned, target } = start();
    report('n1');
    add('/a', { priority: 1 });
    add('/a', { priority: 9 });
    expect(assigned()).toHaveLength(1);
    expect(target('/a')).toMatchObject({ target: { priority: 9 } });
    expect(harness.ask('orchestrator/main', 'targets')).toHaveLength(1);
  });

  test('adding replies the id, and removing ends all collecting', () => {
    const { harness, report, add, assigned } = start();
    report('n1');
    const message = { type: 'target.add', target: { type: 'directory', location: '/a' } };
    harness.tell('orchestrator/main', message, { replyTo: { to: 'inbox', id: '1' } });
    const id = targetId({ type: 'directory', location: '/a' });
    expect(harness.replies[0]?.value).toEqual({ id });
    harness.tell('orchestrator/main', { type: 'target.remove', id }, { replyTo: { to: 'inbox', id: '2' } });
    expect(harness.replies[1]?.value).toEqual({ removed: true });
    harness.advance(2 * hour);
    expect(assigned()).toHaveLength(1);
    add('/b');
    expect(assigned().at(-1)?.location).toBe('/b');
  });

  test('without a node that works, targets wait', () => {
    const { harness, report, add, assigned } = start();
    add('/a');
    expect(harness.ask('orchestrator/main', 'stats')).toMatchObject({ state: 'unstaffed', due: 1 });
    report('n1');
    expect(assigned()).toHaveLength(1);
    expect(harness.ask('orchestrator/main', 'stats')).toMatchObject({ state: 'assigning', assigned: 1 });
  });

  test('the highest priority goes first when capacity is short', () => {
    const { report, add, assigned, finish } = start();
    add('/low', { priority: 1 });
    add('/high', { priority: 9.5 });
    add('/middle', { priority: 9 });
    report('n1', 'active', 1);
    expect(assigned().map(({ location }) => location)).toEqual(['/high']);
    finish('collected');
    finish('collected');
    expect(assigned().map(({ location }) => location)).toEqual(['/high', '/middle', '/low']);
  });

  test('a collected target is due again after 3600 s, or its own interval in seconds', () => {
    const { harness, report, add, assigned, finish } = start();
    report('n1');
    add('/a');
    finish('collected');
    add('/b', { interval: 600 });
    finish('collected');
    harness.advance(10 * minute - 1);
    expect(assigned()).toHaveLength(2);
    harness.advance(1);
    expect(assigned().map(({ location }) => location)).toEqual(['/a', '/b', '/b']);
    finish('collected');
    harness.advance(50 * minute - 1);
    expect(assigned().filter(({ location }) => location === '/a')).toHaveLength(1);
    harness.advance(1);
    expect(assigned().filter(({ location }) => location === '/a')).toHaveLength(2);
  });

  test('a failed target is tried again after 300 s, no sooner', () => {
    const { harness, report, add, assigned, finish } = start();
    report('n1');
    add('/a', { intervalMs: 1_000 });
    finish('failed', { reason: 'gone' });
    harness.advance(300 * second - 1);
    expect(assigned()).toHaveLength(1);
    harness.advance(1);
    expect(assigned()).toHaveLength(2);
  });

  test('an assignment times out after 600 s and counts as a failure', () => {
    const { harness, report, add, assigned, target, node, finish } = start();
    report('n1');
    add('/a');
    harness.advance(600 * second - 1);
    expect(target('/a')).toMatchObject({ status: 'assigned' });
    harness.advance(1);
    expect(target('/a')).toMatchObject({
      status: 'waiting',
      failures: 1,
      lastReason: 'the assignment timed out',
    });
    expect(node('n1')).toMatchObject({ attempts: 1, successRate: 0, assigned: 0 });
    harness.advance(300 * second);
    expect(assigned()).toHaveLength(2);
    const [first] = assigned();
    finish('collected', { assignment: first?.assignment });
    expect(target('/a')).toMatchObject({ status: 'assigned', failures: 1 });
    expect(harness.ask('orchestrator/main', 'stats')).toMatchObject({ late: 1, collected: 0, timedOut: 1 });
  });

  test('a long collection that reports progress does not time out', () => {
    const { harness, tell, report, add, assigned, target } = start();
    report('n1');
    add('/a');
    const { id, assignment } = assigned()[0] ?? {};
    harness.advance(500 * second);
    tell({ type: 'collect.progress', node: 'n1', target: id, assignment });
    harness.advance(599 * second);
    expect(target('/a')).toMatchObject({ status: 'assigned', failures: 0 });
    harness.advance(1 * second);
    expect(target('/a')).toMatchObject({ failures: 1 });
  });

  test('after 3 failures without a success another node gets it; until then it stays', () => {
    const { harness, report, add, assigned, finish } = start();
    report('n1');
    add('/a');
    report('n2');
    for (let failure = 0; failure < 3; failure++) {
      finish('failed');
      harness.advance(300 * second);
    }
    expect(assigned().map(({ node }) => node)).toEqual(['n1', 'n1', 'n1', 'n2']);
  });

  test('after 5 failures it is quarantined: visible, not collected, until it is added again', () => {
    const { harness, report, add, assigned, finish, target } = start();
    report('n1');
    add('/a');
    for (let failure = 0; failure < 5; failure++) {
      finish('failed', { reason: 'no such folder' });
      harness.advance(300 * second);
    }
    harness.advance(24 * hour);
    expect(assigned()).toHaveLength(5);
    expect(target('/a')).toMatchObject({ status: 'quarantined', failures: 5, lastReason: 'no such folder' });
    expect(harness.ask('orchestrator/main', 'stats')).toMatchObject({ inQuarantine: 1, quarantined: 1 });
    add('/a');
    expect(assigned()).toHaveLength(6);
  });

  test('a success forgets the failures before it; an empty collection does not', () => {
    const { harness, report, add, finish, target } = start();
    report('n1');
    add('/a');
    finish('failed');
    harness.advance(300 * second);
    finish('empty');
    expect(target('/a')).toMatchObject({ failures: 1, lastOutcome: 'empty', status: 'waiting' });
    harness.advance(hour);
    finish('collected');
    expect(target('/a')).toMatchObject({ failures: 0, collections: { collected: 1, empty: 1, failed: 1 } });
  });

  test('a run makes its targets due now and exempt; the same run asks once', () => {
    const { tell, report, assigned, finish, target } = start();
    report('n1');
    const collect = (run: string) =>
      tell({ type: 'target.collect', run, target: { type: 'directory', location: '/a' } });
    collect('r1');
    collect('r1');
    expect(assigned()).toMatchObject([{ exempt: true }]);
    finish('collected');
    expect(target('/a')).toMatchObject({ lastRun: 'r1', status: 'waiting' });
    collect('r1');
    expect(assigned()).toHaveLength(1);
    collect('r2');
    expect(assigned()).toHaveLength(2);
  });

  test('a run that asks while the target is being collected gets a collection of its own', () => {
    const { tell, report, add, assigned, finish, target } = start();
    report('n1');
    add('/a');
    tell({ type: 'target.collect', run: 'r1', target: { type: 'directory', location: '/a' } });
    expect(assigned()).toHaveLength(1);
    finish('collected');
    expect(target('/a')).toMatchObject({ lastRun: null });
    expect(assigned()).toHaveLength(2);
    finish('collected');
    expect(target('/a')).toMatchObject({ lastRun: 'r1' });
  });
});

describe('nodes', () => {
  test('usefulness is 0.4·success + 0.4·quality + 0.2·(1 − min(1, duration/60 s)) of what was measured', () => {
    const { orchestrator } = defaultPipelineSettings;
    expect(measure([], orchestrator)).toMatchObject({ usefulness: null, successRate: null });
    expect(measure([[1, 10, 0.5, 30_000]], orchestrator).usefulness).toBeCloseTo(0.4 + 0.2 + 0.1);
    expect(measure([[0, 0, 0, 90_000]], orchestrator).usefulness).toBe(0);
    expect(
      measure(
        [
          [1, 4, 1, 0],
          [0, 0, 0, 0],
          [2, 0, 0, 0],
        ],
        orchestrator,
      ),
    ).toMatchObject({ attempts: 2, empty: 1, successRate: 0.5, meanQuality: 1 });
  });

  test('only the last 100 attempts are measured, and intake learns the success rate', () => {
    const { harness, report, add, finish, node, told } = start({ intervalMs: 1_000 });
    report('n1');
    add('/a');
    finish('failed');
    harness.advance(300 * second);
    for (let attempt = 0; attempt < 100; attempt++) {
      finish('collected');
      harness.advance(1_000);
    }
    expect(node('n1')).toMatchObject({ attempts: 100, successRate: 1 });
    expect(told('intake').at(1)).toMatchObject({
      type: 'node.measured',
      node: 'n1',
      successRate: 0.5,
      attempts: 2,
    });
  });

  test('the more useful node with room is preferred', () => {
    const { harness, tell, report, add, assigned, finish } = start();
    report('bad');
    add('/a');
    finish('collected', { quality: 0, durationMs: 60_000 });
    tell({ type: 'target.remove', id: assigned()[0]?.id });
    report('bad', 'paused');
    report('good');
    add('/b');
    finish('collected', { quality: 1, durationMs: 0 });
    report('bad');
    add('/c');
    expect(assigned().at(-1)).toMatchObject({ location: '/c', node: 'good' });
    expect(
      harness.deadLetters.every(({ error }) => (error as { code?: string }).code === 'actor.unknown_kind'),
    ).toBe(true);
  });

  test('a node gets as many targets as it has capacity for, and is busy then', () => {
    const { report, add, assigned, node, finish } = start();
    report('n1', 'active', 2);
    for (const location of ['/a', '/b', '/c']) add(location);
    expect(assigned()).toHaveLength(2);
    expect(node('n1')).toMatchObject({ status: 'busy', assigned: 2 });
    finish('collected');
    expect(assigned()).toHaveLength(3);
  });

  test('is degraded below a usefulness of 0.3, and used only when no other is there', () => {
    const { report, add, assigned, finish, node } = start();
    report('n1');
    add('/a');
    finish('failed', { durationMs: 60_000, items: 0, quality: 0 });
    expect(node('n1')).toMatchObject({ status: 'degraded', usefulness: 0 });
    add('/b');
    expect(assigned().at(-1)).toMatchObject({ node: 'n1', location: '/b' });
    report('n2', 'active', 1);
    add('/c');
    expect(assigned().at(-1)).toMatchObject({ node: 'n2', location: '/c' });
  });

  test('is degraded when it tries and has had no success for an hour', () => {
    const { harness, report, add, finish, node } = start();
    report('n1');
    add('/good', { intervalMs: 24 * hour });
    for (let success = 0; success < 5; success++) {
      finish('collected', { quality: 1 });
      harness.advance(24 * hour);
    }
    finish('failed', { quality: 0 });
    expect(node('n1')).toMatchObject({ status: 'active' });
    report('n1', 'active', 3, ['nothing']);
    harness.advance(hour - 1);
    expect(node('n1')).toMatchObject({ status: 'active' });
    harness.advance(1);
    expect(node('n1')).toMatchObject({ status: 'degraded' });
    expect(harness.events.at(-1)).toMatchObject({
      name: 'node-status-changed',
      payload: { node: 'n1', from: 'active', to: 'degraded' },
    });
  });

  test('paused and draining nodes get nothing new and keep what they have', () => {
    const { harness, report, add, assigned, target, node } = start();
    report('n1');
    add('/a');
    report('n1', 'draining');
    add('/b');
    expect(assigned()).toHaveLength(1);
    expect(target('/a')).toMatchObject({ status: 'assigned' });
    expect(node('n1')).toMatchObject({ status: 'draining' });
    report('n1', 'paused');
    expect(assigned()).toHaveLength(1);
    expect(harness.events.map(({ payload }) => payload['to'])).toEqual(['active', 'draining', 'paused']);
  });

  test('what an offline node held is due for others, and nobody failed', () => {
    const { report, add, assigned, target } = start();
    report('n1');
    add('/a');
    report('n2');
    report('n1', 'offline');
    expect(assigned().map(({ node }) => node)).toEqual(['n1', 'n2']);
    expect(target('/a')).toMatchObject({ status: 'assigned', failures: 0 });
  });

  test('a target that a node declines is due for others', () => {
    const { report, add, assigned, finish, target } = start();
    report('n1');
    add('/a');
    report('n1', 'draining');
    report('n2');
    finish('declined');
    expect(assigned().map(({ node }) => node)).toEqual(['n1', 'n2']);
    expect(target('/a')).toMatchObject({ failures: 0 });
  });

  test('metadata.node binds a target to one node', () => {
    const { report, add, assigned } = start();
    report('n1');
    add('/a', { metadata: { node: 'n2' } });
    expect(assigned()).toEqual([]);
    report('n2');
    expect(assigned()).toMatchObject([{ node: 'n2' }]);
  });

  test('names that are no keys reach their node by its escaped key', () => {
    const { report, add, assigned } = start();
    report('büro.example');
    add('/a');
    expect(assigned()).toMatchObject([{ node: 'b_c3_bcro_2eexample' }]);
  });
});
