import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ExitReason, RestartType } from './child-spec.ts';
import type { Strategy, SupervisorState } from './supervisor-state.ts';
import { crash, facts, World } from './world.fixture.ts';

describe('starting and stopping', () => {
  test('children start from left to right, each after the one before is up', () => {
    const world = new World('one_for_one', ['a', 'b', 'c']);
    world.send({ type: 'boot' });
    expect(world.log).toEqual(['+a']);
    world.finishStart('a');
    world.settle();
    expect(world.log).toEqual(['+a', '+b', '+c', 'ready']);
  });

  test('children stop from right to left, each after the one before is down', () => {
    const world = new World('one_for_one', ['a', 'b', 'c']).boot();
    world.send({ type: 'stop' });
    expect(world.log).toEqual(['-c']);
    world.settle();
    expect(world.log).toEqual(['-c', '-b', '-a', 'exit']);
    expect(world.state.exitReason?.kind).toBe('shutdown');
  });

  test('a declared child that cannot start ends the supervisor, in reverse order', () => {
    const world = new World('one_for_one', ['a', 'b', 'c']);
    world.send({ type: 'boot' });
    world.finishStart('a');
    world.finishStart('b', new Error('no'));
    world.settle();
    expect(world.log).toEqual(['+a', '+b', '-a', 'exit']);
    expect(world.state.exitReason).toEqual({ kind: 'error', error: new Error('no') });
  });

  test('a supervisor without children is ready at once, and stops at once', () => {
    const world = new World('one_for_all', []);
    world.send({ type: 'boot' });
    world.send({ type: 'stop' });
    expect(world.log).toEqual(['ready', 'exit']);
  });

  test('killing takes everybody at once', () => {
    const world = new World('rest_for_one', ['a', 'b']).boot();
    world.send({ type: 'kill' });
    expect(
      world.actions.filter((action) => action.type === 'stop').map((action) => action.shutdownMs),
    ).toEqual([0, 0]);
    world.settle();
    expect(world.state.exitReason?.kind).toBe('killed');
  });
});

describe('strategies', () => {
  const restarts: readonly (readonly [Strategy, readonly string[]])[] = [
    ['one_for_one', ['+b']],
    ['one_for_all', ['-c', '-a', '+a', '+b', '+c']],
    ['rest_for_one', ['-c', '+b', '+c']],
  ];
  test.each(restarts)(
    '%s restarts those affected, stopping in reverse and starting in order',
    (strategy, order) => {
      const world = new World(strategy, ['a', 'b', 'c']).boot();
      world.crash('b');
      world.settle();
      expect(world.log).toEqual(order);
      expect([...world.up.keys()].sort()).toEqual(['a', 'b', 'c']);
    },
  );

  test.each(['one_for_all', 'rest_for_one'] as const)(
    '%s: the end of a child that is not restarted concerns nobody else',
    (strategy) => {
      const world = new World(strategy, [facts('a', 'transient'), 'b', facts('c', 'temporary')]).boot();
      world.crash('a', { kind: 'normal' });
      world.crash('c');
      world.settle();
      expect(world.log).toEqual([]);
      expect([...world.up.keys()]).toEqual(['b']);
    },
  );

  test('a group comes back whole: with whoever had ended or was terminated, without temporary ones', () => {
    const children = [facts('a', 'transient'), 'b', 'c', facts('d', 'temporary')];
    const world = new World('one_for_all', children).boot();
    world.crash('a', { kind: 'normal' });
    world.send({ type: 'terminate.child', id: 'b', request: 1 });
    world.settle();
    world.log.length = 0;
    world.crash('c');
    world.settle();
    expect(world.log).toEqual(['-d', '+a', '+b', '+c']);
  });

  test('siblings that wait with a failed child return at once when it is terminated', () => {
    const world = new World('one_for_all', ['a', 'b', 'c']).boot();
    world.crash('b');
    world.finishStop('c');
    world.finishStop('a');
    world.send({ type: 'terminate.child', id: 'b', request: 1 });
    world.settle();
    expect(world.log).toEqual(['-c', '-a', '+a', '+c']);
    expect(world.state.children.get('b')?.status).toBe('stopped');
  });

  test('one_for_one: a child that backs off or is slow to start holds nobody up', () => {
    const world = new World('one_for_one', ['a', 'b', 'c']).boot();
    world.crash('a');
    world.crash('b');
    world.fire(world.timers.pop());
    expect(world.log).toEqual(['+b']);
    world.fire();
    expect(world.log).toEqual(['+b', '+a']);
  });

  test('one_for_all: nothing starts before the back-off is over and all are down', () => {
    const world = new World('one_for_all', ['a', 'b']).boot();
    world.crash('a');
    world.fire();
    expect(world.log).toEqual(['-b']);
    world.finishStop('b');
    expect(world.log).toEqual(['-b', '+a']);
  });

  test('a child added while its group backs off starts at once, and again with its group', () => {
    const world = new World('rest_for_one', ['a', 'b']).boot();
    world.crash('b');
    world.send({ type: 'start.child', child: facts('new'), request: 1 });
    world.finishStart('new');
    expect(world.log).toEqual(['+new']);
    expect(world.actions).toContainEqual({ type: 'settle', request: 1 });
    world.settle();
    expect(world.log).toEqual(['+new', '-new', '+b', '+new']);
  });

  test('a second failure while a group restarts dooms those already up again', () => {
    const world = new World('one_for_all', ['a', 'b', 'c']).boot();
    world.crash('b');
    world.finishStop('c');
    world.finishStop('a');
    world.fire();
    world.finishStart('a');
    world.finishStart('b', new Error('no'));
    world.settle();
    expect(world.log).toEqual(['-c', '-a', '+a', '+b', '-a', '+a', '+b', '+c']);
  });

  test('a sibling that ends while its group is being stopped costs no restart', () => {
    const world = new World('one_for_all', ['a', 'b', 'c'], 1).boot();
    world.crash('c');
    world.crash('a');
    world.settle();
    expect(world.log).toEqual(['-b', '+a', '+b', '+c']);
  });
});

describe('requests', () => {
  test('who was terminated while its group backs off does not return without the child that failed', () => {
    const world = new World('rest_for_one', ['a', 'b', 'c']).boot();
    world.crash('a');
    for (const id of ['c', 'b']) world.finishStop(id);
    world.send({ type: 'terminate.child', id: 'b', request: 1 });
    world.send({ type: 'terminate.child', id: 'a', request: 2 });
    world.settle();
    expect(world.log).toEqual(['-c', '-b', '+c']);
  });

  test('one that had to wait is answered although the supervisor ends before its turn', () => {
    const world = new World('one_for_all', ['a', 'b'], 1).boot();
    world.crash('a');
    world.finishStop('b');
    world.fire();
    world.finishStart('a');
    world.crash('a');
    world.send({ type: 'terminate.child', id: 'b', request: 1 });
    world.finishStart('b', new Error('no'));
    expect(world.log).toEqual(['-b', '+a', '+b', 'giveUp', 'exit']);
    expect(world.actions.at(-1)).toMatchObject({ request: 1, error: { code: 'actor.ended' } });
  });
});

describe('restart types', () => {
  const ends: readonly (readonly [RestartType, ExitReason['kind'], boolean])[] = [
    ['permanent', 'normal', true],
    ['permanent', 'error', true],
    ['transient', 'normal', false],
    ['transient', 'shutdown', false],
    ['transient', 'error', true],
    ['transient', 'killed', true],
    ['temporary', 'error', false],
  ];
  test.each(ends)('%s after %s: restarted %s', (restart, kind, returns) => {
    const world = new World('one_for_one', [facts('a', restart)]).boot();
    world.crash('a', { kind });
    world.settle();
    expect(world.up.has('a')).toBe(returns);
    expect(world.state.children.size).toBe(restart === 'temporary' ? 0 : 1);
  });

  test("a group's restart does not bring temporary members back", () => {
    const world = new World('one_for_all', ['a', facts('t', 'temporary'), 'c']).boot();
    world.crash('a');
    world.settle();
    expect(world.log).toEqual(['-c', '-t', '+a', '+c']);
  });
});

describe('intensity', () => {
  test('one failure too many stops everybody in reverse and ends with shutdown', () => {
    const world = new World('one_for_one', ['a', 'b'], 1).boot();
    world.crash('a');
    world.settle();
    world.crash('a');
    world.settle();
    expect(world.log).toEqual(['+a', 'giveUp', '-b', 'exit']);
    expect(world.state.exitReason).toMatchObject({ kind: 'shutdown', error: crash.error });
    expect(world.state.gaveUp).toBe(true);
  });

  test('failures that the window has forgotten do not add up', () => {
    const world = new World('one_for_one', ['a'], 1).boot();
    for (let round = 0; round < 5; round += 1) {
      world.now += 1001;
      world.crash('a');
      world.settle();
    }
    expect(world.log).toEqual(['+a', '+a', '+a', '+a', '+a']);
  });

  test('a report about an earlier incarnation changes nothing', () => {
    const world = new World('one_for_one', ['a']).boot();
    world.crash('a');
    world.settle();
    const before = world.state;
    world.send({ type: 'child.exited', id: 'a', incarnation: 1, reason: crash, random: 0, transient: false });
    expect(world.state).toBe(before);
  });

  test('the window slides: what it has forgotten makes room, to the millisecond', () => {
    const gaps = fc.array(fc.nat(700), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(gaps, fc.nat(4), (steps, max) => {
        const world = new World('one_for_one', ['a'], max).boot();
        const failures: number[] = [];
        for (const gapMs of steps) {
          world.now += gapMs;
          failures.push(world.now);
          world.crash('a');
          const tooMany = failures.filter((time) => world.now - time <= 1000).length > max;
          expect(world.state.gaveUp).toBe(tooMany);
          if (tooMany) return;
          world.settle();
        }
      }),
    );
  });

  test.each(['one_for_all', 'rest_for_one'] as const)(
    '%s: the restart of a group counts once',
    (strategy) => {
      const world = new World(strategy, ['a', 'b', 'c'], 1).boot();
      world.crash('a');
      world.settle();
      expect(world.state.gaveUp).toBe(false);
      expect(world.state.intensity.restartedAt).toHaveLength(1);
    },
  );

  test('a failed attempt counts when it is tried again; whoever stops the child before that comes in between', () => {
    const world = new World('one_for_one', ['a', 'b'], 1).boot();
    world.crash('a');
    world.fire();
    world.finishStart('a', new Error('no'));
    expect(world.state.intensity.restartedAt).toHaveLength(1);
    world.send({ type: 'terminate.child', id: 'a', request: 1 });
    world.fire();
    expect(world.log).toEqual(['+a']);
    world.send({ type: 'restart.child', id: 'a', request: 2 });
    world.finishStart('a');
    world.crash('a');
    expect(world.log).toEqual(['+a', '+a', 'giveUp', '-b']);
  });

  test('0 allows no restart at all', () => {
    const world = new World('one_for_one', ['a'], 0).boot();
    world.crash('a');
    expect(world.log).toEqual(['giveUp', 'exit']);
  });

  test('1,000,000 crashes are counted exactly, in a state that does not grow', () => {
    // Every child crashes in its turn; 4 fit into a second, a fifth would not.
    const ids = ['a', 'b', 'c', 'd'];
    const world = new World('one_for_one', ids, 4).boot();
    const size = (state: SupervisorState): number => JSON.stringify(state).length;
    let largest = 0;
    for (let count = 0; count < 1_000_000; count += 1) {
      world.now += 251;
      const id = ids[count % ids.length] as string;
      world.crash(id);
      world.fire();
      world.finishStart(id);
      world.log.length = 0;
      world.actions.length = 0;
      if (count % 100_000 === 99) largest ||= size(world.state);
      if (count % 100_000 === 99) expect(size(world.state)).toBeLessThan(largest * 1.2);
    }
    expect(
      world.state.children
        .valueSeq()
        .map(({ incarnation }) => incarnation)
        .toArray(),
    ).toEqual(ids.map(() => 250_001));
    world.now += 1;
    world.crash('a');
    expect(world.state.gaveUp).toBe(true);
  }, 120_000);
});

describe('faults that are declared to be passing', () => {
  test('back off and return however often they happen, without counting', () => {
    const world = new World('one_for_one', ['a'], 0).boot();
    for (let round = 0; round < 20; round += 1) {
      world.crash('a', crash, true);
      world.fire();
      world.finishStart('a', new Error('away'), true);
      world.fire();
      world.finishStart('a');
    }
    expect(world.state.intensity.restartedAt).toEqual([]);
    expect(world.up.has('a')).toBe(true);
    world.crash('a');
    expect(world.state.gaveUp).toBe(true);
  });

  test('take their group along all the same', () => {
    const world = new World('one_for_all', ['a', 'b'], 0).boot();
    world.crash('b', crash, true);
    world.settle();
    expect(world.log).toEqual(['-a', '+a', '+b']);
  });
});
