import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANSWERS } from './answers.ts';
import { checkSchedule, checkSeed } from './check-schedule.ts';
import { Erlang } from './erlang.ts';
import type { AutoShutdown, Schedule, ScheduledWorker } from './schedule.ts';

const SEEDS = 300;
const BATCH = 50;

const worker = (id: string, facts: Partial<ScheduledWorker>): ScheduledWorker => ({
  id,
  type: 'worker',
  restart: 'permanent',
  significant: false,
  shutdown: 'long',
  starts: [],
  stops: [],
  ...facts,
});
const schedule = (autoShutdown: AutoShutdown, children: readonly ScheduledWorker[]): Schedule => ({
  seed: 0,
  root: {
    id: 'root',
    type: 'supervisor',
    depth: 0,
    restart: 'permanent',
    significant: false,
    strategy: 'one_for_one',
    intensity: 1,
    autoShutdown,
    children,
  },
  steps: [],
});

let erlang: Erlang;
beforeAll(async () => {
  erlang = await Erlang.start();
});
afterAll(() => erlang.stop());

describe('under a random schedule, children start, stop, restart and end in the order of OTP’s supervisor', () => {
  const answers = new Set<string>();

  for (let first = 1; first <= SEEDS; first += BATCH) {
    test(`seeds ${first} to ${first + BATCH - 1}`, async () => {
      for (let seed = first; seed < first + BATCH; seed++) {
        const { oracle, failure } = await checkSeed(erlang, seed);
        // Also the message: whoever reads a log of CI sees both sides and how to see them again.
        expect(failure, failure).toBeUndefined();
        for (const answer of oracle.answers) answers.add(answer);
      }
    });
  }

  test('and calls have had every answer that OTP gives', () => {
    // Else the schedules compare too little.
    expect([...answers].sort()).toEqual(ANSWERS.toSorted());
  });
});

describe('what OTP refuses to start with is refused', () => {
  const permanent = worker('a', { significant: true });
  const transient = worker('a', { significant: true, restart: 'transient' });

  test.each<[string, Schedule]>([
    ['a significant child that is permanent', schedule('any_significant', [permanent])],
    ['and where all significant children count', schedule('all_significant', [permanent])],
    ['a significant child without automatic shutdown', schedule('never', [transient])],
    ['the same id twice', schedule('never', [worker('a', {}), worker('a', {})])],
    [
      'a negative intensity',
      { ...schedule('never', []), root: { ...schedule('never', []).root, intensity: -1 } },
    ],
  ])('%s', async (_, refused) => {
    const { oracle, failure } = await checkSchedule(erlang, refused);
    expect(oracle.steps).toEqual([{ step: 'boot', events: ['boot-failed'] }]);
    expect(failure).toBeUndefined();
  });

  test('a child whose specification is refused is not started by a call either', async () => {
    const { oracle, failure } = await checkSchedule(erlang, {
      ...schedule('never', [worker('b', {})]),
      steps: [{ type: 'start_child', supervisor: 'root', child: transient }],
    });
    expect(oracle.answers).toEqual(['error']);
    expect(failure).toBeUndefined();
  });
});

test('a significant child between two restart attempts still counts as one that runs', async () => {
  const { root } = schedule('all_significant', [
    worker('a', { restart: 'transient', significant: true }),
    worker('b', { restart: 'transient', significant: true, starts: ['ok', 'slow'] }),
  ]);
  // Too rare among the random ones: the other one ends while an attempt is about to fail.
  const { oracle, failure } = await checkSchedule(erlang, {
    seed: 0,
    root: { ...root, strategy: 'one_for_all', intensity: 3 },
    steps: [
      { type: 'exit', pick: 1, reason: 'error' },
      { type: 'exit', pick: 0, reason: 'normal' },
      { type: 'release', pick: 0, outcome: 'fail' },
    ],
  });
  expect(oracle.steps.at(-2)).toMatchObject({
    step: 'release_start b fail',
    snapshot: 'root(a=up,b=up)2/2/0/2',
  });
  expect(failure, failure).toBeUndefined();
});
