import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeGrowth } from './growth-verdict.ts';

test('a run that has grown and then stays is flat', () => {
  const samples = [...Array.from({ length: 50 }, (_, n) => n), ...Array.from({ length: 50 }, () => 50)];
  expect(judgeGrowth('rows', samples)).toEqual({
    name: 'rows',
    peaks: [24, 49, 50, 50],
    percent: 0,
    flat: true,
  });
});

test('a log that fills up and is trimmed again and again is flat, wherever the run ends', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 20 }), fc.integer({ min: 160, max: 400 }), (period, length) => {
      const samples = Array.from({ length }, (_, n) => n % period);
      expect(judgeGrowth('mailbox', samples)).toMatchObject({ percent: 0, flat: true });
    }),
  );
});

test('steady growth is not, nor is what appears in the last quarter', () => {
  const steady = Array.from({ length: 100 }, (_, n) => 100 + n);
  expect(judgeGrowth('memory', steady)).toMatchObject({ flat: false });
  expect(judgeGrowth('dead letters', [0, 0, 0, 1])).toMatchObject({ flat: false });
});

test('nothing at all is flat', () => {
  expect(judgeGrowth('dead letters', [0, 0, 0, 0])).toMatchObject({ percent: 0, flat: true });
});
