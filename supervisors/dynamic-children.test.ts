import { describe, expect, test } from 'vitest';
import type { RestartType } from './child-spec.ts';
import { facts, World } from './world.fixture.ts';

describe('simple_one_for_one', () => {
  const adding = (id: string, restart: RestartType, request: number) =>
    ({ type: 'start.child', child: facts(id, restart), request }) as const;

  test('children are added while it runs, restarted by themselves, and forgotten when they are not', () => {
    const world = new World('simple_one_for_one', []).boot();
    world.send(adding('a', 'permanent', 1));
    world.send(adding('b', 'transient', 2));
    world.settle();
    world.crash('a');
    world.settle();
    world.crash('b', { kind: 'normal' });
    expect(world.log).toEqual(['+a', '+b', '+a']);
    expect(world.state.children.keySeq().toArray()).toEqual(['a']);
  });

  test('all stop at once', () => {
    const world = new World('simple_one_for_one', []).boot();
    world.send(adding('a', 'permanent', 1));
    world.send(adding('b', 'permanent', 2));
    world.settle();
    world.send({ type: 'stop' });
    expect(world.log).toEqual(['+a', '+b', '-a', '-b']);
    world.settle();
    expect(world.log.at(-1)).toBe('exit');
  });

  test('refuses to restart or delete, and forgets who is terminated', () => {
    const world = new World('simple_one_for_one', []).boot();
    world.send(adding('a', 'permanent', 1));
    world.settle();
    world.send({ type: 'restart.child', id: 'a', request: 2 });
    world.send({ type: 'delete.child', id: 'a', request: 3 });
    const answers = world.actions.filter((action) => action.type === 'settle');
    expect(answers.slice(1)).toMatchObject([
      { error: { code: 'child.dynamic' } },
      { error: { code: 'child.dynamic' } },
    ]);
    world.send({ type: 'terminate.child', id: 'a', request: 4 });
    world.settle();
    expect(world.state.children.size).toBe(0);
  });

  test('declares no children', () => {
    expect(() => new World('simple_one_for_one', ['a'])).toThrow('added when it runs');
  });
});
