import { expect, test } from 'vitest';
import type { AdoptedChild } from './perform.ts';
import type { ExitReason } from './child-spec.ts';
import { createFakeClock, settled } from './fake-clock.fixture.ts';
import { startSupervisor } from './supervisor.ts';
import type { Strategy } from './supervisor-state.ts';

/** Children that were up before anybody supervised them. */
async function orphanage(strategy: Strategy) {
  const log: string[] = [];
  const ends = new Map<string, (reason: ExitReason) => void>();
  const up = (id: string): AdoptedChild['handle'] => {
    const { promise, resolve } = Promise.withResolvers<ExitReason>();
    ends.set(id, resolve);
    const stop = async (): Promise<void> => {
      log.push(`-${id}`);
      resolve({ kind: 'shutdown' });
    };
    return { exited: promise, kill: () => resolve({ kind: 'killed' }), stop };
  };
  const child = (id: string): AdoptedChild => {
    const start = async () => {
      log.push(`+${id}`);
      return up(id);
    };
    return { spec: { id, type: 'actor', restart: 'permanent', start }, handle: up(id) };
  };
  const clock = createFakeClock();
  const backoff = { baseMs: 0, maxMs: 0, factor: 1, jitter: 0, healthyMs: 0 };
  const supervisor = await startSupervisor({
    id: 'home',
    strategy,
    backoff,
    children: [],
    clock,
    random: () => 0,
  });
  return { supervisor, log, child, kill: (id: string) => ends.get(id)?.({ kind: 'killed' }) };
}

test('children that run already are taken in where they belong, and share the fate of their siblings', async () => {
  const { supervisor, log, child, kill } = await orphanage('rest_for_one');
  supervisor.adoptChildren(['c', 'a', 'b'].map(child), ['a', 'b', 'c']);
  expect(supervisor.whichChildren()).toMatchObject(['a', 'b', 'c'].map((id) => ({ id, status: 'running' })));
  expect(log).toEqual([]);
  kill('b');
  await settled();
  expect(log).toEqual(['-c', '+b', '+c']);
  await supervisor.stop();
  expect(log.slice(3)).toEqual(['-c', '-b', '-a']);
});

test('the next adoption forgets who is not named again, and leaves alone who is', async () => {
  const { supervisor, log, child, kill } = await orphanage('one_for_one');
  supervisor.adoptChildren([child('a')], ['a']);
  kill('a');
  await settled();
  supervisor.adoptChildren([child('b')], ['b']);
  expect(supervisor.whichChildren()).toMatchObject([{ id: 'b', restarts: 0 }]);
  // Nobody watches it any more.
  kill('a');
  await settled();
  expect(log).toEqual(['+a']);
  expect(supervisor.tree().intensity.used).toBe(1);
});
