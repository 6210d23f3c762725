import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { World } from './world.fixture.ts';

const ids = ['a', 'b', 'c', 'd'];
const step = fc.record({
  kind: fc.constantFrom('crash', 'start', 'failStart', 'stop', 'fire', 'fire', 'start'),
  pick: fc.nat(7),
});
const schedules = fc.array(step, { maxLength: 80 });

const pickFrom = (keys: Iterable<string>, pick: number): string | undefined => {
  const all = [...keys];
  return all[pick % Math.max(1, all.length)];
};

function play(world: World, kind: string, pick: number): void {
  if (kind === 'fire') return world.fire();
  const from = kind === 'crash' ? world.up : kind === 'stop' ? world.stopping : world.starting;
  const id = pickFrom(from.keys(), pick);
  if (id === undefined) return;
  if (kind === 'crash') world.crash(id);
  else if (kind === 'stop') world.finishStop(id);
  else world.finishStart(id, kind === 'failStart' ? new Error('no') : undefined);
}

describe('laws over random schedules', () => {
  test.each(['one_for_all', 'rest_for_one'] as const)(
    '%s: starts see all on their left up, stops see all on their right down',
    (strategy) => {
      fc.assert(
        fc.property(schedules, (schedule) => {
          const world = new World(strategy, ids, 1000).boot();
          world.actions.length = 0;
          for (const { kind, pick } of schedule) {
            play(world, kind, pick);
            for (const action of world.actions.splice(0)) {
              if (action.type !== 'start' && action.type !== 'stop') continue;
              const index = ids.indexOf(action.id);
              if (action.type === 'start') {
                expect(world.stopping.size).toBe(0);
                const isUp = (id: string): boolean => world.up.has(id) || world.endedUnseen(id);
                expect(ids.slice(0, index).every(isUp)).toBe(true);
              }
              expect(ids.slice(index + 1).some((id) => world.alive(id))).toBe(false);
            }
          }
          // Whatever happened, it comes to rest with everybody up.
          world.settle();
          expect([...world.up.keys()].sort()).toEqual(ids);
        }),
      );
    },
  );

  test.each(['one_for_one', 'one_for_all', 'rest_for_one'] as const)(
    '%s: stopping at any moment leaves nothing alive, and asks from right to left',
    (strategy) => {
      fc.assert(
        fc.property(schedules, (schedule) => {
          const world = new World(strategy, ids, 1000).boot();
          for (const { kind, pick } of schedule) play(world, kind, pick);
          world.log.length = 0;
          world.send({ type: 'stop' });
          world.settle();
          const order = world.log
            .filter((entry) => entry !== 'exit')
            .map((entry) => ids.indexOf(entry.slice(1)));
          expect(order).toEqual(order.toSorted((a, b) => b - a));
          expect(world.log.at(-1)).toBe('exit');
          expect(ids.some((id) => world.alive(id))).toBe(false);
        }),
      );
    },
  );
});
