import { expect, test } from 'vitest';
import { factsOf } from './child-spec.ts';

test('actors and workers have 5 s to stop, supervisors as long as they need', () => {
  const start = async () => undefined;
  const facts = (type: 'actor' | 'worker' | 'supervisor', more = {}) =>
    factsOf({ id: 'a', type, restart: 'permanent', start, ...more });
  expect(facts('actor')).toMatchObject({ shutdownMs: 5_000, significant: false });
  expect(facts('worker')).toMatchObject({ shutdownMs: 5_000 });
  expect(facts('supervisor')).toMatchObject({ shutdownMs: Number.POSITIVE_INFINITY });
  expect(facts('supervisor', { shutdownMs: 0 })).toMatchObject({ shutdownMs: 0 });
});
