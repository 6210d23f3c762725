import { describe, expect, test } from 'vitest';
import type { ExitReason, RestartType } from './child-spec.ts';
import { facts, World } from './world.fixture.ts';

describe('significant children', () => {
  const significant = (id: string, restart: RestartType) => facts(id, restart, { significant: true });
  const normal: ExitReason = { kind: 'normal' };

  test.each([
    ['any_significant', ['s'], 'exit'],
    ['all_significant', ['s'], 'running'],
    ['all_significant', ['s', 't'], 'exit'],
    ['any_significant', ['p'], 'running'],
  ] as const)('%s, after the end of %j: %s', (autoShutdown, ends, outcome) => {
    const children = [significant('s', 'transient'), significant('t', 'temporary'), facts('p', 'transient')];
    const world = new World('one_for_one', children, 3, autoShutdown).boot();
    for (const id of ends) world.crash(id, normal);
    world.settle();
    expect(world.log.at(-1)).toBe(outcome === 'exit' ? 'exit' : undefined);
    if (outcome === 'exit') expect(world.state.exitReason).toEqual({ kind: 'shutdown' });
  });

  test('a failure that is restarted, or an end that somebody asked for, is none by itself', () => {
    const children = [significant('s', 'transient'), significant('t', 'temporary'), facts('a')];
    const world = new World('one_for_all', children, 9, 'any_significant').boot();
    world.crash('s');
    world.settle();
    world.send({ type: 'terminate.child', id: 's', request: 1 });
    world.settle();
    // Stopped with its group, and dropped because it is temporary.
    expect(world.state.children.has('t')).toBe(false);
    expect(world.state.phase).toBe('running');
  });

  test('are refused where they could never count', () => {
    expect(() => new World('one_for_one', [significant('s', 'transient')], 3, 'never')).toThrow(
      'autoShutdown',
    );
    expect(() => new World('one_for_one', [significant('s', 'permanent')], 3, 'any_significant')).toThrow(
      'always restarted',
    );
  });
});
