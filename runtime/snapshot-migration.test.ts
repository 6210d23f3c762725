/** States of older versions: migrated before the next turn, or kept until somebody can read them. */
import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { createAccount, type Release, RELEASES } from './account.fixture.ts';
import { systemClock } from './clock.ts';
import { defineActor } from './define-actor.ts';
import { DeterminismCheck, type Nondeterminism } from './determinism.ts';
import {
  A,
  broken,
  correct,
  deposit,
  FIRST,
  SECOND,
  subjects,
  upgradedTo,
  world,
} from './releases.fixture.ts';
import { replayActor } from './replay.ts';
import { createSystem } from './system.ts';
import { defineTable } from './table.ts';

/** The second release, and how often it has migrated a state. */
function counted(): { readonly release: Release; readonly times: () => number } {
  let times = 0;
  const migrate: Release['migrate'] = (snapshot) => {
    times++;
    return SECOND.migrate(snapshot);
  };
  return { release: { ...SECOND, migrate }, times: () => times };
}

describe('a state of an older version', () => {
  test('is migrated once per load, and never again after the first turn', async () => {
    const { release, times } = counted();
    const at = await upgradedTo(release);
    for (let ask = 0; ask < 3; ask++)
      expect(await at.ask('state')).toEqual({ state: 'open', context: { cents: 600, times: 3 } });
    expect(times()).toBe(1);
    // Dropped from memory before it had a turn.
    at.restart();
    expect(await at.ask('state')).toMatchObject({ context: { cents: 600 } });
    expect(times()).toBe(2);
    expect(at.actor()).toMatchObject({ version: 1 });
    await at.send(deposit(4), deposit(5));
    expect(times()).toBe(2);
    expect(at.actor()).toMatchObject({ version: 2 });
    at.restart();
    await at.send(deposit(6));
    await at.release(release);
    at.forgetStore();
    await at.release(release);
    expect(await at.ask('state')).toMatchObject({ context: { cents: 2_100, times: 6 } });
    expect(times()).toBe(2);
  });

  test('is migrated again after a turn that threw, which has stored nothing', async () => {
    const { release, times } = counted();
    const at = await upgradedTo(release);
    await at.send({ type: 'fail' });
    expect(at.actor()).toMatchObject({ version: 1, status: 'running' });
    await at.send(deposit(4));
    expect(at.actor()).toMatchObject({ version: 2 });
    expect(times()).toBe(2);
    expect(at.deadLetters()).toBe(1);
  });

  test('is migrated when it comes from a checkpoint', async () => {
    const at = world();
    await at.release(FIRST);
    await at.send(deposit(1), deposit(2));
    const { release, times } = counted();
    at.forgetStore();
    await at.release(release);
    await at.send(deposit(3));
    expect(await at.ask('state')).toEqual({ state: 'open', context: { cents: 600, times: 3 } });
    expect(times()).toBe(1);
  });

  test('that cannot be migrated parks its actor; the fixed release loses nothing, in order', async () => {
    const at = await upgradedTo(broken('migrate'));
    const reason = 'The stored state could not be migrated from version 1 to 2: forgot how it was';
    await at.send(deposit(4, 'a'), deposit(5, 'b'));
    expect(at.actor()).toMatchObject({ status: 'failed', buffered: 2, reason });
    await expect(at.ask('state')).rejects.toMatchObject({ code: 'snapshot.migration', message: reason });
    at.restart();
    await at.send(deposit(6, 'c'));
    expect(at.actor()).toMatchObject({ status: 'failed', buffered: 3, reason });
    await at.release(SECOND);
    await at.send(deposit(7, 'd'));
    await at.order('resume');
    expect(at.actor()).toMatchObject({ status: 'running', buffered: 0 });
    const notes = ((await at.ask('deposits')) as { note: string }[]).map(({ note }) => note);
    expect(notes.slice(3)).toEqual(['a', 'b', 'c', 'd']);
    expect(await at.ask('state')).toEqual({ state: 'open', context: { cents: 2_800, times: 7 } });
    expect(at.deadLetters()).toBe(0);
  });

  test.each([
    ['returns nothing', () => undefined as never, /from version 1 to 2/],
    ['names a state that there is not', () => ({ value: 'gone', context: {} }), /gone/],
    ['returns what cannot be stored', () => ({ value: 'open', context: { a: Symbol('a') } }), /encoded/],
  ])('because migrate() %s parks its actor', async (_how, migrate, said) => {
    const at = await upgradedTo({ ...SECOND, migrate });
    await at.send(deposit(4));
    expect(at.actor()).toMatchObject({ status: 'failed', buffered: 1, reason: expect.stringMatching(said) });
    expect(at.deadLetters()).toBe(0);
  });
});

describe('over a migration', () => {
  test('a replay gives the live state', async () => {
    const at = await upgradedTo(SECOND);
    const upgraded = at.hash().cursor.seq;
    await at.send(correct(2, 'action'), deposit(4), correct(3, 'range'));
    const { hash, cursor } = at.hash();
    const request = { log: at.log, system: createAccount(SECOND), subjects, partitions: 1, address: A };
    const replayed = await replayActor(request);
    expect(replayed).toMatchObject({ hash, cursor: { seq: cursor.seq }, turns: 3 });
    // What the first release has turned is not for the second one to say.
    const earlier = replayActor({ ...request, until: upgraded - 1 });
    await expect(earlier).rejects.toMatchObject({ code: 'version.tail' });
  });

  test.each([
    ['finds nothing in migrations that are pure', 'second', undefined],
    [
      'names what a migration makes of the clock',
      'impure',
      /^(context\.cents|rows\.deposits\.000002\.note)$/,
    ],
  ] as const)('the determinism check %s', async (_what, release, path) => {
    const at = await upgradedTo(RELEASES[release]);
    await at.send(correct(2, 'action'));
    const found: Nondeterminism[] = [];
    const check = new DeterminismCheck({
      appUrl: new URL('./account.fixture.ts', import.meta.url).href,
      settings: release,
      sample: 1,
      clock: systemClock,
      onNondeterminism: (one) => found.push(one),
      onFailure: (reason) => expect.fail(reason),
    });
    try {
      await replayActor({
        log: at.log,
        system: createAccount(RELEASES[release]),
        subjects,
        partitions: 1,
        address: A,
        onTurn: (turn) => check.onTurn(turn),
      });
      await check.idle();
    } finally {
      await check.close();
    }
    expect(check.counters).toMatchObject({ checked: 1, skipped: 0 });
    expect(found.map((one) => one.path)).toEqual(path === undefined ? [] : [expect.stringMatching(path)]);
  });
});

describe('the version of turns', () => {
  const messages = {};
  const machine = createMachine({});
  const versionOf = (declared: Partial<Parameters<typeof defineActor>[0]>): string =>
    createSystem({ actors: [defineActor({ kind: 'a', messages, machine, ...declared })] }).turnVersion;
  const table = (options: Parameters<typeof defineTable>[1]) => ({
    tables: { t: defineTable('t', options) },
  });

  test('tells apart what migrates stored state, and how', () => {
    const one = { value: 'a', context: {} };
    const versions = [
      versionOf({}),
      versionOf({ version: 2 }),
      versionOf({ migrate: (snapshot) => snapshot }),
      versionOf({ migrate: () => one }),
      versionOf(table({})),
      versionOf(table({ version: 2 })),
      versionOf(table({ version: 2, migrate: (row: unknown) => row })),
      versionOf(table({ version: 2, migrate: () => one })),
    ];
    expect(new Set(versions).size).toBe(versions.length);
    expect(versionOf(table({ version: 2 }))).toBe(versions[5]);
  });
});
