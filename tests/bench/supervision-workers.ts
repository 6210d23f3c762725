/** A worker's process that is killed, until the next one is up; Erlang's supervisor does it with a port. */
import { pino } from 'pino';
import { systemClock } from '../../runtime/clock.ts';
import { startSupervisor } from '../../supervisors/supervisor.ts';
import { worker } from '../../supervisors/worker-declaration.ts';
import { WorkerHost } from '../../nodes/workers/worker-host.ts';
import type { ErlangReference } from './erlang-reference.ts';
import { median, type Measurement, nowUs } from './measurement.ts';

const RUNS = 11;
const NO_BACKOFF = { baseMs: 0, maxMs: 0, factor: 1, jitter: 0, healthyMs: 0 };

export async function workerProcesses(erlang: ErlangReference): Promise<Measurement[]> {
  let isUp = Promise.withResolvers<number>();
  const host = new WorkerHost({
    declaration: worker('w', { module: new URL('../harness/apps/behaving-worker.ts', import.meta.url) }),
    path: 'workers/w',
    context: { id: 'w', node: 'n1', namespace: 'banyan', broker: { servers: 'nats://127.0.0.1:1' } },
    log: pino({ level: 'silent' }),
    listener: { onUp: () => isUp.resolve(nowUs()), onDown: () => undefined },
  });
  const supervisor = await startSupervisor({
    ...{ id: 'workers', children: [host.spec()], backoff: NO_BACKOFF },
    ...{ intensity: { max: 1_000, windowMs: 1_000 }, clock: systemClock, random: () => 0 },
  });
  const ours: number[] = [];
  const raw: number[] = [];
  try {
    erlang.command(`port ${process.execPath}`);
    let other = await portUp(erlang);
    await erlang.done();
    for (let run = 0; run < RUNS; run++) {
      isUp = Promise.withResolvers<number>();
      ours.push(await kill(host.pid, () => isUp.promise));
      raw.push(
        await kill(other, async () => {
          other = await portUp(erlang);
          return nowUs();
        }),
      );
    }
  } finally {
    await supervisor.stop();
    await erlang.run('end');
  }
  const value = median(ours);
  return [
    {
      bench: 'supervision',
      measure: 'worker process killed, until the next is up',
      unit: 'ms',
      value,
      raw: median(raw),
      ratio: value / median(raw),
      runs: ours,
      note: 'without back-off; raw starts an empty script, ours also loads what a worker is made of',
    },
  ];
}

async function kill(pid: number | undefined, up: () => Promise<number>): Promise<number> {
  if (pid === undefined) throw new Error('The worker is not up.');
  const startUs = nowUs();
  process.kill(pid, 'SIGKILL');
  return ((await up()) - startUs) / 1_000;
}

async function portUp(erlang: ErlangReference): Promise<number> {
  return Number((await erlang.next()).replace('up ', ''));
}
