import { describe, expect, test } from 'vitest';
import { createActorHarness } from '../../../tests/harness/actor-harness.ts';
import type { Artifact } from '../../artifact.ts';
import { offer, someArtifact } from '../../artifact.fixture.ts';
import { intakeContract } from '../../intake/contract.ts';
import { phoenixContract } from '../../phoenix/contract.ts';
import { recorder } from '../../recorder.fixture.ts';
import { reputationContract } from '../../reputation/contract.ts';
import { defaultPipelineSettings } from '../../settings.ts';
import { createCoordinator } from '../coordinator.ts';
import type { ShownPatterns } from './query.ts';

const { intervalMs, windowMs, batchMax } = defaultPipelineSettings.coordinator.patterns;

function start() {
  const h = createActorHarness([
    createCoordinator(defaultPipelineSettings),
    recorder(intakeContract).actor,
    recorder(phoenixContract).actor,
    recorder(reputationContract).actor,
  ]);
  return {
    ...h,
    time: () => h.nowMs,
    offer: (...artifacts: Artifact[]) => h.tell('coordinator/main', offer('b', ...artifacts)),
    patterns: (limit?: number) =>
      h.ask('coordinator/main', 'patterns', limit === undefined ? {} : { limit }) as ShownPatterns & {
        version: number;
      },
    found: () => h.events.filter(({ name }) => name === 'pattern-found').map(({ payload }) => payload),
    armed: () => h.timers.get('coordinator/main|patterns'),
    rowsOfRuns: () =>
      h.turns.filter(({ type }) => type === 'patterns.due').map(({ rowsWritten }) => rowsWritten),
  };
}

const WORDS: Readonly<Record<string, string>> = {
  storage: 'disk volume filesystem inode journal snapshot',
  baking: 'butter flour sugar oven dough recipe',
};

/** Texts about a subject, each in words of its own order; `from` keeps their ids apart. */
const about = (subject: string, from: number, count: number): Artifact[] =>
  Array.from({ length: count }, (_, i) => {
    const words = (WORDS[subject] ?? '').split(' ');
    const turned = words.map((_word, j) => words[(j * (1 + (i % 5)) + i) % words.length]);
    return someArtifact(from + i, { excerpt: `${turned.join(' ')} ${subject}`, source: `${subject}/${i}` });
  });

describe('looking for patterns', () => {
  test('a run follows the first acceptance by half a minute, and takes in all that came meanwhile', () => {
    const c = start();
    c.offer(...about('storage', 0, 6));
    c.advance(intervalMs - 1);
    c.offer(...about('baking', 100, 6));
    expect(c.patterns()).toMatchObject({ run: 0, at: null, patterns: [] });
    c.advance(1);
    expect(c.patterns()).toMatchObject({ run: 1, at: new Date(c.time()).toISOString(), considered: 12 });
    expect(c.armed()).toBeUndefined();
    c.offer(...about('baking', 200, 1));
    expect(c.armed()?.dueMs).toBe(c.time() + intervalMs);
  });

  test('duplicates and corroborations are no new artifacts', () => {
    const c = start();
    c.offer(...about('storage', 0, 12));
    c.advance(intervalMs);
    c.offer(...about('storage', 0, 12).map((artifact) => ({ ...artifact, node: 'n2' })));
    expect(c.armed()).toBeUndefined();
  });

  test('a new pattern is announced once, with what explains it; a read shows the same', () => {
    const c = start();
    c.offer(...about('storage', 0, 12), ...about('baking', 100, 12));
    c.advance(intervalMs);
    const { patterns, version } = c.patterns();
    expect(c.found().map(({ id }) => id)).toEqual(
      expect.arrayContaining(patterns.filter(({ confidence }) => confidence > 0).map(({ id }) => id)),
    );
    const [first] = patterns;
    expect(first?.samples.map(({ source }) => source.split('/')[0])).toHaveLength(3);
    expect(new Set(first?.samples.map(({ source }) => source.split('/')[0])).size).toBe(1);
    expect(first?.terms.every(({ weight }) => weight > 0 && weight <= 1)).toBe(true);
    expect(c.found()[0]).toMatchObject({
      run: 1,
      confidence: expect.any(Number),
      samples: expect.any(Array),
    });
    c.offer(...about('storage', 50, 3));
    c.advance(intervalMs);
    expect(new Set(c.found().map(({ id }) => id)).size).toBe(c.found().length);
    expect(c.patterns().version).toBe(version + 2);
  });

  test('as many are shown as were asked for, those with most members first', () => {
    const c = start();
    c.offer(...about('storage', 0, 20), ...about('baking', 100, 10));
    c.advance(intervalMs);
    const all = c.patterns().patterns;
    expect(all.map(({ members }) => members)).toEqual(
      all.map(({ members }) => members).sort((a, b) => b - a),
    );
    expect(c.patterns(1).patterns).toEqual(all.slice(0, 1));
  });

  test('a pattern without members for a day is shown no more, whether or not a run follows', () => {
    const c = start();
    c.offer(...about('storage', 0, 12));
    c.advance(intervalMs);
    c.advance(windowMs - intervalMs - 1);
    expect(c.patterns().patterns.length).toBeGreaterThan(0);
    c.advance(1);
    expect(c.patterns().patterns).toEqual([]);
  });

  test('of a rush, a sample spread over it is taken in, and a run writes few rows', () => {
    const c = start();
    for (let from = 0; from < 900; from += 60) c.offer(...about('storage', from, 60));
    c.advance(intervalMs);
    const { considered, patterns } = c.patterns();
    expect(considered).toBeGreaterThan(batchMax / 2 - 1);
    expect(considered).toBeLessThanOrEqual(batchMax);
    expect(patterns.reduce((sum, { members }) => sum + members, 0)).toBe(considered);
    expect(Math.max(...c.rowsOfRuns())).toBeLessThan(40);
    expect(c.deadLetters).toEqual([]);
  });

  test('what waits costs one row of a turn, however many artifacts it accepts', () => {
    const rows = (patternsOf: number): number => {
      const c = start();
      c.offer(...about('storage', 0, patternsOf));
      return c.turns[0]?.rowsWritten ?? 0;
    };
    // Each further artifact of the same node and domain writes its own rows and none for the patterns.
    expect(rows(20) - rows(19)).toBe(rows(10) - rows(9));
  });

  test('a run that never came is made up for', () => {
    const c = start();
    c.offer(...about('storage', 0, 12));
    c.timers.delete('coordinator/main|patterns');
    c.advance(2 * intervalMs + 1);
    c.offer(...about('storage', 50, 1));
    c.advance(intervalMs);
    expect(c.patterns()).toMatchObject({ run: 1, considered: 13 });
  });

  test('the same artifacts at the same times give the same patterns', () => {
    const run = (): ShownPatterns => {
      const c = start();
      c.offer(...about('storage', 0, 30), ...about('baking', 100, 30));
      c.advance(intervalMs);
      return c.patterns();
    };
    expect(run()).toEqual(run());
  });
});
