import { expect, test } from 'vitest';
import type { ChildSpec, ExitReason } from './child-spec.ts';
import { supervisor } from './declaration.ts';
import { createFakeClock, settled } from './fake-clock.fixture.ts';
import { declaredSupervisor } from './start-declared.ts';
import { startSupervisor } from './supervisor.ts';

test('declared supervisors start in their order, restart as declared, and leave out what is not wanted here', async () => {
  const clock = createFakeClock();
  const log: string[] = [];
  const ends = new Map<string, (reason: ExitReason) => void>();
  const child = (id: string): ChildSpec => ({
    id,
    type: 'worker',
    restart: 'permanent',
    start: async () => {
      const { promise, resolve } = Promise.withResolvers<ExitReason>();
      log.push(`+${id}`);
      ends.set(id, resolve);
      const stop = async (): Promise<void> => {
        log.push(`-${id}`);
        resolve({ kind: 'shutdown' });
      };
      return { exited: promise, kill: () => resolve({ kind: 'killed' }), stop };
    },
  });
  const declaration = supervisor('app', {
    strategy: 'rest_for_one',
    children: [
      'first/main',
      supervisor('inner', { intensity: { max: 0, windowMs: 1000 }, children: ['second/main', 'none/main'] }),
      supervisor('elsewhere', { children: ['third/main'] }),
      'last/main',
    ],
  });
  const spec = declaredSupervisor(declaration, {
    clock,
    random: () => 0,
    isWanted: ({ id }) => id !== 'elsewhere',
    childAt: (place, path) =>
      'kind' in place && place.kind !== 'none' ? child([...path, place.kind].join('/')) : undefined,
  });
  const root = await startSupervisor({ id: 'n1', children: [spec], clock, random: () => 0 });
  expect(log).toEqual(['+app/first', '+app/inner/second', '+app/last']);

  log.length = 0;
  // More than the inner supervisor allows: it gives up, and takes along what was started after it.
  ends.get('app/inner/second')?.({ kind: 'error' });
  await settled();
  expect(log).toEqual(['-app/last']);
  clock.advance(100);
  await settled();
  expect(log).toEqual(['-app/last', '+app/inner/second', '+app/last']);
  await root.stop();
});
