/** Partitions move between shards, in order or by force, and to another node when theirs is frozen. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { connectBanyan } from '../../nodes/client/connect.ts';
import { readRunFile } from '../../nodes/run-file.ts';
import { decodeFrame } from '../../protocol/frame.ts';
import {
  actorIn,
  claimsInOrder,
  everyPartition,
  expectEverythingOnce,
  move,
  sendUntil,
} from '../harness/moving-load.ts';
import { checkOutcome } from '../chaos/check-outcome.ts';
import { writeDocuments } from '../chaos/source.ts';
import { dataOf, outOf, startUp } from '../chaos/up-once.ts';
import { appFile, EVENTUALLY, PARTITIONS, TestSystem, TOKEN } from '../harness/test-node.ts';

vi.setConfig({ testTimeout: 120_000 });

const SHARDS = 2;
const DOCUMENTS = 45;
/** Of a namespace whose settings do not say otherwise. */
const MANY_PARTITIONS = 64;
const LOST = 'Another owner has claimed a partition.';
/** The deadline is far away: a thread that is stuck stays stuck. */
const settings = { app: appFile('moving'), shards: SHARDS, turnDeadlineMs: 60_000 };

const homeOf = (partition: number): number => partition % SHARDS;
const otherThan = (shard: number): number => 1 - shard;

interface Listed {
  readonly id: number;
  readonly shard: string;
  readonly status: string;
}

async function shardsOf(system: TestSystem): Promise<string[]> {
  const { value } = await system.sys('partitions');
  return (value as { partitions: Listed[] }).partitions.map(({ shard }) => shard);
}

describe('between the shards of a node', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = new TestSystem(settings);
    await system.open();
  });
  afterAll(() => system.close());

  test('every partition there and back under load: nothing is lost, doubled or out of order', async () => {
    let moving = true;
    const load = sendUntil(system, () => !moving);
    for (const to of [otherThan, (shard: number) => shard]) {
      for (const partition of everyPartition) {
        const shard = to(homeOf(partition));
        const reply = await move(system, TOKEN, partition, shard);
        expect(reply).toMatchObject({ ok: true, value: { partition, shard } });
      }
    }
    moving = false;
    await expectEverythingOnce(system, await load);
    await claimsInOrder(system);
    expect(system.logged.filter(({ level }) => level >= 50)).toEqual([]);
  });

  test('who asks for several moves of one partition at once gets them one after the other', async () => {
    const replies = await Promise.all([1, 0, 1, 0, 1, 1].map((shard) => move(system, TOKEN, 4, shard)));
    const epochs = replies.map(({ value }) => (value as { epoch: number }).epoch);
    // The last one found it where it should be.
    expect(epochs.map((epoch) => epoch - (epochs[0] ?? 0))).toEqual([0, 1, 2, 3, 4, 4]);
    expect((await shardsOf(system))[4]).toBe('shard-1');
    // Each owner left in order before the next one came.
    const [last = [], nobody] = [(await claimsInOrder(system))[4], null];
    const owner: unknown = expect.any(String);
    const expected = [owner, nobody, owner, nobody, owner, nobody, owner, nobody, owner, nobody, owner];
    expect(last.slice(-expected.length).map((claim) => claim.owner)).toEqual(expected);
    await move(system, TOKEN, 4, 0);
  });

  test('what there is not, and who may not, is refused with a code', async () => {
    expect(await move(system, 'a guess', 0, 1)).toMatchObject({ error: { code: 'authorisation' } });
    for (const [partition, shard, path] of [
      [PARTITIONS, 0, 'partition'],
      [0, SHARDS, 'shard'],
    ] as const)
      expect(await move(system, TOKEN, partition, shard)).toMatchObject({
        error: { code: 'request.malformed', path },
      });
    expect(await system.sys('work')).toMatchObject({ value: { idle: true } });
  });

  test('by force from a thread that is stuck: what it sends when it wakes is refused, and it steps down', async () => {
    const stuck = stickIn(system, 2, 'stuck');
    await stuck.started();
    expect(await move(system, TOKEN, 2, 1, true)).toMatchObject({ ok: true, value: { shard: 1 } });
    await expect.poll(() => system.ask(stuck.actor, 'notes'), EVENTUALLY).toEqual(['stuck']);
    await expect.poll(() => system.ask(stuck.receiver, 'notes'), EVENTUALLY).toEqual(['stuck']);
    expect(await system.call(stuck.actor, { type: 'add', note: 'after' })).toMatchObject({
      value: { count: 2 },
    });

    stuck.wake();
    await expect.poll(() => linesAbout(system, LOST, 2), EVENTUALLY).toHaveLength(1);
    await system.idle();
    expect(await system.ask(stuck.actor, 'notes')).toEqual(['stuck', 'after']);
    expect(await system.ask(stuck.receiver, 'notes')).toEqual(['stuck']);
    // Not even stored: the receiver had nothing to drop.
    expect(await framesWith(system, stuck.receiver, 'stuck')).toBe(1);
    expect((await shardsOf(system))[2]).toBe('shard-1');
    await claimsInOrder(system);
  });

  test('back to the thread that was stuck, before it noticed anything: it gives up first, and claims then', async () => {
    const stuck = stickIn(system, 6, 'again');
    await stuck.started();
    // Asked to leave in order it does not answer in time.
    expect(await move(system, TOKEN, 6, 1)).toMatchObject({ ok: true, value: { shard: 1 } });
    await system.hears('A partition was not released in order');
    await expect.poll(() => system.ask(stuck.actor, 'notes'), EVENTUALLY).toEqual(['again']);
    const back = move(system, TOKEN, 6, 0);
    stuck.wake();
    expect(await back).toMatchObject({ ok: true, value: { shard: 0 } });
    expect(await system.call(stuck.actor, { type: 'add', note: 'after' })).toMatchObject({
      value: { count: 2 },
    });
    await system.idle();
    expect((await shardsOf(system))[6]).toBe('shard-0');
    expect(await framesWith(system, stuck.receiver, 'again')).toBe(1);
    await claimsInOrder(system);
  });

  test('a partition whose new shard is replaced before it can take it goes back', async () => {
    await system.stop();
    await system.start({ turnDeadlineMs: 1_000 });
    const stuck = stickIn(system, 0, 'replaced');
    await stuck.started();
    const { error } = await move(system, TOKEN, 1, 0);
    expect(error).toMatchObject({ code: 'partition.unavailable' });
    await system.hears('its shard takes it back');
    expect((await shardsOf(system))[1]).toBe('shard-1');
    const call = { type: 'add', note: 'after' };
    expect(await system.call(actorIn(system, 1, 'kept'), call)).toMatchObject({ value: { count: 1 } });
    // The turn that was cut off is turned again, and what it has told is told once.
    await system.idle();
    expect(await system.ask(stuck.receiver, 'notes')).toEqual(['replaced']);
    await claimsInOrder(system);
  });
});

describe('to another node', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = new TestSystem();
    await system.open({ node: false });
  });
  afterAll(() => system.close());

  test('when theirs is frozen, which ends with namespace.owned when it wakes; nothing is lost or doubled', async () => {
    const frozen = await startCli(system, 'frozen');
    let moving = true;
    const load = sendUntil(system, () => !moving);
    await vi.waitFor(async () => expect(await eventsStored(system)).toBeGreaterThan(50), EVENTUALLY);
    process.kill(frozen.pid, 'SIGSTOP');
    const second = await startCli(system, 'second');
    expect(second.logged()).toContain('Another node is there and does not answer');
    process.kill(frozen.pid, 'SIGCONT');
    expect(await frozen.exited).toBe(1);
    expect(frozen.logged()).toContain('namespace.owned');
    expect(frozen.logged()).toContain(LOST);
    moving = false;
    await expectEverythingOnce(system, await load);
    for (const of of await claimsInOrder(system)) expect(of.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(await second.stop()).toBe(0);
  });

  test('one that answers is not disturbed', async () => {
    const first = await startCli(system, 'first');
    await expect(startCli(system, 'refused')).rejects.toThrow(/namespace\.owned/);
    expect(await system.sys('work')).toMatchObject({ ok: true });
    expect(await first.stop()).toBe(0);
  });
});

test('the pipeline collects everything once while its partitions move, and its dataset verifies', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-move-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(outOf(folder));
  const source = writeDocuments(join(folder, 'source'), 'move', DOCUMENTS);
  const up = startUp({ folder, source: source.folder, shards: SHARDS, name: 'up', patienceMs: 100_000 });
  onTestFinished(() => up.kill());
  const { nats, token } = await vi.waitFor(() => {
    const found = readRunFile(dataOf(folder));
    if (found === undefined) throw new Error('the node is not up yet');
    return found;
  }, EVENTUALLY);
  const client = await connectBanyan({ servers: nats, token, waits: true });
  // Every partition once; who has moved them on and on could not say when everything is quiet.
  let moves = 0;
  for (const partition of Array.from({ length: MANY_PARTITIONS }).keys()) {
    const body = { partition, shard: otherThan(homeOf(partition)) };
    // It may have ended: then there is nothing to move.
    const moved = client.sys('move', body, { timeoutMs: 10_000 }).then(
      () => moves++,
      () => undefined,
    );
    await Promise.race([moved, up.ended]);
  }
  await client.close();
  expect(await checkOutcome(folder, source.identities, await up.ended)).toEqual([]);
  expect(moves).toBeGreaterThan(0);
});

/** A turn that does not end: it has told somebody in a partition of the other shard, which has not left yet. */
function stickIn(system: TestSystem, partition: number, note: string) {
  const [actor, receiver] = [actorIn(system, partition, note), actorIn(system, partition + 1, note)];
  const [started, release] = [join(system.data, `${note}.started`), join(system.data, `${note}.release`)];
  const wake = (): void => writeFileSync(release, '');
  onTestFinished(wake);
  return {
    actor,
    receiver,
    wake,
    started: async () => {
      await system.tell(actor, { type: 'block', to: receiver.slice('note/'.length), note, started, release });
      await vi.waitFor(() => expect(existsSync(started)).toBe(true), EVENTUALLY);
    },
  };
}

const linesAbout = (system: TestSystem, text: string, partition: number) =>
  system.logged.filter((line) => line.msg === text && line['partition'] === partition);

const eventsStored = async ({ jsm, subjects }: TestSystem): Promise<number> =>
  (await jsm.streams.info(subjects.streams.event)).state.messages;

/** How often the log holds a message to an actor, whoever sent it. */
async function framesWith({ js, subjects }: TestSystem, to: string, note: string): Promise<number> {
  let count = 0;
  const consumer = await js.consumers.get(subjects.streams.mailbox, {
    filter_subjects: [subjects.all.frame],
  });
  for await (const message of await consumer.consume()) {
    for (const record of decodeFrame(message.data))
      if (record.to === to && (record.message as { note?: unknown }).note === note) count++;
    if (message.info.pending === 0) break;
  }
  return count;
}

const MAIN = fileURLToPath(new URL('../../nodes/cli/main.ts', import.meta.url));

/** `banyan node start` as a process of its own, with a data directory of its own. */
async function startCli(system: TestSystem, name: string) {
  const args = ['--nats', system.broker.url, '--data', join(system.data, name), '--app', appFile('moving')];
  const set = [`partitions=${PARTITIONS}`, `shards=${SHARDS}`, 'determinismSample=0', 'turnDeadlineMs=5000'];
  const child = spawn(
    process.execPath,
    [MAIN, 'node', 'start', ...args, ...set.flatMap((setting) => ['--set', setting])],
    { cwd: system.data, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let logged = '';
  const runs = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      logged += chunk.toString();
      if (logged.includes('the node runs')) runs.resolve();
    });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  void exited.then(() => runs.reject(new Error(`the node ended: ${logged}`)));
  await runs.promise;
  return {
    pid: child.pid ?? 0,
    exited,
    logged: () => logged,
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}
