import { describe, expect, test } from 'vitest';
import { ANSWERS } from '../otp/answers.ts';
import { checkSeed } from './check-schedule.ts';

const SEEDS = 1000;
const BATCH = 250;

/** What the schedules must have brought about, or they compare too little. The last: the child is still slow when its schedule is over. */
const SEEN = [...ANSWERS, 'none'];
const EVENTS = [
  'start',
  'started',
  'ignored',
  'start-failed',
  'stop',
  'kill',
  'exited error',
  'exited killed',
  'exited normal',
  'exited shutdown',
];

describe('random trees do what an independent model does: the order, the times, the answers, the intensity', () => {
  const answers = new Set<string>();
  const events = new Set<string>();

  for (let first = 1; first <= SEEDS; first += BATCH) {
    test(`seeds ${first} to ${first + BATCH - 1}`, async () => {
      for (let seed = first; seed < first + BATCH; seed++) {
        const { model, failure } = await checkSeed(seed);
        // Also the message: whoever reads a log of CI sees both sides and how to see them again.
        expect(failure, failure).toBeUndefined();
        for (const answer of model.answers) answers.add(answer);
        for (const step of model.steps)
          for (const event of step.events) events.add(event.split(' ').slice(2).join(' '));
      }
    });
  }

  test('and everything has occurred that can be answered and observed', () => {
    expect([...answers].sort()).toEqual(SEEN.toSorted());
    expect([...events].sort()).toEqual(EVENTS.toSorted());
  });
});
