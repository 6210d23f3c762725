import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { someReport } from '../report.fixture.ts';
import { bars } from './bars.ts';
import { flow } from './flow.ts';
import { histogram } from './histogram.ts';
import { across } from './picture.ts';
import { steps } from './steps.ts';

const caption = { id: 'p', title: 'Title', description: 'Description.' };
const widths = (picture: { toString(): string }, kind: string): number[] =>
  [...picture.toString().matchAll(new RegExp(`class="${kind}"[^>]*width="([\\d.]+)%"`, 'g'))].map(
    ([, width]) => Number(width),
  );

test('a share lies between 0 % and 100 %, whatever is given', () => {
  fc.assert(
    fc.property(fc.double(), fc.double(), (part, whole) => {
      const share = Number(across(part, whole).slice(0, -1));
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(100);
    }),
  );
});

test('bars are as long as their counts are large, the largest fills the width', () => {
  const items = [10, 5, 0].map((count) => ({ name: `n${count}`, count }));
  const { picture, numbers } = bars(caption, items, { what: 'name', measure: 'count' });
  expect(widths(picture, 'kept')).toEqual([100, 50, 0]);
  expect(numbers.rows).toEqual([
    ['n10', '10'],
    ['n5', '5'],
    ['n0', '0'],
  ]);
});

test('the flow has one scale: each stage and its losses together are as long as the stage before', () => {
  const { picture, numbers } = flow(caption, someReport().flow);
  const [collected = 0, accepted = 0] = widths(picture, 'kept');
  expect(collected).toBe(100);
  expect(accepted).toBeCloseTo((1_010 / 1_284) * 100, 1);
  expect(numbers.rows).toContainEqual(['', 'refused by intake', '−42']);
});

test('many reasons are summed up and none is lost', () => {
  const losses = Array.from({ length: 30 }, (_, n) => ({
    name: `r${n}`,
    count: 1,
    kind: 'refused' as const,
  }));
  const { numbers } = flow(caption, [{ name: 'Collected', count: 30, losses }]);
  expect(numbers.rows).toHaveLength(9);
  expect(numbers.rows.at(-1)).toEqual(['', '23 further reasons', '−23']);
});

test('a histogram has a column for each step that occurs', () => {
  const { picture, numbers } = histogram(caption, [0, 2, 4, 0], { measure: 'quality', what: 'examples' });
  expect([...picture.toString().matchAll(/class="kept"[^>]*height="(\d+)"/g)].map(([, px]) => px)).toEqual([
    '60',
    '120',
  ]);
  expect(numbers.rows).toHaveLength(4);
});

describe('a course', () => {
  const bounds = { min: 0.1, neutral: 0.5, max: 0.9 };
  const at = (minute: number): string => new Date(minute * 60_000).toISOString();
  const pathOf = (...scores: number[]): string => {
    const points = scores.map((score, index) => ({ at: at(index), score }));
    return (
      /<path[^>]* d="([^"]*)"/.exec(
        steps(caption, { points, untilIso: at(2), bounds }).picture.toString(),
      )?.[1] ?? ''
    );
  };

  test('stays until it changes and runs to the end', () => {
    expect(pathOf(0.5, 0.9)).toBe('M0 48 H500 V2 H1000');
  });

  test('outside the usual bounds is shown whole', () => {
    expect(pathOf(0.5, 1)).toMatch(/V2 H1000$/);
  });
});
