/** Stored state of older versions: brought up to date as it is read, or kept until somebody can read it. */
import { describe, expect, test } from 'vitest';
import { encode } from '../protocol/codec.ts';
import { encodeFrame, encodeRecord } from '../protocol/frame.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import {
  accountContract,
  createAccount,
  FIRST,
  type Release,
  SECOND,
} from '../tests/harness/apps/account.ts';
import { systemClock } from './clock.ts';
import { defineActor } from './define-actor.ts';
import { tell } from './effects.ts';
import { buckets } from './keys.ts';
import { MemoryLog } from './log-memory.ts';
import { seededRandomness } from './randomness.ts';
import { replayActor } from './replay.ts';
import { Shard } from './shard.ts';
import { MemoryStore } from './store-memory.ts';
import { decodeRow } from './stored-row.ts';
import { createSystem } from './system.ts';
import { defineTable } from './table.ts';
import { createMachine } from 'xstate';

const subjects = subjectsOf('test');
const A = accountContract.at('a');

let incarnations = 0;

/** One partition whose releases follow one another on the same store. */
function world() {
  const log = new MemoryLog(subjects, 1, systemClock);
  let store = new MemoryStore();
  let shard: Shard | undefined;
  const running = (): Shard => shard as Shard;
  const settled = async (): Promise<void> => {
    for (let calm = 0; calm < 3;) {
      await new Promise((resolve) => setImmediate(resolve));
      const { queued, unacknowledged } = running().view.work();
      const position = running().view.partitionStatus()[0]?.position ?? 0;
      calm = queued + unacknowledged === 0 && position >= (await log.end(0)) ? calm + 1 : 0;
    }
  };
  return {
    log,
    rows: () => [...store.range(buckets.rows(0, A, 'deposits'), {})].map(([, bytes]) => decodeRow(bytes)),
    forgetStore: () => void (store = new MemoryStore()),
    async release(release: Release) {
      await shard?.stop(1_000);
      shard = new Shard({
        acceptTail: false,
        node: 'n1',
        owner: `test-${++incarnations}`,
        system: createAccount(release),
        subjects,
        partitions: { count: 1, owned: [0] },
        log,
        store,
        clock: systemClock,
        randomness: seededRandomness('test'),
        content: {
          put: async () => ({ ref: '', sha256: '', bytes: 0 }),
          get: async () => new Uint8Array(),
          has: async () => false,
        },
        answer: () => {},
        ask: async () => null,
        beacon: () => {},
        idle: () => {},
        onFault: (fault) => {
          throw fault;
        },
        report: () => {},
      });
      await shard.start();
      await settled();
    },
    async send(...messages: readonly object[]) {
      for (const message of messages) await log.publishMessage(subjects.to(A), encode(message));
      await settled();
    },
    async order(type: string) {
      const order = { kind: 'control', to: A, message: { type } } as const;
      await log.appendFrame(0, encodeFrame([encodeRecord(order)]), undefined);
      await settled();
    },
    async ask(query: string) {
      return (await running().view.ask(A, query, {})).value;
    },
    restart: () => running().view.restart(A),
    actor: () => running().view.actors({ limit: 1 })[0],
    hash: () => running().view.stateHash(A),
    deadLetters: () => [...log.published.values()].filter(({ subject }) => subject.includes('.dead.')).length,
  };
}

const deposit = (amount: number, note = '') => ({ type: 'deposit', amount, note });
const correct = (place: number, where: string) => ({ type: 'correct', place, in: where });
/** The second release with its rows, or with a state, that it cannot migrate. */
const broken = (part: 'migrate' | 'migrateRow'): Release => ({
  ...SECOND,
  [part]: () => {
    throw new Error('forgot how it was');
  },
});

/** Three deposits of the first release, under another one. */
async function upgradedTo(release: Release) {
  const at = world();
  await at.release(FIRST);
  await at.send(deposit(1), deposit(2), deposit(3));
  await at.release(release);
  return at;
}

describe('a row of an older version', () => {
  test('is migrated as it is read, in queries and turns; only what is written changes in the store', async () => {
    const { ask, send, rows } = await upgradedTo(SECOND);
    const old = (amount: number) => ({ cents: amount * 100, note: 'of the first release' });
    expect(await ask('deposits')).toEqual([old(1), old(2), old(3)]);
    expect(rows().map(({ version }) => version)).toEqual([1, 1, 1]);
    await send(correct(2, 'action'), deposit(4, 'new'));
    expect(rows().map(({ version }) => version)).toEqual([1, 2, 1, 2]);
    const corrected = { cents: 200, note: 'of the first release, corrected' };
    expect(await ask('deposits')).toEqual([old(1), corrected, old(3), { cents: 400, note: 'new' }]);
  });

  test('is migrated in a range that a turn writes behind', async () => {
    const { ask, send, rows } = await upgradedTo(SECOND);
    await send(correct(3, 'range'));
    expect(rows().map(({ version }) => version)).toEqual([2, 2, 2]);
    const notes = ((await ask('deposits')) as { note: string }[]).map(({ note }) => note);
    expect(new Set(notes)).toEqual(new Set(['of the first release, corrected']));
  });

  test('is migrated over several versions by whoever knows them all', async () => {
    const at = await upgradedTo(SECOND);
    await at.send(correct(1, 'action'));
    const seen: number[] = [];
    await at.release({
      ...SECOND,
      tableVersion: 700,
      migrateRow: (row, from) => {
        seen.push(from);
        return from === 1 ? (SECOND.migrateRow as (row: unknown, from: number) => unknown)(row, from) : row;
      },
    });
    expect(await at.ask('deposits')).toHaveLength(3);
    expect(seen).toEqual([2, 1, 1]);
    await at.send(correct(3, 'range'));
    expect(at.rows().map(({ version }) => version)).toEqual([700, 700, 700]);
  });

  test('that was migrated reads as it will once it is written', async () => {
    const at = await upgradedTo({
      ...SECOND,
      migrateRow: ({ amount }) => ({ cents: amount, note: new Map([['of', 'the first release']]) }),
    });
    expect(await at.ask('deposits')).toContainEqual({ cents: 1, note: { of: 'the first release' } });
  });
});

describe('a row that cannot be read', () => {
  const reason = (key: string) =>
    `The row "${key}" of the table 'deposits' could not be migrated from version 1 to 2: forgot how it was`;

  test.each(['action', 'guard', 'try', 'range'])(
    'parks its actor, and what comes behind waits in order, whatever the %s that reads it makes of it',
    async (where) => {
      const { send, actor, rows, release, order, ask, deadLetters } = await upgradedTo(broken('migrateRow'));
      await send(deposit(4, 'before'), correct(1, where), deposit(5, 'behind'), deposit(6, 'last'));
      expect(actor()).toMatchObject({ status: 'failed', buffered: 3, reason: reason('000001') });
      // The turn is undone as a whole.
      expect(rows().map(({ version }) => version)).toEqual([1, 1, 1, 2]);
      // Who resumes it too early changes nothing.
      await order('resume');
      expect(actor()).toMatchObject({ status: 'failed', buffered: 3, reason: reason('000001') });
      await release(SECOND);
      expect(actor()).toMatchObject({ status: 'failed', buffered: 3 });
      await order('resume');
      expect(actor()).toMatchObject({ status: 'running', buffered: 0 });
      const notes = ((await ask('deposits')) as { note: string }[]).map(({ note }) => note);
      expect(notes[0]).toBe('of the first release, corrected');
      expect(notes.slice(3)).toEqual(['before', 'behind', 'last']);
      expect(deadLetters()).toBe(0);
    },
  );

  test('is no matter for turns that do not read it', async () => {
    const { send, actor, ask } = await upgradedTo(broken('migrateRow'));
    await send(deposit(4));
    expect(actor()).toMatchObject({ status: 'running' });
    expect(await ask('state')).toMatchObject({ context: { cents: 1_000, times: 4 } });
  });

  test('fails the queries that read it, also those that would not notice', async () => {
    const { ask } = await upgradedTo(broken('migrateRow'));
    for (const query of ['deposits', 'swallow'])
      await expect(ask(query)).rejects.toMatchObject({
        code: 'snapshot.migration',
        message: reason('000001'),
      });
  });

  test('of a newer version says both versions', async () => {
    const at = await upgradedTo(SECOND);
    await at.send(deposit(4));
    await at.release({ ...SECOND, tableVersion: 1 });
    const said = `The row "000004" of the table 'deposits' has version 2, the table 1.`;
    await expect(at.ask('deposits')).rejects.toMatchObject({ code: 'snapshot.version', message: said });
    await at.send(correct(4, 'action'));
    expect(at.actor()).toMatchObject({ status: 'failed', reason: said, buffered: 1 });
  });

  test('because nothing migrates it says so', async () => {
    const { migrateRow: _, ...unable } = SECOND;
    const { ask } = await upgradedTo(unable);
    await expect(ask('deposits')).rejects.toMatchObject({
      code: 'snapshot.version',
      message: `The row "000001" of the table 'deposits' has version 1, the table 2, which has no migrate().`,
    });
  });

  test.each([
    ['returns nothing', () => undefined, /it returned nothing/],
    ['returns what cannot be stored', () => Symbol('row'), /cannot be encoded/],
    ['has effects', () => tell(A, { type: 'fail' }), /while a turn or a query is running/],
  ])('because migrate() %s parks its actor', async (_how, migrateRow, said) => {
    const { send, actor } = await upgradedTo({ ...SECOND, migrateRow });
    await send(correct(1, 'action'));
    expect(actor()).toMatchObject({ status: 'failed', buffered: 1, reason: expect.stringMatching(said) });
  });

  test('among the messages that wait stops them there: each is turned once, in order', async () => {
    const at = await upgradedTo(SECOND);
    await at.order('pause');
    await at.send(deposit(4, 'a'), correct(1, 'action'), deposit(5, 'b'));
    await at.release(broken('migrateRow'));
    await at.order('resume');
    expect(at.actor()).toMatchObject({ status: 'failed', buffered: 2, reason: reason('000001') });
    await at.send(deposit(6, 'c'));
    await at.release(SECOND);
    await at.order('resume');
    const notes = ((await at.ask('deposits')) as { note: string }[]).map(({ note }) => note);
    expect(notes).toEqual([
      'of the first release, corrected',
      'of the first release',
      'of the first release',
      'a',
      'b',
      'c',
    ]);
    expect(at.actor()).toMatchObject({ status: 'running', buffered: 0 });
  });
});

/** The second release, and how often it has migrated a state. */
function counted(): { readonly release: Release; readonly times: () => number } {
  let times = 0;
  const migrate: Release['migrate'] = (snapshot, from) => {
    times++;
    return (SECOND.migrate as NonNullable<Release['migrate']>)(snapshot, from);
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

describe('a replay', () => {
  test('over a migration gives the live state', async () => {
    const at = await upgradedTo(SECOND);
    await at.send(correct(2, 'action'), deposit(4), correct(3, 'range'));
    const { hash, cursor } = at.hash();
    const system = createAccount(SECOND);
    const replayed = await replayActor({ log: at.log, system, subjects, partitions: 1, address: A });
    expect(replayed).toMatchObject({ hash, cursor: { seq: cursor.seq } });
  });
});

describe('the version of turns', () => {
  const messages = {};
  const machine = createMachine({});
  const versionOf = (declared: Partial<Parameters<typeof defineActor>[0]>): string =>
    createSystem({ actors: [defineActor({ kind: 'a', messages, machine, ...declared })] }).turnVersion;
  const table = (options: Parameters<typeof defineTable>[1]) => ({ tables: { t: defineTable('t', options) } });

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
