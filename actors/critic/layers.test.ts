import fc from 'fast-check';
import { expect, test } from 'vitest';
import { someScenario } from '../scenario.fixture.ts';
import { defaultPipelineSettings } from '../settings.ts';
import {
  confidenceOf,
  decide,
  judgeEvidence,
  judgeSafety,
  judgeSemantics,
  judgeStructure,
} from './layers.ts';

const settings = defaultPipelineSettings.critic;
const terms = fc.subarray(['one', 'two', 'three', 'four', 'five']);
const evidence = fc.option(
  fc.record({
    exists: fc.boolean(),
    hashMatches: fc.boolean(),
    missingTerms: terms,
    missingQuotes: fc.subarray(['a made-up sentence']),
  }),
  { nil: undefined },
);

test('nothing passes that evidence could not verify below 0.85, and every refusal says why', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), evidence, (confidence, found) => {
      const scenario = someScenario(1, { confidence });
      const layers = [
        judgeStructure(scenario, settings),
        judgeEvidence(scenario, found),
        judgeSafety(scenario),
        judgeSemantics(),
      ];
      const sure = confidenceOf(scenario, found);
      const decision = decide(layers, sure, settings);
      const failed = layers.filter(({ result }) => result === 'failed');
      const verified = layers[1]?.result === 'passed';
      expect(sure).toBeGreaterThanOrEqual(0);
      expect(sure).toBeLessThanOrEqual(1);
      if (failed.length > 0) expect(decision).toBe('reject');
      else expect(decision).toBe(verified || sure >= 0.85 ? 'accept' : 'review');
      for (const { result, reasons } of layers)
        if (result !== 'passed') expect(reasons.join('')).toMatch(/\w+ \w+/);
    }),
    { numRuns: 200 },
  );
});
