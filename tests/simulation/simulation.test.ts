import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PORTS, productionBehind, sourcesBelow } from './ports.ts';
import { describeFailure } from './report.ts';
import { scenarioOf } from './scenario.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';
import { simulateTruncation } from './truncation.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));
/** Seeds of this file; a campaign takes as many as one has time for. */
const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 240);
const GROUPS = 8;

describe('the core under faults', () => {
  const perGroup = Math.ceil(SEEDS / GROUPS);
  for (let group = 0; group < GROUPS; group++) {
    const first = 1 + group * perGroup;
    test(`loses, doubles and invents nothing: seeds ${first} to ${first + perGroup - 1}`, async () => {
      for (let seed = first; seed < first + perGroup; seed++) {
        const outcome = await simulate(seed);
        expect(outcome.violations, describeFailure(outcome)).toEqual([]);
      }
    }, 120_000);
  }
});

describe('a log that lost acknowledged entries', () => {
  test('stops the partitions that have applied them, and only those', async () => {
    let concerned = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const truncated = await simulateTruncation(seed);
      expect(truncated.violations, `seed ${seed}`).toEqual([]);
      concerned += truncated.concerned;
    }
    expect(concerned).toBeGreaterThan(0);
  });
});

describe('the simulation', () => {
  test('is exact: the same seed gives the same events', async () => {
    for (const seed of [3, 17, 99]) {
      const [first, second] = [await simulate(seed), await simulate(seed)];
      expect(second.hash).toBe(first.hash);
      expect(second.stats).toEqual(first.stats);
    }
  });

  test('differs from seed to seed', async () => {
    expect((await simulate(4)).hash).not.toBe((await simulate(5)).hash);
  });

  test('stands in for the ports and for nothing else', () => {
    const sources = sourcesBelow(HERE).filter((path) => !path.endsWith('.test.ts'));
    const wrong = sources.flatMap((path) => {
      const text = readFileSync(path, 'utf8');
      const implemented = [...text.matchAll(/\bimplements ([\w, ]+)/g)].flatMap((match) =>
        (match[1] ?? '').split(',').map((name) => name.trim()),
      );
      const extended = [...text.matchAll(/\bclass \w+ extends (\w+)/g)].map((match) => match[1] ?? '');
      return [
        ...implemented.filter((name) => name !== '' && !PORTS.has(name)),
        ...extended.filter((name) => name !== 'Error'),
        ...(/\bvi\.(mock|doMock|spyOn|stub)/.test(text) ? ['a mock'] : []),
        ...(/\.prototype\b/.test(text) ? ['a changed prototype'] : []),
      ].map((what) => `${path}: ${what}`);
    });
    expect(wrong).toEqual([]);
  });

  test('runs the production shard with all it needs, and no real port', () => {
    const production = productionBehind(sourcesBelow(HERE), ROOT);
    expect(production).toEqual(
      expect.arrayContaining([
        'runtime/shard.ts',
        'runtime/checkpointer.ts',
        'runtime/ownership.ts',
        'runtime/sender.ts',
        'runtime/partition.ts',
        'runtime/replay.ts',
      ]),
    );
    expect(production.filter((path) => /jetstream|lmdb|^nodes\//.test(path))).toEqual([]);
  });

  test('makes a failing scenario small: what does not matter goes', async () => {
    const scenario = scenarioOf(11);
    const fault = { kind: 'crash', atMs: 1, machine: 0, downMs: 0 } as const;
    const faults = [...scenario.faults, fault, ...scenario.faults];
    const small = await shrink({ ...scenario, faults }, async (candidate) =>
      candidate.faults.includes(fault) && candidate.messages > 10 ? 'the rule' : undefined,
    );
    expect(small.faults).toEqual([fault]);
    expect(small.workloads).toHaveLength(1);
    expect(small.messages).toBeLessThan(22);
  });
});
