import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultPipelineSettings } from '../settings.ts';
import { balance } from './balance.ts';

const settings = defaultPipelineSettings.curator;
const waitingIn = (...domains: string[]) =>
  domains.map((domain, key) => ({ key: String(key).padStart(4, '0'), domain }));
const repeat = (domain: string, times: number): string[] => Array.from({ length: times }, () => domain);

test('with fewer than four domains everything is published', () => {
  expect(balance(waitingIn(...repeat('a', 50), 'b', 'c'), 400, settings)).toHaveLength(52);
});

test('with four domains none has more than 30 % of the version, and the oldest go first', () => {
  const members = balance(
    waitingIn(...repeat('a', 20), ...repeat('b', 3), ...repeat('c', 3), ...repeat('d', 3)),
    400,
    settings,
  );
  const ofA = members.filter(({ domain }) => domain === 'a');
  expect(members).toHaveLength(12);
  expect(ofA.map(({ key }) => Number(key))).toEqual([0, 1, 2]);
});

test('the choice is balanced, in order, within the maximum, and none larger is', () => {
  const domains = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 80 });
  fc.assert(
    fc.property(domains, fc.integer({ min: 5, max: 60 }), (names, max) => {
      const waiting = waitingIn(...names);
      const members = balance(waiting, max, settings);
      const count = (list: readonly { domain: string }[]) =>
        Object.values(Object.groupBy(list, ({ domain }) => domain)).map((group) => group?.length ?? 0);
      expect(members.length).toBeLessThanOrEqual(max);
      expect(members.map(({ key }) => key)).toEqual(members.map(({ key }) => key).toSorted());
      if (count(waiting).length < 4) return members.length === Math.min(max, names.length);
      if (count(members).length >= 4)
        expect(Math.max(...count(members))).toBeLessThanOrEqual(
          Math.max(1, Math.floor(members.length * 0.3)),
        );
      for (let size = Math.min(max, names.length); size > members.length; size--) {
        const cap = Math.max(1, Math.floor(size * 0.3));
        expect(count(waiting).reduce((sum, n) => sum + Math.min(n, cap), 0)).toBeLessThan(size);
      }
      return members.length > 0;
    }),
    { numRuns: 200 },
  );
});
