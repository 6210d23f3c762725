import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomSequence } from '../../runtime/randomness.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { type Calibration, compare, endCycle, faded, noCalibration, summaryOf } from './calibration.ts';

const settings = defaultPipelineSettings.reputation;

interface Judged {
  readonly claimed: number;
  readonly isGood: boolean;
}
const cycle = (before: Calibration, verdicts: readonly Judged[]): Calibration =>
  endCycle(
    verdicts.reduce((sum, { claimed, isGood }) => compare(sum, claimed, isGood, settings), before),
    settings,
  ).calibration;
/** So many good and bad verdicts on items for which the same was claimed. */
const verdicts = (claimed: number, good: number, bad: number): Judged[] => [
  ...Array.from({ length: good }, () => ({ claimed, isGood: true })),
  ...Array.from({ length: bad }, () => ({ claimed, isGood: false })),
];
const after = (cycles: readonly (readonly Judged[])[]): Calibration =>
  cycles.reduce(cycle, noCalibration(settings));

describe('exaggeration', () => {
  test('costs its own size within three cycles', () => {
    expect(after(Array.from({ length: 3 }, () => verdicts(0.95, 2, 3))).penalty).toBeCloseTo(0.55, 5);
  });

  test('costs nothing before three cycles have shown it', () => {
    expect(after(Array.from({ length: 2 }, () => verdicts(0.95, 0, 10))).penalty).toBe(0);
  });

  test('says what was claimed and what came of it', () => {
    const bold = Array.from({ length: 3 }).reduce<Calibration>(
      (sum) => cycle(sum, verdicts(0.9, 1, 3)),
      noCalibration(settings),
    );
    const { evidence } = endCycle(bold, settings);
    expect(evidence[0]).toBe('claims of 0.80–1.00: 0.90 on average, 24 % of about 10 verdicts were good');
    expect(summaryOf(bold)).toMatchObject({ penalty: 0.65, claimed: 0.9 });
  });

  test('for bad items is not made up for by modest claims for good ones', () => {
    const hedged = [...verdicts(0.3, 6, 0), ...verdicts(0.95, 0, 3)];
    const { penalty } = after(Array.from({ length: 3 }, () => hedged));
    expect(summaryOf(after([hedged])).claimed).toBeLessThan(summaryOf(after([hedged])).good ?? 0);
    expect(penalty).toBe(settings.calibrationPenaltyMax);
  });

  test('ends: what a node claims from then on outweighs what it claimed before', () => {
    const bold = after(Array.from({ length: 3 }, () => verdicts(0.9, 2, 3)));
    expect(bold.penalty).toBeGreaterThan(0);
    const honest = Array.from({ length: 12 }, () => verdicts(0.9, 9, 1)).reduce(cycle, bold);
    expect(honest.penalty).toBe(0);
  });

  test('fades with inactivity', () => {
    const bold = after(Array.from({ length: 3 }, () => verdicts(0.95, 0, 5)));
    expect(faded(bold, 0.5).penalty).toBeCloseTo(bold.penalty / 2, 9);
    expect(faded(bold, 1e-6).penalty).toBe(0);
    expect(cycle(faded(bold, 0.01), verdicts(0.95, 5, 0)).penalty).toBe(0);
  });
});

describe('who does not exaggerate', () => {
  test('is never penalised for modesty', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(12), fc.nat(3), (share, good, bad) => {
        const claimed = (share * good) / Math.max(1, good + bad);
        const modest = Array.from({ length: 4 }, () => verdicts(claimed, good, bad));
        expect(after(modest).penalty).toBe(0);
      }),
    );
  });

  test('and has bad luck is not: two bad verdicts of five, or one of one, prove nothing', () => {
    expect(after([verdicts(0.9, 3, 0), verdicts(0.9, 0, 1), verdicts(0.9, 0, 1)]).penalty).toBe(0);
    expect(after([verdicts(1, 0, 1), [], []]).penalty).toBe(0);
  });
});

/** The share of nodes that are penalised within so many cycles; `draw` gives a claim and its true chance. */
function penalised(
  nodes: number,
  cycles: number,
  perCycle: number,
  draw: (random: () => number) => [claim: number, chance: number],
): number {
  let count = 0;
  for (let node = 0; node < nodes; node++) {
    const random = randomSequence(`calibration ${node}`);
    let calibration = noCalibration(settings);
    for (let n = 0; n < cycles && calibration.penalty === 0; n++) {
      const judged = Array.from({ length: perCycle }, () => {
        const [claimed, chance] = draw(random);
        return { claimed, isGood: random() < chance };
      });
      calibration = cycle(calibration, judged);
    }
    if (calibration.penalty > 0) count++;
  }
  return count / nodes;
}

describe('over many nodes', () => {
  const honest = (random: () => number): [number, number] => {
    const claim = 0.5 + 0.49 * random();
    return [claim, claim];
  };

  test.each([2, 5, 10])(
    'fewer than 1 in 100 honest ones are penalised in 30 cycles of %i verdicts',
    (perCycle) => {
      expect(penalised(1_000, 30, perCycle, honest)).toBeLessThan(0.01);
    },
  );

  test('most that claim 0.95 and are right half of the time are, within 3 cycles', () => {
    const inflated = (): [number, number] => [0.95, 0.5];
    expect(penalised(1_000, 3, 2, inflated)).toBeGreaterThan(0.6);
    expect(penalised(1_000, 3, 5, inflated)).toBeGreaterThan(0.85);
    expect(penalised(1_000, 3, 10, inflated)).toBeGreaterThan(0.98);
  });
});
