import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultPipelineSettings } from '../settings.ts';
import { endEpoch, noAgreement } from './epochs.ts';
import { add, type Credit, moveOf, type Source, type Tally, withinBudget } from './outcomes.ts';

const settings = defaultPipelineSettings.reputation;
const tally = (
  source: Source,
  outcomes: readonly { good?: number; bad?: number; weight?: number }[],
): Tally =>
  outcomes.reduce<Tally>(
    (sum, { good = 0, bad = 0, weight = 1 }) => add(source, sum, { good, bad, weight, evidence: 'e' }),
    { good: 0, bad: 0, evidence: [] },
  );

describe('the outcomes of one epoch', () => {
  test('each verdict counts: +0.01 for a good one, −0.02 for a bad one', () => {
    expect(moveOf(tally('verdict', [{ good: 3 }, { bad: 1 }, { good: 2 }]), settings)).toBeCloseTo(0.03, 9);
  });

  test('a thousand accepted items are one good outcome', () => {
    expect(moveOf(tally('acceptance', [{ good: 999 }, { good: 1 }]), settings)).toBe(settings.goodStep);
  });

  test('votes come closer to one outcome with each voter, by the voter’s weight', () => {
    expect(tally('vote', [{ good: 40, weight: 0.5 }]).good).toBeCloseTo(0.5, 9);
    expect(
      tally('vote', [
        { good: 1, weight: 0.5 },
        { good: 1, weight: 0.8 },
      ]).good,
    ).toBeCloseTo(0.9, 9);
    expect(
      tally(
        'vote',
        Array.from({ length: 60 }, () => ({ bad: 1, weight: 0.5 })),
      ).bad,
    ).toBeLessThanOrEqual(1);
  });

  test('evidence is kept for the latest only', () => {
    expect(
      tally(
        'verdict',
        Array.from({ length: 30 }, () => ({ good: 1 })),
      ).evidence,
    ).toHaveLength(5);
  });
});

test('however long they go on, acceptance and votes move a score only within their budgets', () => {
  const moves = fc.array(
    fc.tuple(fc.constantFrom<Source>('acceptance', 'vote'), fc.double({ min: -0.1, max: 0.1, noNaN: true })),
  );
  fc.assert(
    fc.property(moves, (all) => {
      let credit: Credit = { acceptance: 0, vote: 0 };
      let sum = 0;
      for (const [source, move] of all) {
        const next = withinBudget(credit, source, move, settings);
        credit = next.credit;
        sum += next.by;
      }
      expect(sum).toBeCloseTo(credit.acceptance + credit.vote, 9);
      expect(Math.abs(credit.acceptance)).toBeLessThanOrEqual(settings.acceptanceMax);
      expect(Math.abs(credit.vote)).toBeLessThanOrEqual(settings.votesMax);
    }),
  );
});

describe('confirmation', () => {
  /** Ends epochs of so many good and bad verdicts; the sum of what was confirmed. */
  const confirmed = (epochs: readonly (readonly [good: number, bad: number])[]): number => {
    let agreement = noAgreement;
    let sum = 0;
    for (const [good, bad] of epochs) {
      const result = endEpoch(agreement, { good, bad, evidence: [] }, settings);
      agreement = result.agreement;
      sum += result.confirmed?.move ?? 0;
    }
    return Math.round(sum * 1e6) / 1e6;
  };

  test('nothing moves that fewer than three epochs agree on', () => {
    const verdicts = fc.constantFrom<[number, number]>([1, 0], [0, 1], [2, 1]);
    const undecided = fc.array(verdicts, { maxLength: 9 }).filter((epochs) => {
      const signs = epochs.map(([good, bad]) => Math.sign(good - 2 * bad)).join(',');
      return !signs.includes('1,1,1') && signs.split('-1').length <= 3;
    });
    fc.assert(
      fc.property(undecided, (epochs) => {
        expect(confirmed(epochs)).toBe(0);
      }),
    );
  });

  test('a node that alternates does not escape: bad epochs wait for one another', () => {
    expect(
      confirmed([
        [1, 0],
        [0, 1],
        [1, 0],
        [0, 1],
        [1, 0],
        [0, 1],
      ]),
    ).toBe(-0.06);
  });

  test('three good epochs in a row forgive the bad ones that nothing has confirmed', () => {
    expect(
      confirmed([
        [0, 1],
        [0, 1],
        [1, 0],
        [1, 0],
        [1, 0],
        [0, 1],
        [0, 1],
      ]),
    ).toBe(0.03);
  });
});
