/** Schedules that broke a rule once, as small as they could be made. */
import { describe, expect, test } from 'vitest';
import { describeFailure } from './report.ts';
import type { Scenario } from './scenario.ts';
import { simulate } from './simulate.ts';

const UNLIMITED = 2 ** 30;
const EXACT = { skewMs: 0, drift: 0, mailboxBytes: UNLIMITED } as const;

const FOUND: Readonly<Record<string, Scenario>> = {
  'a partition that was taken and trimmed meanwhile is lost, and not a truncated log': {
    seed: 52,
    machines: 3,
    partitions: 8,
    clients: 1,
    workloads: ['large'],
    messages: 140,
    durationMs: 102_000,
    checkpoints: { intervalMs: 1_000, rows: 5, trimBytes: 1 },
    ...EXACT,
    faults: [
      { kind: 'seize', atMs: 748, machine: 0, partition: 5 },
      { kind: 'cut-off', atMs: 73_299, machine: 0, forMs: 6_000 },
      { kind: 'seize', atMs: 75_059, machine: 2, partition: 5 },
    ],
  },
  'who thaws with its lanes removed claims under a new name': {
    seed: 291,
    machines: 2,
    partitions: 4,
    clients: 1,
    workloads: ['timers-tasks'],
    messages: 96,
    durationMs: 56_000,
    checkpoints: { intervalMs: 1_000, rows: 500, trimBytes: 10_000_000 },
    ...EXACT,
    faults: [
      { kind: 'move', atMs: 19_681, machine: 0, partition: 0 },
      { kind: 'freeze', atMs: 42_153, machine: 0, forMs: 20_000 },
      { kind: 'contend', atMs: 52_864, machine: 0, times: 3, everyMs: 100 },
    ],
  },
  'a task whose tell was given up makes room for others': {
    seed: 250,
    machines: 2,
    partitions: 5,
    clients: 1,
    workloads: ['timers-tasks'],
    messages: 388,
    durationMs: 103_000,
    checkpoints: { intervalMs: 1_000, rows: 500, trimBytes: 50_000 },
    ...EXACT,
    faults: [
      { kind: 'weather', atMs: 66_927, forMs: 20_000, weather: { answerLost: 0.2 } },
      { kind: 'cut-off', atMs: 77_999, machine: 0, forMs: 20_000 },
      { kind: 'contend', atMs: 95_016, machine: 0, times: 5, everyMs: 100 },
    ],
  },
  'a reader that falls silent before it has brought its own claim is opened anew': {
    seed: 10_218,
    machines: 2,
    partitions: 7,
    clients: 3,
    workloads: ['bank', 'large'],
    messages: 119,
    durationMs: 96_000,
    checkpoints: { intervalMs: 200, rows: 50, trimBytes: 2_000 },
    ...EXACT,
    faults: [
      { kind: 'stop', atMs: 84_363, machine: 0, downMs: 200, graceMs: 5_000 },
      { kind: 'streams-silent', atMs: 84_673, machine: 0 },
    ],
  },
};

describe('schedules that were found', () => {
  test.each(Object.entries(FOUND))('%s', async (_, scenario) => {
    const outcome = await simulate(scenario);
    expect(outcome.violations, describeFailure(outcome)).toEqual([]);
  });
});
