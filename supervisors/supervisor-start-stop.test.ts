/** Supervisors that many start, stop and kill at once. */
import { expect, test } from 'vitest';
import { serviceOf, surviveStartsAndStops } from '../tests/harness/start-stop-stress.ts';
import { systemClock } from '../runtime/clock.ts';
import type { ChildSpec, ExitReason } from './child-spec.ts';
import { supervisorChild } from './supervisor-child.ts';
import { startSupervisor, type Supervisor } from './supervisor.ts';

/** Children that are up, by number. */
const up = new Set<number>();
let incarnations = 0;

/** Takes a turn of the event loop to start and one to stop. */
function child(id: string): ChildSpec {
  return {
    id,
    type: 'worker',
    restart: 'permanent',
    start: async (signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      const number = ++incarnations;
      up.add(number);
      const exit = Promise.withResolvers<ExitReason>();
      const end = (kind: ExitReason['kind']): void => {
        up.delete(number);
        exit.resolve({ kind });
      };
      return {
        exited: exit.promise,
        stop: async () => void setImmediate(() => end('shutdown')),
        kill: () => end('killed'),
      };
    },
  };
}

const ports = { clock: systemClock, random: () => 0.5 };

function startTree(signal?: AbortSignal): Promise<Supervisor> {
  const nested = supervisorChild({ id: 'nested', children: () => [child('c'), child('d')], ...ports });
  return startSupervisor({ id: 'root', children: [child('a'), nested, child('b')], signal, ...ports });
}

const count = () => ({ 'a child': up.size });
const use = ({ running }: { running: ReadonlySet<Supervisor> }) => {
  expect(running.size).toBe(1);
  for (const one of running) expect(one.countChildren()).toMatchObject({ specs: 3, active: 3 });
};

test('supervisors, one in another, survive 10 × 50 concurrent starts, stops and kills', async () => {
  const service = serviceOf(
    () => startTree(),
    (one) => one.stop(),
    async (one) => {
      one.kill();
      expect((await one.exited).kind).toMatch(/killed|shutdown/);
    },
  );
  const { started } = await surviveStartsAndStops(() => service, { use, count });
  expect(started).toBeGreaterThan(100);
});

test('a start that is given up half way leaves no child, whenever that is', async () => {
  const running = new Set<Supervisor>();
  const starting = new Set<AbortController>();
  const stop = async (): Promise<void> => {
    for (const unwanted of starting) unwanted.abort();
    await Promise.all([...running].map((one) => one.stop().then(() => running.delete(one))));
  };
  const service = {
    running,
    start: async () => {
      const unwanted = new AbortController();
      starting.add(unwanted);
      try {
        running.add(await startTree(unwanted.signal));
      } finally {
        starting.delete(unwanted);
      }
    },
    stop,
  };
  const { refused } = await surviveStartsAndStops(() => service, { use, count, refusals: ['actor.ended'] });
  expect(refused['actor.ended']).toBeGreaterThan(10);
});
