/** What a node consists of and starts without a broker, when many start and stop it at once. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../runtime/clock.ts';
import type { Supervisor } from '../supervisors/supervisor.ts';
import { startSupervisor } from '../supervisors/supervisor.ts';
import { worker } from '../supervisors/worker-declaration.ts';
import family from '../tests/harness/apps/family.ts';
import { serviceOf, surviveStartsAndStops } from '../tests/harness/start-stop-stress.ts';
import { openDataDirectory } from './data-directory.ts';
import { startHttp } from './http.ts';
import type { NodeView } from './node-view.ts';
import { ActorSupervision } from './shards/actor-supervision.ts';
import { announceWorker } from './workers/announce-worker.ts';
import { WorkerHost } from './workers/worker-host.ts';

const ports = { clock: systemClock, random: () => 0.5 };

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the lock of a data directory survives 10 × 50 concurrent openings and releases: one owner at a time', async () => {
  const folder = temporaryFolder();
  let owners = 0;
  const service = serviceOf(
    async () => {
      const directory = await openDataDirectory(folder);
      expect(++owners).toBe(1);
      return directory;
    },
    async (directory) => {
      owners = 0;
      await directory.release();
    },
  );
  const { refused } = await surviveStartsAndStops(() => service, { refusals: ['data.locked'] });
  expect(refused['data.locked']).toBeGreaterThan(10);
  expect(readdirSync(folder)).toEqual(['format']);
});

test('the HTTP server survives 10 × 50 concurrent starts and stops, also on one port', async () => {
  const view = { health: async () => ({ ready: true }), statuses: async () => [] } as unknown as NodeView;
  const { url, stop } = await startHttp({ host: '127.0.0.1', port: 0, view });
  await stop();
  const port = Number(new URL(url).port);
  let started = 0;
  const service = serviceOf(
    () => startHttp({ host: '127.0.0.1', port: started++ % 2 === 0 ? port : 0, view }),
    (server) => server.stop(),
  );
  await surviveStartsAndStops(() => service, {
    refusals: ['config.invalid'],
    use: async ({ running }) => {
      expect(running.size).toBe(1);
      for (const server of running) {
        const ready = await fetch(new URL('/health/ready', server.url), { headers: { connection: 'close' } });
        expect(await ready.json()).toEqual({ ready: true });
      }
    },
  });
});

test('the supervisors of actors survive 10 × 50 concurrent starts and stops, with actors that are killed', async () => {
  let kills = 0;
  let up = 0;
  await surviveStartsAndStops(
    () => {
      const supervision = new ActorSupervision({
        ...ports,
        shard: 'shard-0',
        tree: family.tree,
        residents: () => ['elder/main', 'middle/main', 'young/a', 'stranger/x'],
        restart: () => undefined,
        onEvent: ({ type, supervisor }) => {
          if (supervisor !== 'shard-0') return;
          if (type === 'child-started') up++;
          if (type === 'child-exited') up--;
        },
      });
      return {
        supervision,
        start: async () => {
          await supervision.start();
          supervision.killed(kills++ % 2 === 0 ? 'elder/main' : 'stranger/x');
        },
        stop: () => supervision.stop(),
      };
    },
    {
      count: () => ({ 'a supervisor': up }),
      use: ({ supervision }) => expect(supervision.describe()?.status).toBe('running'),
    },
  );
});

/** A worker under a supervisor of its own, as a node has it. */
function superviseWorker(behaviour: string) {
  const module = new URL('../tests/harness/apps/behaving-worker.ts', import.meta.url);
  const host = new WorkerHost({
    declaration: worker('w', { module, env: { BEHAVIOUR: behaviour }, shutdownMs: 0 }),
    path: 'n1/workers/w',
    context: { id: 'w', node: 'n1', namespace: 'banyan', broker: { servers: 'nats://127.0.0.1:1' } },
    log: pino({ level: 'silent' }),
    listener: { onUp: () => undefined, onDown: () => undefined },
  });
  const starting = new Set<AbortController>();
  const running = new Set<Supervisor>();
  return {
    host,
    start: async () => {
      const unwanted = new AbortController();
      starting.add(unwanted);
      try {
        running.add(
          await startSupervisor({
            id: 'workers',
            children: [host.spec()],
            signal: unwanted.signal,
            ...ports,
          }),
        );
      } finally {
        starting.delete(unwanted);
      }
    },
    stop: async () => {
      for (const unwanted of starting) unwanted.abort();
      await Promise.all([...running].map((one) => one.stop().then(() => running.delete(one))));
    },
    kill: async () => {
      for (const one of running) one.kill();
    },
  };
}

test('a worker process survives concurrent starts, stops and kills, whenever in its start they come', async () => {
  // Each start is a process of its own, a third of a second of processor time.
  await surviveStartsAndStops(() => superviseWorker('work'), {
    rounds: 1,
    refusals: ['actor.ended', 'worker.start'],
    use: ({ host }) => expect(host.pid).toBeGreaterThan(0),
  });
}, 60_000);

test('the announcer of workers survives 10 × 50 concurrent announcements and ends', async () => {
  await surviveStartsAndStops(() => {
    const stored: string[] = [];
    let closed = false;
    let number = 0;
    const announcer = announceWorker({
      node: 'n1',
      run: 'r',
      append: async ({ message }) => void stored.push(JSON.stringify(message)),
      closed: () => closed,
      onLost: (error) => expect.fail(String(error)),
    });
    return {
      start: async () => {
        announcer.onUp('w', ++number);
        announcer.onDown('w', number, { kind: 'shutdown' });
      },
      stop: async () => {
        const announced = 2 * number;
        await announcer.settled(60_000);
        closed = true;
        expect(stored.length).toBeGreaterThanOrEqual(announced);
      },
    };
  });
});
