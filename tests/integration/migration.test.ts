/** A release follows another one on a real broker: by turns, after a kill, and with state it cannot read. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { command, commandProcess } from '../../nodes/cli/cli-process.fixture.ts';
import { actorListDocument, actorReplayDocument, doctorDocument } from '../../nodes/cli/documents.ts';
import type { Address } from '../../protocol/address.ts';
import { actorStatusSchema, treeReplySchema, type WireTreeNode } from '../../protocol/wire.ts';
import { UNLUCKY } from '../../runtime/account.fixture.ts';
import { type NodeProcess, startNodeProcess } from '../harness/node-process.ts';
import { appFile, EVENTUALLY, PARTITIONS, type SettingsChange, TestSystem } from '../harness/test-node.ts';

vi.setConfig({ testTimeout: 120_000 });

type Release = 'first' | 'second' | 'broken';

/** A broker, and nodes that are processes of their own: only they compute the version of turns that users see. */
async function openSystem() {
  const system = new TestSystem({ determinismSample: 1 });
  onTestFinished(() => system.close());
  await system.open({ node: false });
  return {
    system,
    start: (release: Release, change: SettingsChange = {}) =>
      startNodeProcess(system.settings({ app: appFile(`account-${release}`), ...change }), system.broker.url),
    forgetLocalState: () => rmSync(join(system.data, 'shards'), { recursive: true }),
    stop: async (node: NodeProcess) => expect(await node.signal('SIGTERM'), node.logged()).toBe(0),
    deposit: (to: Address, amount: number, note = '') => system.tell(to, { type: 'deposit', amount, note }),
    /** A command against the running node. */
    banyan: (...args: string[]) => command([...args, '--nats', system.broker.url, '--data', system.data]),
  };
}

const account = (number: number): Address => `account/a${number}`;
const ACCOUNTS = Array.from({ length: 2 * PARTITIONS }, (_, number) => account(number));
const state = (cents: number, times: number) => ({ state: 'open', context: { cents, times } });
const migrated = (amount: number) => ({ cents: amount * 100, note: 'of the first release' });

test('after a clean stop the next release goes on, also with what has come meanwhile', async () => {
  const { system, start, stop, deposit } = await openSystem();
  const first = await start('first');
  for (const to of ACCOUNTS) await deposit(to, 1);
  await system.idle();
  await stop(first);
  for (const to of ACCOUNTS) await deposit(to, 2, 'meanwhile');
  const second = await start('second');
  await system.idle();
  const meanwhile = { cents: 200, note: 'meanwhile' };
  for (const to of ACCOUNTS) {
    expect(await system.ask(to, 'state')).toEqual(state(300, 2));
    expect(await system.ask(to, 'deposits')).toEqual([migrated(1), meanwhile]);
  }
  await system.tell(account(0), { type: 'correct', place: 1, in: 'range' });
  await system.idle();
  const corrected = { ...migrated(1), note: 'of the first release, corrected' };
  expect(await system.ask(account(0), 'deposits')).toEqual([corrected, meanwhile]);

  const replayed = await commandProcess([
    ...['actor', 'replay', account(0), '--app', appFile('account-second'), '--json'],
    ...['--nats', system.broker.url, '--data', system.data],
  ]);
  expect(replayed, replayed.stderr).toMatchObject({ code: 0 });
  expect(actorReplayDocument.parse(JSON.parse(replayed.stdout))).toMatchObject({ identical: true });
  await stop(second);
  expect(second.logged()).not.toMatch(/two results|"level":[56]0/);

  // From checkpoints alone, nothing is migrated twice.
  const again = await start('second');
  await system.idle();
  expect(await system.ask(account(0), 'deposits')).toEqual([corrected, meanwhile]);
  expect(await system.ask(account(1), 'state')).toEqual(state(300, 2));
  await stop(again);
});

test('after a kill, entries that the old release may have turned wait until somebody decides', async () => {
  const { system, start, stop, deposit, forgetLocalState, banyan } = await openSystem();
  const [torn, other] = [account(0), account(1)];
  expect(system.partition(torn)).not.toBe(system.partition(other));
  const tear = async (amount: number): Promise<void> => {
    const node = await start('first');
    await deposit(other, 1);
    await system.idle();
    await stop(node);
    const killed = await start('first');
    await deposit(torn, amount);
    await system.idle();
    await killed.kill();
    // Whatever it has saved of the first one, it has not turned this one.
    await deposit(torn, amount);
    forgetLocalState();
  };
  await tear(1);

  const second = await start('second');
  const refused = await system.call(torn, { type: 'deposit', amount: 1 });
  expect(refused).toMatchObject({ ok: false, error: { code: 'version.tail' } });
  const { code, stdout } = await banyan('doctor', '--json');
  const { ok, checks } = doctorDocument.parse(JSON.parse(stdout));
  expect({ code, ok }).toEqual({ code: 6, ok: false });
  const found = checks.find(({ name }) => name === 'version.tail');
  expect(found).toMatchObject({ status: 'failed', ways: [expect.any(String), expect.any(String)] });
  expect(found?.partitions).toContain(system.partition(torn));
  const spec = await commandProcess(['spec', '--app', appFile('account-first'), '--json']);
  const { turnVersion } = JSON.parse(spec.stdout) as { turnVersion: string };
  expect(found?.ways?.[0]).toContain(turnVersion);
  expect((await banyan('doctor')).stdout).toMatch(/→ Either: Let the old release finish.*\n.*→ Or: Accept/);
  await stop(second);

  // The first way out: the old release drains.
  const first = await start('first');
  await system.idle();
  expect(await system.ask(torn, 'state')).toEqual({ state: 'counting', context: { total: 2, times: 2 } });
  await stop(first);
  const drained = await start('second');
  await system.idle();
  expect((await banyan('doctor', '--json')).code).toBe(0);
  expect(await system.ask(torn, 'state')).toEqual(state(200, 2));
  await stop(drained);
});

test('an operator accepts the tail: the new release turns it, each message once', async () => {
  const { system, start, stop, deposit, forgetLocalState } = await openSystem();
  const to = account(0);
  const first = await start('first');
  await deposit(to, 1);
  await system.idle();
  await first.kill();
  await deposit(to, 2, 'tail');
  forgetLocalState();
  const second = await start('second', { acceptTail: true });
  await system.idle();
  expect(await system.ask(to, 'state')).toEqual(state(300, 2));
  await stop(second);
  const later = await start('second');
  await system.idle();
  await deposit(to, 3, 'later');
  await system.idle();
  expect(await system.ask(to, 'state')).toEqual(state(600, 3));
  await stop(later);
});

test('an actor whose state cannot be migrated waits, visibly; the fixed release turns what waited', async () => {
  const { system, start, stop, deposit, banyan } = await openSystem();
  const [unlucky, lucky] = [account(0), account(1)];
  const first = await start('first');
  await deposit(unlucky, UNLUCKY);
  await deposit(lucky, 1);
  await system.idle();
  await stop(first);

  const broken = await start('broken');
  for (const note of ['a', 'b', 'c']) {
    await deposit(unlucky, 1, note);
    await deposit(lucky, 1, note);
  }
  await system.idle();
  expect(await system.ask(lucky, 'state')).toEqual(state(400, 4));
  const reason = 'The stored state could not be migrated from version 1 to 2: forgot how it was';
  const parked = { status: 'failed', buffered: 3, reason, version: 1 };
  const shown = await system.sys('actor', { address: unlucky });
  expect(shown).toMatchObject({ ok: true, value: parked });
  actorStatusSchema.parse(shown.value);
  expect((await banyan('actor', 'show', unlucky)).stdout).toContain(reason);
  const listed = actorListDocument.parse(JSON.parse((await banyan('actor', 'list', '--json')).stdout));
  expect(listed.actors.find(({ address }) => address === unlucky)).toMatchObject(parked);
  await vi.waitFor(async () => {
    const { nodes } = treeReplySchema.parse(JSON.parse((await banyan('tree', '--json')).stdout));
    const actors = nodes.flatMap(({ tree }) => actorsIn(tree));
    expect(actors.find(({ id }) => id === unlucky)).toMatchObject({ status: 'failed', buffered: 3 });
  }, EVENTUALLY);
  await expect(system.ask(unlucky, 'state')).rejects.toThrow(`snapshot.migration: ${reason}`);
  await stop(broken);

  const second = await start('second');
  await deposit(unlucky, 1, 'd');
  expect((await banyan('actor', 'resume', unlucky)).code).toBe(0);
  await system.idle();
  expect(await system.ask(unlucky, 'state')).toEqual(state(UNLUCKY * 100 + 400, 5));
  const notes = (await system.ask<{ note: string }[]>(unlucky, 'deposits')).map(({ note }) => note);
  expect(notes).toEqual(['of the first release', 'a', 'b', 'c', 'd']);
  expect(await system.deadLetters()).toEqual([]);
  await stop(second);
});

test('a row that cannot be migrated parks the actor whose turn reads it', async () => {
  const { system, start, stop, deposit, banyan } = await openSystem();
  const to = account(0);
  const first = await start('first');
  await deposit(to, UNLUCKY);
  await deposit(to, 1);
  await system.idle();
  await stop(first);
  const broken = await start('broken');
  await system.tell(to, { type: 'correct', place: 1, in: 'try' });
  await deposit(to, 2, 'behind');
  await system.idle();
  const reason = `The row "000001" of the table 'deposits' could not be migrated from version 1 to 2: forgot how it was`;
  expect(await system.sys('actor', { address: to })).toMatchObject({
    value: { status: 'failed', buffered: 2, reason, version: 1 },
  });
  await expect(system.ask(to, 'deposits')).rejects.toThrow(`snapshot.migration: ${reason}`);
  await stop(broken);
  const second = await start('second');
  expect((await banyan('actor', 'resume', to)).code).toBe(0);
  await system.idle();
  expect(await system.ask(to, 'deposits')).toEqual([
    { ...migrated(UNLUCKY), note: 'of the first release, corrected' },
    migrated(1),
    { cents: 200, note: 'behind' },
  ]);
  await stop(second);
});

function actorsIn(node: WireTreeNode): WireTreeNode[] {
  return node.type === 'actor' ? [node] : (node.children ?? []).flatMap(actorsIn);
}
