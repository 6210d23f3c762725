/** A shard whose thread ends, or comes round no more: until it is noticed, and until it serves again. */
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { loadSettings } from '../../config/load-settings.ts';
import { startNode } from '../../nodes/start-node.ts';
import { decode, encode } from '../../protocol/codec.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import { type BenchBroker, startBroker } from './broker.ts';
import type { ErlangReference } from './erlang-reference.ts';
import { median, type Measurement, nowUs } from './measurement.ts';
import { SUPERVISION_APP } from './supervision-durable.ts';
import { until } from './until.ts';

const RUNS = 5;
const DEADLINE_MS = 1_000;
/** Shorter than a restart, so that what was lost with the shard delays nothing. */
const ASK_MS = 200;

/** A node in this process, so that what it logs is heard at once. */
interface Scene {
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  readonly folder: string;
  /** Resolves with when a line with this text was logged. */
  heard(text: string): Promise<number>;
  /** Resolves with when an actor of the shard answers. */
  serves(): Promise<number>;
}

export async function failedShards(
  _erlang: ErlangReference,
  say: (line: string) => void,
): Promise<Measurement[]> {
  const ended: number[] = [];
  const turn = { reported: [] as number[], serves: [] as number[] };
  const task = { reported: [] as number[], serves: [] as number[] };
  const broker = await startBroker('2m');
  try {
    // Each on a node of its own: the back-off of a shard grows with what it has been through.
    for (let run = 0; run < RUNS; run++) {
      ended.push(await inScene(broker, `ended-${run}`, endOfThread));
      const hungTurn = await inScene(broker, `turn-${run}`, endlessTurn);
      const hungTask = await inScene(broker, `task-${run}`, endlessTask);
      for (const [into, one] of [
        [turn, hungTurn],
        [task, hungTask],
      ] as const) {
        into.reported.push(one.reported);
        into.serves.push(one.serves);
      }
      say(`shards, run ${run + 1} of ${RUNS}`);
    }
  } finally {
    await broker.stop();
  }
  const row = (measure: string, runs: readonly number[], note: string): Measurement => ({
    ...{ bench: 'supervision', measure, unit: 'ms', value: median(runs), runs, note },
  });
  const late = `past the deadline of ${DEADLINE_MS} ms`;
  return [
    row('shard whose thread ends, until an ask is answered', ended, '25 to 50 ms of it are back-off'),
    row('endless turn, reported', turn.reported, late),
    row(
      'endless turn, until the shard serves again',
      turn.serves,
      `${late}; a query, which no restart repeats`,
    ),
    row('blocked thread of a task, reported', task.reported, late),
    row('blocked thread of a task, until the shard serves again', task.serves, late),
  ];
}

/** Milliseconds. */
async function endOfThread({ connection, subjects, serves }: Scene): Promise<number> {
  const startUs = nowUs();
  connection.publish(subjects.ask('ender/x', 'end'), encode({}), { reply: 'nobody' });
  await connection.flush();
  return ((await serves()) - startUs) / 1_000;
}

interface Hung {
  readonly reported: number;
  readonly serves: number;
}

async function endlessTurn(scene: Scene): Promise<Hung> {
  const { connection, subjects, heard } = scene;
  const reported = heard('A turn passed its deadline');
  const startUs = nowUs();
  connection.publish(subjects.ask('counter/spun', 'spin'), encode({}), { reply: 'nobody' });
  await connection.flush();
  return past(scene, startUs, await reported);
}

async function endlessTask(scene: Scene): Promise<Hung> {
  const { connection, subjects, heard, folder } = scene;
  const reported = heard('A shard stopped answering');
  const mark = join(folder, 'blocked');
  connection.publish(subjects.to('counter/blocked'), encode({ type: 'block', mark }));
  // The task leaves it just before it blocks.
  await until(async () => existsSync(mark) || undefined, 1);
  return past(scene, nowUs(), await reported);
}

async function past({ serves }: Scene, startUs: number, reportedUs: number): Promise<Hung> {
  const deadlineUs = startUs + DEADLINE_MS * 1_000;
  return { reported: (reportedUs - deadlineUs) / 1_000, serves: ((await serves()) - deadlineUs) / 1_000 };
}

async function inScene<T>(
  broker: BenchBroker,
  namespace: string,
  measure: (scene: Scene) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: broker.url });
  const jsm = await jetstreamManager(connection);
  const data = join(broker.folder, namespace);
  const flags = { app: SUPERVISION_APP, data, namespace, determinismSample: 0, turnDeadlineMs: DEADLINE_MS };
  const { settings } = loadSettings({
    flags: { ...flags, shards: 1 },
    directory: broker.folder,
  });
  const lines: { readonly text: string; readonly atUs: number }[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push({ text: chunk.toString(), atUs: nowUs() });
      done();
    },
  });
  const log = pino({ level: 'warn' }, destination);
  const node = await startNode({ settings, natsUrl: broker.url, log, token: 'bench' });
  const subjects = subjectsOf(namespace);
  const serves = (): Promise<number> =>
    until(async () => {
      try {
        const request = connection.request(subjects.ask('counter/x', 'total'), encode({}), {
          timeout: ASK_MS,
        });
        const { ok } = decode((await request).data) as { ok: boolean };
        return ok ? nowUs() : undefined;
      } catch {
        return undefined;
      }
    }, 1);
  try {
    await serves();
    const heard = (text: string): Promise<number> =>
      until(async () => lines.find((line) => line.text.includes(text))?.atUs, 1);
    return await measure({ connection, subjects, folder: data, heard, serves });
  } finally {
    await node.stop();
    // Each namespace reserves a share of the disk.
    for (const stream of Object.values(subjects.streams))
      await jsm.streams.delete(stream).catch(() => undefined);
    await connection.close();
  }
}
