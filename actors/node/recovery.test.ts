import { describe, expect, test } from 'vitest';
import type { TaskContext } from '../../runtime/define-actor.ts';
import { createActorHarness } from '../../tests/harness/actor-harness.ts';
import { memoryCollector } from '../../tests/harness/node.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { lexicalAssessor } from './assessor.ts';
import { collectTasks } from './collect.task.ts';
import { collectorRegistry } from './collectors/collector.ts';
import { createNode } from './node.ts';

describe('after a crash', () => {
  const assigned = {
    type: 'target.assigned',
    id: 'a'.repeat(64),
    assignment: 'a1',
    target: { type: 'memory', location: '' },
    exempt: false,
  };
  const listing = ['x', 'y', 'z'].map((name) => ({ name, bytes: 1, modifiedMs: 0 }));
  const batch = { batch: 'b0', id: assigned.id };

  /** A node whose tasks the test itself plays: what it is told is all that it sees. */
  function alone() {
    const harness = createActorHarness([
      createNode(defaultPipelineSettings, { collectors: [memoryCollector().collector] }),
    ]);
    harness.tell('node/n1', { type: 'node.started', session: 's', capabilities: ['memory'], capacity: 1 });
    harness.tell('node/n1', assigned);
    harness.tell('node/n1', {
      type: 'scan.done',
      input: assigned,
      output: { items: listing, total: 3, ignored: 0 },
    });
    const results = () =>
      harness.deadLetters.map(({ message }) => message).filter(({ type }) => type === 'collect.result');
    const files = () => (harness.ask('node/n1', 'status') as { files: object }).files;
    return { harness, results, files };
  }
  const decided = {
    type: 'submission.decided',
    batch: 'b0',
    accepted: 2,
    duplicates: 0,
    corroborated: 0,
    rejected: [{ index: 1, error: { code: 'artifact.invalid', recoverable: false } }],
    items: [
      { position: 0, outcome: 'accepted' },
      { position: 1, outcome: 'rejected' },
      { position: 2, outcome: 'accepted' },
    ],
  };
  const read = (...positions: number[]) => ({
    type: 'read.done',
    input: batch,
    output: {
      read: positions.map((position) => ({ position, bytes: 1, modifiedMs: 0 })),
      unreadable: [0, 1, 2]
        .filter((n) => !positions.includes(n))
        .map((position) => ({ position, reason: 'gone', transient: false })),
    },
  });

  test('what intake decided counts, not what a later attempt at reading found', () => {
    const { harness, results, files } = alone();
    harness.tell('node/n1', decided);
    expect(results()).toEqual([]);
    harness.tell('node/n1', read(1, 2));
    expect(files()).toMatchObject({ accepted: 2, rejected: 1, gone: 0 });
    expect(results()).toMatchObject([{ outcome: 'collected', assignment: 'a1' }]);
  });

  test('a decision may come before or after the result of reading', () => {
    const before = alone();
    before.harness.tell('node/n1', decided);
    before.harness.tell('node/n1', read(0, 1, 2));
    const after = alone();
    after.harness.tell('node/n1', read(0, 1, 2));
    expect(after.files()).toMatchObject({ offered: 3 });
    after.harness.tell('node/n1', decided);
    expect(after.files()).toEqual(before.files());
    expect(after.results()).toEqual(before.results());
    expect(after.results()).toMatchObject([{ items: 3, quality: 2 / 3 }]);
  });

  test('a repeated result changes nothing', () => {
    const { harness, results, files } = alone();
    for (const message of [read(0, 1, 2), decided]) harness.tell('node/n1', message);
    const once = files();
    harness.tell('node/n1', decided);
    expect(files()).toEqual(once);
    expect(results()).toHaveLength(1);
  });

  test('every attempt at a read task makes one call or none, so its number means the same batch', async () => {
    const { items, collector } = memoryCollector();
    const tasks = collectTasks(collectorRegistry([collector]), lexicalAssessor, defaultPipelineSettings.node);
    for (const { name } of listing) items.set(name, { content: `${name} `.repeat(60_000) });
    const { content } = createActorHarness([]);
    const attempt = async () => {
      const told: unknown[] = [];
      const context = {
        content,
        signal: new AbortController().signal,
        tell: async (_: string, message: unknown) => told.push(message),
      };
      const target = { type: 'memory', location: '', priority: 5, metadata: {} };
      const input = {
        ...batch,
        node: 'n1',
        target,
        exempt: false,
        items: listing.map(({ name }) => ({ name, retried: false })),
      };
      await tasks.read(input, context as unknown as TaskContext);
      return told;
    };
    expect(await attempt()).toMatchObject([{ positions: [0, 1, 2] }]);
    items.delete('x');
    expect(await attempt()).toMatchObject([{ positions: [1, 2] }]);
    items.clear();
    expect(await attempt()).toEqual([]);
  });
});
