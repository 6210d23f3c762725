import { expect, test } from 'vitest';
import { createActorHarness } from '../../tests/harness/actor-harness.ts';
import { someScenario, someVerdict } from '../scenario.fixture.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { createCurator } from './curator.ts';

function start() {
  const h = createActorHarness([createCurator(defaultPipelineSettings)]);
  return {
    judge: (n: number, excerpt: string) => {
      const scenario = someScenario(n, { excerpt });
      h.tell('curator/main', { type: 'scenario.judged', scenario, verdict: someVerdict(scenario) });
    },
    gates: () => (h.ask('curator/main', 'stats') as { gates: Record<string, unknown> }).gates,
    refusals: () => h.ask('curator/main', 'refusals'),
  };
}

const words = (count: number, name = 'word'): string[] =>
  Array.from({ length: count }, (_, n) => `${name}${n} server`);

test('what is nearly an example of the dataset is refused with the example that it is like', () => {
  const c = start();
  const text = words(100);
  c.judge(1, text.join(' '));
  c.judge(2, text.with(50, 'other server').join(' '));
  c.judge(3, text.slice(0, 60).join(' '));
  expect(c.gates()['near-duplicates']).toEqual({ passed: 2, refused: 1 });
  expect(c.refusals()).toMatchObject({
    refusals: [
      {
        gate: 'near-duplicates',
        reason: expect.stringMatching(/^the example [0-9a-f]{12} has at least 90 %/),
      },
    ],
  });
});

test('what differs only in what is masked is nearly the same', () => {
  const c = start();
  const text = words(60).join(' ');
  c.judge(1, `Author: Ann Smith. ${text} done`);
  c.judge(2, `Author: Bob Jones. ${text} done.`);
  expect(c.gates()['near-duplicates']).toEqual({ passed: 1, refused: 1 });
});

test('many examples under the same keys do not make a turn long', () => {
  const c = start();
  for (let n = 0; n < 60; n++) c.judge(n, [...words(30), ...words(12, `own${n}x`)].join(' '));
  expect(c.gates()['near-duplicates']).toEqual({ passed: 60, refused: 0 });
});
