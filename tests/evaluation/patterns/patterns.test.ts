/** The campaign's small sister: made-up topics only, the same on every machine, with floors far below what is usual. */
import { describe, expect, test } from 'vitest';
import { defaultPipelineSettings } from '../../../actors/settings.ts';
import { madeUpTopics } from './corpora.ts';
import { judge } from './judge.ts';
import { mutualInformation, purity } from './measures.ts';

const settings = defaultPipelineSettings.coordinator.patterns;

describe('patterns of made-up topics', () => {
  test.for([1, 2])(
    'agree with the topics nearly as well as k-means that sees all at once (seed %i)',
    (seed) => {
      const judged = judge(madeUpTopics(String(seed), 6, 40), {
        arrival: 'mixed',
        perRun: 40,
        seed: String(seed),
        settings,
      });
      expect(judged.purity).toBeGreaterThan(0.8);
      expect(judged.mutualInformation).toBeGreaterThan(0.7);
      expect(judged.mutualInformation).toBeGreaterThan(judged.batch.mutualInformation - 0.2);
      expect(judged.stability).toBeGreaterThan(0.85);
      expect(judged.coverage).toBeGreaterThan(0.9);
    },
  );

  test('that come one after the other, a few artifacts a run, are told apart', () => {
    const judged = judge(madeUpTopics('3', 5, 20), { arrival: 'sorted', perRun: 10, seed: '3', settings });
    expect(judged.purity).toBeGreaterThan(0.6);
    expect(judged.stability).toBeGreaterThan(0.7);
  });
});

describe('measures', () => {
  test('purity and mutual information are 1 for the labels themselves, and low for one cluster', () => {
    const labels = ['a', 'a', 'b', 'b'];
    expect([purity(labels, [1, 1, 2, 2]), mutualInformation(labels, [1, 1, 2, 2])]).toEqual([1, 1]);
    expect([purity(labels, [1, 1, 1, 1]), mutualInformation(labels, [1, 1, 1, 1])]).toEqual([0.5, 0]);
  });

  test('a text without a pattern counts against purity', () => {
    expect(purity(['a', 'a'], [1, null])).toBe(0.5);
  });
});
