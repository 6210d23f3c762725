import { expect, test } from 'vitest';
import type { ChildSpec, ExitReason } from './child-spec.ts';
import { placeActor, supervisor } from './declaration.ts';
import { createFakeClock, settled } from './fake-clock.fixture.ts';
import { declaredTree } from './start-declared.ts';
import { startSupervisor } from './supervisor.ts';

test('a declared tree starts in its order, is found by path, and returns with the actors it has by then', async () => {
  const clock = createFakeClock();
  const log: string[] = [];
  const ends = new Map<string, (reason: ExitReason) => void>();
  const actor = (id: string): ChildSpec => ({
    id,
    type: 'actor',
    restart: 'permanent',
    shutdownMs: 100,
    start: async () => {
      const { promise, resolve } = Promise.withResolvers<ExitReason>();
      log.push(id);
      ends.set(id, resolve);
      return {
        exited: promise,
        kill: () => resolve({ kind: 'killed' }),
        stop: async () => resolve({ kind: 'shutdown' }),
      };
    },
  });
  const declaration = supervisor('app', {
    children: [
      'first/main',
      supervisor('inner', { intensity: { max: 0, windowMs: 1000 }, children: [{ kind: 'item' }] }),
      { kind: 'last' },
    ],
  });
  const resident = ['stray/x', 'last/a', 'item/1', 'first/main'] as `${string}/${string}`[];
  const tree = declaredTree(declaration, {
    clock,
    random: () => 0,
    actors: (path) =>
      resident.filter((address) => placeActor(declaration, address).join() === path.join()).map(actor),
  });
  const root = await startSupervisor({ id: 'shard-0', children: [tree.spec], clock, random: () => 0 });
  expect(log).toEqual(['first/main', 'item/1', 'last/a', 'stray/x']);

  const path = placeActor(declaration, 'item/2');
  await tree.at(path)?.startChild(actor('item/2'));
  resident.push('item/2');
  log.length = 0;
  ends.get('item/2')?.({ kind: 'error' });
  await settled();
  expect(tree.at(path)).toBeUndefined();
  clock.advance(1000);
  await settled();
  expect(log).toEqual(['item/1', 'item/2']);
  expect(
    tree
      .at(path)
      ?.whichChildren()
      .map(({ id }) => id),
  ).toEqual(['item/1', 'item/2']);
  await root.stop();
  expect(tree.at(['app'])).toBeUndefined();
});
