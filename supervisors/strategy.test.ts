import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_BACKOFF } from './backoff.ts';
import type { ChildFacts, ExitReason, RestartType } from './child-spec.ts';
import { decide } from './strategy.ts';
import {
  ALL,
  type Action,
  type AutoShutdown,
  type Strategy,
  type SupervisorEvent,
  type SupervisorState,
  newSupervisor,
} from './supervisor-state.ts';

const crash: ExitReason = { kind: 'error', error: new Error('boom') };

/** A world that does what decisions want when the test says so, and checks the order as it goes. */
class World {
  state: SupervisorState;
  now = 0;
  readonly log: string[] = [];
  readonly actions: Action[] = [];
  readonly starting = new Map<string, number>();
  readonly up = new Map<string, number>();
  readonly stopping = new Map<string, number>();
  readonly timers: { readonly id: string; readonly timer: number }[] = [];

  constructor(
    strategy: Strategy,
    children: readonly (string | ChildFacts)[],
    max = 3,
    autoShutdown: AutoShutdown = 'never',
  ) {
    this.state = newSupervisor({
      id: 'root',
      strategy,
      autoShutdown,
      intensity: { max, windowMs: 1000 },
      backoff: DEFAULT_BACKOFF,
      children: children.map((child) => (typeof child === 'string' ? facts(child) : child)),
    });
  }

  send(event: SupervisorEvent): void {
    const { state, actions } = decide(this.state, event, this.now);
    this.state = state;
    for (const action of actions) this.take(action);
  }

  private take(action: Action): void {
    this.actions.push(action);
    if (action.type === 'start') {
      expect(this.alive(action.id), `${action.id} has one incarnation at a time`).toBe(false);
      this.starting.set(action.id, action.incarnation);
      this.log.push(`+${action.id}`);
    } else if (action.type === 'stop') {
      expect(this.alive(action.id), `${action.id} is alive when it is stopped`).toBe(true);
      this.starting.delete(action.id);
      this.up.delete(action.id);
      this.stopping.set(action.id, action.incarnation);
      this.log.push(`-${action.id}`);
    } else if (action.type === 'restartLater') this.timers.push(action);
    else if (action.type === 'giveUp' || action.type === 'exit' || action.type === 'ready')
      this.log.push(action.type);
  }

  alive(id: string): boolean {
    return this.starting.has(id) || this.up.has(id) || this.stopping.has(id);
  }

  finishStart(id: string, error?: Error, transient = false): void {
    const incarnation = this.starting.get(id) ?? 0;
    this.starting.delete(id);
    if (error === undefined) {
      this.up.set(id, incarnation);
      this.send({ type: 'child.started', id, incarnation });
    } else this.send({ type: 'child.startFailed', id, incarnation, error, random: 0, transient });
  }

  finishStop(id: string): void {
    this.exit(id, this.stopping, { kind: 'shutdown' });
  }

  crash(id: string, reason = crash, transient = false): void {
    this.exit(id, this.up, reason, transient);
  }

  fire(timer = this.timers.shift()): void {
    if (timer !== undefined) this.send({ type: 'restart.due', id: timer.id, timer: timer.timer });
  }

  /** Lets everything under way succeed until nothing is. */
  settle(): this {
    for (;;) {
      const [start] = this.starting.keys();
      const [stop] = this.stopping.keys();
      if (stop !== undefined) this.finishStop(stop);
      else if (start !== undefined) this.finishStart(start);
      else if (this.timers.length > 0) this.fire();
      else return this;
    }
  }

  boot(): this {
    this.send({ type: 'boot' });
    this.settle();
    this.log.length = 0;
    return this;
  }

  private exit(id: string, from: Map<string, number>, reason: ExitReason, transient = false): void {
    const incarnation = from.get(id) ?? 0;
    from.delete(id);
    this.send({ type: 'child.exited', id, incarnation, reason, random: 0, transient });
  }
}

function facts(id: string, restart: RestartType = 'permanent', more: Partial<ChildFacts> = {}): ChildFacts {
  return { id, type: 'worker', restart, significant: false, shutdownMs: 100, ...more };
}

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
});
