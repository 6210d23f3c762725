/** Everything in a shard that starts and stops, when many do that at once. */
import { expect, test, vi } from 'vitest';
import { encode } from '../protocol/codec.ts';
import { decodeFrame } from '../protocol/frame.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import { surviveStartsAndStops } from '../tests/harness/start-stop-stress.ts';
import { systemClock } from './clock.ts';
import { DeterminismCheck } from './determinism.ts';
import application, { honestContract } from './determinism.fixture.ts';
import type { TaskContext } from './define-actor.ts';
import { MemoryLog } from './log-memory.ts';
import { ProgressWatchdog } from './progress-watchdog.ts';
import { seededRandomness } from './randomness.ts';
import { replayActor } from './replay.ts';
import { Sender } from './sender.ts';
import { Shard } from './shard.ts';
import { MemoryStore } from './store-memory.ts';
import { TaskRunner } from './tasks.ts';
import { TimerService } from './timers.ts';

const PARTITIONS = 4;
const HONEST = honestContract.at('1');
const subjects = subjectsOf('test');
const noContent: TaskContext['content'] = {
  put: async () => ({ ref: '', sha256: '', bytes: 0 }),
  get: async () => new Uint8Array(),
  has: async () => false,
};
const unfenced = {
  guard: (lane: number) => ({ owner: 'test', lane, seq: lane + 1 }),
  conflict: async () => {},
};

function openSender() {
  const log = new MemoryLog(subjects, PARTITIONS, systemClock);
  void log.openLanes('test');
  return { log, sender: new Sender(log, systemClock, seededRandomness('seed'), unfenced, () => {}) };
}

/** What has arrived in a partition of the log. */
async function arrived(log: MemoryLog, partition: number): Promise<string[]> {
  const end = await log.end(partition);
  const kinds: string[] = [];
  if (end === 0) return kinds;
  for await (const { seq, data } of log.read(partition, 0).entries) {
    kinds.push(...decodeFrame(data).map(({ kind }) => kind));
    if (seq === end) break;
  }
  return kinds;
}

let shards = 0;

function openShard(log: MemoryLog) {
  const faults: unknown[] = [];
  const shard = new Shard({
    acceptTail: false,
    node: 'n1',
    owner: `test-${++shards}`,
    system: application('fixture'),
    subjects,
    partitions: { count: PARTITIONS, owned: [0, 1, 2, 3] },
    log,
    store: new MemoryStore(),
    clock: systemClock,
    randomness: seededRandomness('test'),
    content: noContent,
    answer: () => {},
    ask: async () => null,
    beacon: () => {},
    idle: () => {},
    onFault: (fault) => faults.push(fault),
    report: () => {},
  });
  return { shard, faults, start: () => shard.start(), stop: () => shard.stop(100) };
}

test('a shard survives 10 × 50 concurrent starts and stops, and reads nothing after that', async () => {
  // The same log for all: each finds what the ones before have claimed.
  const log = new MemoryLog(subjects, PARTITIONS, systemClock);
  await surviveStartsAndStops(() => openShard(log), {
    use: async ({ shard, faults }) => {
      await vi.waitFor(() =>
        expect(shard.view.partitionStatus().map(({ status }) => status)).toEqual([
          'ready',
          'ready',
          'ready',
          'ready',
        ]),
      );
      const { turns } = shard.view.counters();
      await log.publishMessage(subjects.to(HONEST), encode({ type: 'add', amount: 1 }));
      await vi.waitFor(() =>
        expect(shard.view.counters()).toMatchObject({ turns: turns + 1, deadLetters: 0 }),
      );
      expect(faults).toEqual([]);
    },
  });
});

test('the watchdog of progress survives 10 × 50 concurrent starts and stops with one timer at most', async () => {
  const log = new MemoryLog(subjects, 1, systemClock);
  const { started } = await surviveStartsAndStops(() => {
    const watchdog = new ProgressWatchdog({
      clock: systemClock,
      log,
      busy: () => false,
      partitions: () => [],
      verify: async () => {},
      stalled: () => {},
    });
    return { start: async () => watchdog.start(), stop: async () => watchdog.stop() };
  });
  expect(started).toBeGreaterThan(0);
});

test('the timer service survives 10 × 50 concurrent starts and stops', async () => {
  let set = 0;
  const due = (number: number) => (number % 2 === 0 ? systemClock.now() : systemClock.now() + 3_600_000);
  await surviveStartsAndStops(
    () => {
      const { log, sender } = openSender();
      const timers = new TimerService(systemClock, sender);
      return {
        log,
        timers,
        start: async () => {
          const number = ++set;
          timers.follow(1, 'order/1', `timer-${number % 7}`, [
            `${number}.0.0`,
            due(number),
            { type: 'tick' },
          ]);
        },
        stop: async () => {
          timers.stop();
          await sender.idle();
          sender.stop();
        },
      };
    },
    {
      use: async ({ log, timers }) => {
        timers.follow(1, 'order/1', 'now', ['1.0.0', systemClock.now(), { type: 'tick' }]);
        await vi.waitFor(async () => expect(await arrived(log, 1)).toContain('timer'));
      },
    },
  );
});

test('the task runner survives 10 × 50 concurrent starts and stops: what runs is aborted, what waits never runs', async () => {
  let running = 0;
  let set = 0;
  const wait = async (_input: unknown, { signal }: TaskContext): Promise<void> => {
    running++;
    try {
      if (!signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    } finally {
      running--;
    }
  };
  const handlers: Readonly<Record<string, typeof wait>> = { wait, quick: async () => {} };
  await surviveStartsAndStops(
    () => {
      const { log, sender } = openSender();
      const environment = { node: 'n1', partitions: PARTITIONS, content: noContent, ask: async () => null };
      const runner = new TaskRunner({ ...environment, handler: (_to, name) => handlers[name] }, sender);
      return {
        log,
        runner,
        start: async () => runner.run(1, `${++set}`, { address: 'order/1', name: 'wait', input: {} }),
        stop: async () => {
          runner.stop();
          sender.stop();
        },
      };
    },
    {
      count: () => ({ 'a running task': running }),
      use: async ({ log, runner }) => {
        runner.run(1, 'use', { address: 'order/1', name: 'quick', input: {} });
        await vi.waitFor(async () => expect(await arrived(log, 1)).toContain('task'));
      },
    },
  );
});

test('the determinism check survives 10 × 50 concurrent starts and stops, each with a thread', async () => {
  const appUrl = new URL('./determinism.fixture.ts', import.meta.url).href;
  const system = application('fixture');
  await surviveStartsAndStops(
    () => {
      const failures: string[] = [];
      const check = new DeterminismCheck({
        appUrl,
        settings: 'fixture',
        sample: 1,
        clock: systemClock,
        onNondeterminism: () => {},
        onFailure: (reason) => failures.push(reason),
      });
      return {
        check,
        failures,
        start: async () => {
          const log = new MemoryLog(subjects, 1, systemClock);
          await log.publishMessage(subjects.to(HONEST), encode({ type: 'add', amount: 1 }));
          await replayActor({ log, system, subjects, partitions: 1, address: HONEST, onTurn: check.onTurn });
          await check.idle();
        },
        stop: () => check.close(),
      };
    },
    {
      use: ({ check, failures }) => {
        expect(failures).toEqual([]);
        expect(check.counters).toEqual({ checked: 1, nondeterministic: 0, skipped: 0 });
      },
    },
  );
});
