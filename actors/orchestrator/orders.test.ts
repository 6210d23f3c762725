import { describe, expect, test } from 'vitest';
import { startOrchestrator as start } from '../../tests/harness/orchestrator.ts';

const second = 1_000;
const hour = 3_600 * second;

describe('a target that is paused', () => {
  test('is not collected, however long, until it is resumed; then it is due at once', () => {
    const { harness, tell, report, add, assigned, target, idOf, stats } = start();
    add('/a');
    tell({ type: 'target.pause', id: idOf('/a') });
    report('n1');
    harness.advance(24 * hour);
    expect(assigned()).toEqual([]);
    expect(target('/a')).toMatchObject({
      status: 'paused',
      reason: expect.stringContaining('a user paused it'),
    });
    expect(stats()).toMatchObject({ paused: 1, due: 0 });
    tell({ type: 'target.resume', id: idOf('/a') });
    expect(assigned()).toMatchObject([{ location: '/a', node: 'n1' }]);
  });

  test('while a node collects it, is taken from the node; the result that still comes is late', () => {
    const { harness, tell, report, add, assigned, told, finish, node, target, idOf, stats } = start();
    report('n1', 'active', 1);
    add('/a');
    add('/b');
    tell({ type: 'target.pause', id: idOf('/a') });
    expect(told('node')).toMatchObject([{}, { type: 'target.withdrawn', id: idOf('/a') }, {}]);
    // Its place is free for another target.
    expect(assigned().at(-1)).toMatchObject({ location: '/b' });
    finish('collected', { target: idOf('/a'), assignment: assigned()[0]?.assignment });
    expect(target('/a')).toMatchObject({ status: 'paused', failures: 0 });
    expect(stats()).toMatchObject({ late: 1, collected: 0 });
    expect(node('n1')).toMatchObject({ assigned: 1, attempts: 0 });
    harness.advance(600 * second);
    expect(target('/a')).toMatchObject({ status: 'paused', failures: 0 });
  });

  test('stays paused when it is added again, and is collected when a run asks for it', () => {
    const { tell, report, add, assigned, target, idOf } = start();
    report('n1');
    add('/a');
    tell({ type: 'target.pause', id: idOf('/a') });
    add('/a', { priority: 9 });
    expect(target('/a')).toMatchObject({ status: 'paused', target: { priority: 9 } });
    tell({ type: 'target.collect', run: 'r1', target: { type: 'directory', location: '/a' } });
    expect(assigned()).toHaveLength(2);
  });

  test('says whether there is such a target', () => {
    const { harness, tell, add, idOf } = start();
    add('/a');
    for (const type of ['target.pause', 'target.resume']) {
      for (const id of [idOf('/a'), idOf('/none')])
        harness.tell('orchestrator/main', { type, id }, { replyTo: { to: 'inbox', id: `${type} ${id}` } });
    }
    tell({ type: 'target.resume', id: idOf('/a') });
    expect(harness.replies.map(({ value }) => value)).toEqual([
      { paused: true },
      { paused: false },
      { resumed: true },
      { resumed: false },
    ]);
  });
});

test('resuming a target that is quarantined lifts the quarantine', () => {
  const { harness, tell, report, add, assigned, finish, target, idOf } = start();
  report('n1');
  add('/a');
  for (let failure = 0; failure < 5; failure++) {
    finish('failed');
    harness.advance(300 * second);
  }
  expect(target('/a')).toMatchObject({ status: 'quarantined' });
  tell({ type: 'target.resume', id: idOf('/a') });
  expect(assigned()).toHaveLength(6);
  expect(target('/a')).toMatchObject({ failures: 0 });
});

test('removing a target that a node collects tells the node, frees its place, and makes its result late', () => {
  const { tell, report, add, assigned, told, finish, node, targets, idOf, stats } = start();
  report('n1');
  add('/a');
  tell({ type: 'target.remove', id: idOf('/a') });
  expect(told('node').at(-1)).toMatchObject({ type: 'target.withdrawn', id: idOf('/a') });
  expect(targets()).toEqual([]);
  expect(node('n1')).toMatchObject({ assigned: 0 });
  finish('collected', { target: idOf('/a'), assignment: assigned()[0]?.assignment });
  expect(stats()).toMatchObject({ late: 1, collected: 0, items: 0 });
});

test('a new interval counts at once, from the last success', () => {
  const { harness, report, add, assigned, finish } = start();
  report('n1');
  add('/a', { interval: 3_600 });
  finish('collected');
  harness.advance(600 * second);
  add('/a', { interval: 900 });
  harness.advance(300 * second - 1);
  expect(assigned()).toHaveLength(1);
  harness.advance(1);
  expect(assigned()).toHaveLength(2);
});

describe('who waits for whom', () => {
  test('targets bound to a node that is away keep no others waiting, however many and important', () => {
    const { report, add, assigned } = start({ assignmentsPerTurn: 500 });
    for (let n = 0; n < 300; n++) add(`/bound${n}`, { priority: 10, metadata: { node: 'away' } });
    add('/free', { priority: 0 });
    report('n1');
    expect(assigned()).toMatchObject([{ location: '/free', node: 'n1' }]);
  });

  test('all that an offline node held is due again, also more than one turn takes back', () => {
    const { harness, report, add, targets, node, stats } = start({ assignmentsPerTurn: 500 });
    report('n1', 'active', 200);
    for (let n = 0; n < 150; n++) add(`/t${n}`);
    expect(stats()).toMatchObject({ assigned: 150 });
    report('n1', 'offline', 200);
    harness.advance(10);
    expect(stats()).toMatchObject({ assigned: 0, due: 150, timedOut: 0 });
    expect(node('n1')).toMatchObject({ assigned: 0, status: 'offline' });
    expect(targets().every(({ failures }) => failures === 0)).toBe(true);
  });
});

describe('queries say why', () => {
  test('a target is not assigned', () => {
    const { report, add, target } = start();
    add('/a');
    expect(target('/a')).toMatchObject({ reason: "no node can collect targets of type 'directory'" });
    add('/bound', { metadata: { node: 'n9' } });
    expect(target('/bound')).toMatchObject({ reason: "it is bound to the node 'n9', which never reported" });
    report('n1', 'paused');
    expect(target('/a')).toMatchObject({ reason: "who could collect it cannot now: 'n1' is paused" });
    report('n2', 'active', 1);
    add('/b');
    expect(target('/b')).toMatchObject({
      reason: "who could collect it cannot now: 'n1' is paused, 'n2' is busy",
    });
  });

  test('a target is assigned, waits, or is quarantined', () => {
    const { harness, report, add, finish, target } = start();
    report('n1');
    add('/a');
    expect(target('/a')).toMatchObject({
      reason: "'n1' collects it since 2026-01-01T00:00:00.000Z, and has until 2026-01-01T00:10:00.000Z",
    });
    finish('failed', { reason: 'no such folder' });
    expect(target('/a')).toMatchObject({
      reason: 'failure 1 of 5, tried again at 2026-01-01T00:05:00.000Z; the last said: no such folder',
    });
    for (let failure = 1; failure < 5; failure++) {
      harness.advance(300 * second);
      finish('failed', { reason: 'no such folder' });
    }
    expect(target('/a')).toMatchObject({
      reason: '5 failures without a success; the last said: no such folder; add or resume it to try again',
    });
  });

  test('a node is busy, degraded or away', () => {
    const { report, add, finish, node } = start();
    report('n1', 'active', 1);
    expect(node('n1')).toMatchObject({ reason: 'it holds 0 of 1 collections; nothing was measured yet' });
    add('/a');
    expect(node('n1')).toMatchObject({ status: 'busy', reason: 'it holds 1 of 1 collections' });
    finish('failed', { durationMs: 60_000 });
    expect(node('n1')).toMatchObject({ status: 'degraded', reason: 'its usefulness is 0.20, below 0.3' });
    report('n1', 'draining', 1);
    expect(node('n1')).toMatchObject({ status: 'draining', reason: "the node reported 'draining'" });
  });
});
