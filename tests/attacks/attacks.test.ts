import { describe, expect, test } from 'vitest';
import { defaultPipelineSettings } from '../../actors/settings.ts';
import { type Attack, ATTACKS } from './attacks.ts';
import { findBrokenClaims } from './claims.ts';
import { type AttackRun, runAttack } from './measure.ts';
import { reputationActors, reputationValues } from './reputations.ts';
import { attackTable } from './table.ts';
import { runWorld, START_MS } from './world.ts';

const SEEDS = [1];
const settings = defaultPipelineSettings.reputation;

const named = (name: string): Attack => {
  const found = ATTACKS.find((attack) => attack.name === name);
  if (found === undefined) throw new Error(`no attack '${name}'`);
  return found;
};
const cache = new Map<string, AttackRun[]>();
/** An attack from each seed, run once for all tests. */
function runsOf(name: string): AttackRun[] {
  const runs = cache.get(name) ?? SEEDS.map((seed) => runAttack(named(name), seed));
  cache.set(name, runs);
  return runs;
}

describe('the simulator decides as the actors do', () => {
  test.each(['inflate', 'loud ring', 'many names', 'sybil'])(
    '%s: the actor with its messages, timers and rows gives the same scores',
    (name) => {
      const records = [reputationActors, reputationValues].map((reputations) =>
        runWorld(named(name), 7, reputations(START_MS, settings), { cycles: 4 }),
      );
      expect(records[0]).toEqual(records[1]);
    },
  );

  test('the same seed gives the same run', () => {
    expect(runAttack(named('inflate'), 3)).toEqual(runAttack(named('inflate'), 3));
  });
});

describe('what docs/reputation.md claims holds', () => {
  test.each(ATTACKS)('$name: $about', (attack) => {
    const broken = runsOf(attack.name).flatMap((run, index) =>
      findBrokenClaims(attack, run).map((what) => `seed ${SEEDS[index]}: ${what}`),
    );
    expect(broken).toEqual([]);
  });
});

describe('attacks', () => {
  test.each(['inflate', 'hedge', 'flood', 'quiet ring', 'loud ring', 'sleeper', 'sybil'])(
    '%s: far less of what is fed is the attacker’s bad items than without reputation',
    (name) => {
      for (const { harm } of runsOf(name)) expect(harm.on).toBeLessThan(harm.off / 2);
    },
  );

  test('a node that inflates its confidence is 20 % below an equally good honest one within 3 cycles', () => {
    for (const { scores, honestScores, detectedAfter } of runsOf('inflate')) {
      expect(detectedAfter).toBeLessThanOrEqual(3);
      expect(scores[1]).toBeLessThanOrEqual(0.8 * (honestScores[1] ?? 0));
    }
  });

  test('an honest node is not flagged or penalised, nor is one that begins with bad luck', () => {
    for (const { isAccused } of [...runsOf('honest'), ...runsOf('unlucky')]) expect(isAccused).toBe(false);
  });

  test('a sleeper is found out within 3 cycles of turning, and does harm until then', () => {
    for (const { detectedAfter, harm } of runsOf('sleeper')) {
      expect(detectedAfter).toBeLessThanOrEqual(3);
      expect(harm.on).toBeGreaterThan(harm.absent);
    }
  });

  test('who stays below the limits of brigading takes next to nothing from an honest node', () => {
    for (const { scores, honestScores } of runsOf('quiet slander'))
      expect(scores[3]).toBeGreaterThan(0.9 * (honestScores[3] ?? 1));
  });

  test('hardly any other honest node is flagged or penalised in any of them', () => {
    const accused = ATTACKS.flatMap(({ name }) => runsOf(name)).map(({ honest }) => honest.accused);
    expect(accused.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(2);
  });
});

test('the campaign’s table has a row for each attack', () => {
  const table = attackTable(ATTACKS.map((attack) => ({ attack, runs: runsOf(attack.name) }))).split('\n');
  expect(table).toHaveLength(ATTACKS.length + 2);
  expect(new Set(table.map((row) => row.split(' | ').length)).size).toBe(1);
});
