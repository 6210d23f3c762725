import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { encode } from '../protocol/codec.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import { VirtualClock } from './clock.ts';
import { DeterminismCheck, type Nondeterminism } from './determinism.ts';
import application, { cheatContract, honestContract } from './determinism.fixture.ts';
import { firstDifference } from './first-difference.ts';
import { MemoryLog } from './log-memory.ts';
import { replayActor } from './replay.ts';

const subjects = subjectsOf('test');
const appUrl = new URL('./determinism.fixture.ts', import.meta.url).href;
const system = application('fixture');
const checks: DeterminismCheck[] = [];

afterEach(async () => {
  await Promise.all(checks.splice(0).map((check) => check.close()));
});

function world(sample = 1, url = appUrl) {
  const found: Nondeterminism[] = [];
  const failures: string[] = [];
  const clock = new VirtualClock();
  const check = new DeterminismCheck({
    appUrl: url,
    settings: 'fixture',
    sample,
    clock,
    onNondeterminism: (one) => found.push(one),
    onFailure: (reason) => failures.push(reason),
  });
  checks.push(check);
  const log = new MemoryLog(subjects, 1, clock);
  return {
    check,
    clock,
    found,
    failures,
    /** Turns the messages, as a shard would, with the check beside it. */
    turn: async (to: string, messages: readonly object[]) => {
      for (const message of messages)
        await log.publishMessage(subjects.to(to as never), encode(message), {
          'Banyan-Call-Reply': '_INBOX.a',
        });
      const replayed = await replayActor({
        log,
        system,
        subjects,
        partitions: 1,
        address: to as never,
        onTurn: (turn) => {
          if (check.sampler(turn.cell.address, turn.message.message.type)) check.onTurn(turn);
        },
      });
      return replayed;
    },
  };
}

describe('the determinism check', () => {
  test('finds nothing in an actor that takes time and chance from its turn', async () => {
    const { check, turn, found } = world();
    const add = [1, 2, 3, 4, 5].map((amount) => ({ type: 'add', amount }));
    await turn(honestContract.at('a'), [...add, { type: 'move' }, ...add, { type: 'move' }]);
    await check.idle();
    expect(found).toEqual([]);
    expect(check.counters).toEqual({ checked: 12, nondeterministic: 0, skipped: 0 });
  });

  test('finds what lives in a module, and what does not survive its encoding', async () => {
    const { check, turn, found } = world();
    await turn(cheatContract.at('a'), [{ type: 'memory' }, { type: 'uncoded' }, { type: 'memory' }]);
    // A second actor's turns are checked by a thread that has not seen all of the first one's.
    await turn(cheatContract.at('b'), [{ type: 'memory' }]);
    await check.idle();
    expect(found.map(({ type }) => type)).toContain('memory');
    expect(found).toContainEqual(
      expect.objectContaining({ type: 'uncoded', first: "'a set'", second: "'no set'" }),
    );
  });

  test('takes the first three turns of each kind and type, then the share', () => {
    const { check } = world(0.25);
    const taken = (type: string, count: number): string =>
      Array.from({ length: count }, () => (check.sampler(honestContract.at('a'), type) ? 'x' : '.')).join('');
    expect(taken('add', 15)).toBe('xxx...x...x...x');
    expect(taken('move', 5)).toBe('xxx..');
    expect(check.sampler(cheatContract.at('a'), 'add')).toBe(true);
    const { check: none } = world(0);
    expect(Array.from({ length: 9 }, () => none.sampler(honestContract.at('a'), 'add'))).toEqual([
      true,
      true,
      true,
      ...Array.from({ length: 6 }, () => false),
    ]);
  });

  test('gives up, and says so once, when its thread does not start', async () => {
    const { check, turn, failures } = world(1, new URL('./no-such-application.ts', import.meta.url).href);
    for (let i = 0; i < 5; i++) {
      await turn(honestContract.at(`k${i}`), [{ type: 'add', amount: 1 }]);
      await check.idle();
    }
    expect(failures).toEqual([expect.stringContaining('no-such-application')]);
    expect(check.counters).toMatchObject({ checked: 0 });
  });

  test('ends a second run that hangs and checks the next turn in a new thread', async () => {
    const { check, turn, found, clock } = world();
    await turn(cheatContract.at('a'), [{ type: 'hang' }]);
    clock.advance(3_600_000);
    await check.idle();
    expect(check.counters).toEqual({ checked: 0, nondeterministic: 0, skipped: 1 });
    await turn(honestContract.at('a'), [{ type: 'add', amount: 1 }]);
    await check.idle();
    expect(found).toEqual([]);
    expect(check.counters.checked).toBe(1);
  });
});

describe('a cheat', () => {
  // One thread for all: starting it is what takes time.
  const shared = world();
  checks.length = 0;
  afterAll(() => shared.check.close());

  test.each([
    ['clock', 'context.at'],
    ['date', 'context.at.day'],
    ['performance', 'context.at'],
    ['chance', 'context.at'],
    ['file', 'io: fs.readFileSync'],
    ['process', 'io: child_process.execFileSync'],
    ['effect', 'effects.0.to'],
    ['row', 'rows.seen.0001.at'],
    ['read', expect.stringMatching(/^rows\.seen\.r0\./)],
    ['stamped', 'context.at'],
  ])('is named by what differs: %s', async (type, path) => {
    const { check, turn, found } = shared;
    found.length = 0;
    const actor = cheatContract.at(type);
    await turn(actor, [{ type }]);
    await check.idle();
    expect(found).toMatchObject([
      { code: 'turn.nondeterministic', actor, messageId: expect.stringMatching(/^0\.\d+\.0$/), type, path },
    ]);
    expect(found[0]?.first).not.toBe(found[0]?.second);
  });
});

describe('the first difference', () => {
  test('is named by its path; the order of keys does not count', () => {
    expect(firstDifference({ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 })).toBeUndefined();
    expect(firstDifference({ a: [1, { c: 2 }] }, { a: [1, { c: 3 }] })).toEqual({
      path: 'a.1.c',
      first: '2',
      second: '3',
    });
    expect(firstDifference([1], [1, undefined])).toMatchObject({ path: '1', first: '(missing)' });
    expect(firstDifference(new Date(1), new Date(1))).toBeUndefined();
    expect(firstDifference({ a: Uint8Array.of(1) }, { a: Uint8Array.of(2) })).toMatchObject({ path: 'a' });
    expect(firstDifference({ a: null }, { a: {} })).toMatchObject({ path: 'a', first: 'null', second: '{}' });
  });
});
