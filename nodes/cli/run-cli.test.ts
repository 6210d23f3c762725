import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { command, commandProcess, endWith, type Finished, startUntil } from './cli-process.fixture.ts';
import * as documents from './documents.ts';

const app = fileURLToPath(new URL('./counter-app.fixture.ts', import.meta.url));
let directory = '';
let data = '';
let node: ChildProcess | undefined;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'banyan-cli-'));
  data = join(directory, 'data');
  node = await startUntil('the node runs', ['up', '--app', app, '--data', data, '--shards', '2'], directory);
});
afterAll(async () => {
  if (node !== undefined) await endWith(node, 'SIGTERM');
  rmSync(directory, { recursive: true });
});

/** A command against the running node. */
const run = (...args: string[]): Promise<Finished> => command([...args, '--data', data, '--timeout', '20s']);

async function json<S extends z.ZodType>(schema: S, ...args: string[]): Promise<z.infer<S>> {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return schema.parse(JSON.parse(stdout));
}

/** For what compares machines: the test runner rewrites the source that their version is a hash of. */
async function replayed<S extends z.ZodType>(schema: S, ...args: string[]): Promise<z.infer<S>> {
  const { code, stdout, stderr } = await commandProcess([...args, '--data', data, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return schema.parse(JSON.parse(stdout));
}

describe('talking to an actor', () => {
  test('tell stores, call answers, ask reads', async () => {
    const stored = await json(documents.storedDocument, 'tell', 'counter/a', 'add', 'amount=2');
    expect(stored).toMatchObject({ address: 'counter/a', duplicate: false });
    expect(await json(documents.valueDocument, 'call', 'counter/a', '{"type":"add","amount":3}')).toEqual({
      total: 5,
    });
    expect(await json(documents.valueDocument, 'ask', 'counter/a', 'total')).toBe(5);
    expect(await json(documents.valueDocument, 'ask', 'counter/a', 'plus', 'amount=10')).toBe(15);
  });

  test('a message is read from standard input', async () => {
    const { stdout } = await command(
      ['call', 'counter/stdin', '-', '--data', data],
      '{"type":"add","amount":4}',
    );
    expect(JSON.parse(stdout)).toEqual({ total: 4 });
  });

  test('the same number of the same sender takes effect once', async () => {
    const again = ['tell', 'counter/once', 'add', '--sender', 'me', '--seq', '1', '--id'];
    await run(...again, 'one');
    await run(...again, 'two');
    expect(await json(documents.valueDocument, 'call', 'counter/once', 'add', 'amount=0')).toEqual({
      total: 1,
    });
  });

  test('--dry-run sends nothing', async () => {
    expect(await json(documents.valueDocument, 'tell', 'counter/dry', 'add', '--dry-run')).toEqual({
      type: 'add',
    });
    expect((await run('actor', 'show', 'counter/dry')).code).toBe(3);
  });

  test.each([
    ['a message that the schema refuses', 5, 'message.invalid', ['call', 'counter/x', 'add', 'amount=many']],
    ['a type that the actor does not take', 5, 'message.unknown_type', ['call', 'counter/x', 'nope']],
    ['a message that only actors send', 5, 'message.not_public', ['call', 'counter/x', 'reset']],
    ['a kind that nobody defines', 3, 'actor.unknown_kind', ['call', 'nobody/x', 'add']],
    ['a query that nobody answers', 3, 'actor.unknown_query', ['ask', 'counter/a', 'nope']],
    ['an input that the query refuses', 5, 'query.invalid', ['ask', 'counter/a', 'plus', 'amount=x']],
    ['an option that there is not', 2, 'usage', ['tree', '--nope']],
    ['an argument that is missing', 2, 'usage', ['call', 'counter/a']],
    ['a wrong address', 2, 'address.invalid', ['tell', 'counter', 'add']],
    ['a wrong duration', 2, 'usage', ['ask', 'counter/a', 'total', '--timeout', 'soon']],
    ['an unknown setting', 2, 'config.invalid', ['ask', 'counter/a', 'total', '--set', 'nope=1']],
    ['a namespace that nobody serves', 4, 'node.unreachable', ['tree', '--namespace', 'other']],
    ['a broker that is not there', 4, 'broker.unreachable', ['tree', '--nats', 'nats://127.0.0.1:1']],
  ])('%s exits with %i', async (_title, exit, errorCode, args) => {
    const { code, stdout, stderr } = await command([...args, '--data', data, '--json']);
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ ok: false, error: { code: errorCode } });
  });
});

describe('looking at actors', () => {
  test('tree, node list and actor list show what is there', async () => {
    await json(documents.valueDocument, 'call', 'counter/seen', 'add');
    const { nodes, partitions } = await json(documents.treeDocument, 'tree');
    expect(nodes.map(({ id }) => id)).toEqual(['n1']);
    expect(partitions).toHaveLength(64);
    expect((await run('tree')).stdout).toMatch(/└─ app running one_for_one/);
    expect(await json(documents.nodeListDocument, 'node', 'list')).toMatchObject({
      nodes: [{ id: 'n1', partitions: 64 }],
    });
    const { actors } = await json(documents.actorListDocument, 'actor', 'list', '--kind', 'counter');
    expect(actors.map(({ address }) => address)).toContain('counter/seen');
    expect((await json(documents.actorListDocument, 'actor', 'list', '--limit', '1')).actors).toHaveLength(1);
  });

  test('show tells the state now and, by replay, after an earlier entry', async () => {
    const first = await json(documents.storedDocument, 'tell', 'counter/past', 'add', 'amount=1');
    await json(documents.valueDocument, 'call', 'counter/past', 'add', 'amount=10');
    expect(await json(documents.actorShowDocument, 'actor', 'show', 'counter/past')).toMatchObject({
      context: { total: 11 },
    });
    const earlier = await replayed(
      documents.actorReplayedDocument,
      ...['actor', 'show', 'counter/past', '--at', String(first.seq)],
    );
    expect(earlier).toMatchObject({ context: { total: 1 }, turns: 1, cursor: { seq: first.seq } });
  });

  test('replay finds the live state identical', async () => {
    await json(documents.valueDocument, 'call', 'counter/again', 'add', 'amount=7');
    const compared = await replayed(documents.actorReplayDocument, 'actor', 'replay', 'counter/again');
    expect(compared).toMatchObject({ identical: true, replayed: { turns: 1 } });
  });

  test('replay under another application than the node runs proves nothing and is refused', async () => {
    await json(documents.valueDocument, 'call', 'counter/other', 'add');
    const { code, stderr } = await run('actor', 'replay', 'counter/other', '--json');
    expect({ code, error: JSON.parse(stderr) }).toMatchObject({
      code: 1,
      error: { error: { code: 'version.tail' } },
    });
  });

  test('a paused actor sets messages aside until it is resumed', async () => {
    await json(documents.valueDocument, 'call', 'counter/held', 'add');
    await json(documents.orderDocument, 'actor', 'pause', 'counter/held');
    const waiting = await command([
      'call',
      'counter/held',
      'add',
      '--data',
      data,
      '--timeout',
      '300ms',
      '--json',
    ]);
    expect(waiting.code).toBe(8);
    expect(await json(documents.actorShowDocument, 'actor', 'show', 'counter/held')).toMatchObject({
      status: 'paused',
    });
    await json(documents.orderDocument, 'actor', 'resume', 'counter/held');
    expect(await json(documents.valueDocument, 'call', 'counter/held', 'add')).toEqual({ total: 3 });
  });

  test('delete needs --yes where nobody can be asked, and forgets the state', async () => {
    await json(documents.valueDocument, 'call', 'counter/gone', 'add', 'amount=5');
    expect((await run('actor', 'delete', 'counter/gone')).code).toBe(2);
    expect(await json(documents.plannedDocument, 'actor', 'delete', 'counter/gone', '--dry-run')).toEqual({
      dryRun: true,
      would: 'delete counter/gone',
    });
    await json(documents.orderDocument, 'actor', 'delete', 'counter/gone', '--yes');
    expect(await json(documents.valueDocument, 'call', 'counter/gone', 'add')).toEqual({ total: 1 });
  });

  test('--watch prints one document after the other until Ctrl-C, which is no failure', async () => {
    const watching = await startUntil(
      '"namespace"',
      ['tree', '--data', data, '--watch', '--json'],
      directory,
    );
    expect(await endWith(watching, 'SIGINT')).toBe(0);
  });
});

describe('partitions', () => {
  const listed = async () =>
    (await json(documents.partitionListDocument, 'partition', 'list')).partitions.map(({ shard }) => shard);

  test('are listed, and moved to another shard and back', async () => {
    await json(documents.valueDocument, 'call', 'counter/moving', 'add');
    const before = await listed();
    expect(before).toHaveLength(64);
    expect(before.slice(0, 3)).toEqual(['shard-0', 'shard-1', 'shard-0']);
    const move = ['partition', 'move', '2', '--to'];
    const would = { dryRun: true, would: 'move partition 2 to shard-1' };
    expect(await json(documents.plannedDocument, ...move, 'shard-1', '--dry-run')).toEqual(would);
    expect(await listed()).toEqual(before);
    expect(await json(documents.partitionMoveDocument, ...move, 'shard-1')).toMatchObject({
      partition: 2,
      shard: 'shard-1',
    });
    expect(await listed()).toEqual(before.with(2, 'shard-1'));
    const { partitions } = await json(documents.treeDocument, 'tree');
    expect(partitions[2]).toMatchObject({ owner: 'n1', shard: 'shard-1' });
    expect((await run(...move, '0', '--force')).stdout).toMatch(/^partition 2: shard-0, epoch \d+\n$/);
    expect((await run('partition', 'list')).stdout).toMatch(/^2 +shard-0 +ready/m);
  });

  test.each([
    ['a shard that there is not', 5, 'request.malformed', ['0', '--to', 'shard-7']],
    ['a partition that there is not', 5, 'request.malformed', ['64', '--to', 'shard-0']],
    ['what is no partition', 2, 'usage', ['first', '--to', 'shard-0']],
    ['what is no shard', 2, 'usage', ['0', '--to', 'there']],
    ['no shard', 2, 'usage', ['0']],
  ])('%s exits with %i', async (_title, exit, errorCode, args) => {
    const { code, stderr } = await run('partition', 'move', ...args, '--json');
    expect({ code, error: JSON.parse(stderr) }).toMatchObject({
      code: exit,
      error: { ok: false, error: { code: errorCode } },
    });
  });
});

describe('dead letters', () => {
  test('are listed, shown, replayed and dropped', async () => {
    await json(documents.valueDocument, 'call', 'counter/sick', 'add');
    expect((await run('call', 'counter/sick', 'fail')).code).toBe(1);
    // The call is answered after the window, the letter is published after it too.
    await expect
      .poll(() => run('dead', 'list', '--to', 'counter/sick', '--json').then(idsIn))
      .toHaveLength(1);
    const { letters } = await json(documents.deadListDocument, 'dead', 'list', '--to', 'counter/sick');
    expect(letters).toMatchObject([{ to: 'counter/sick', type: 'fail', code: 'turn.failed' }]);
    const id = letters[0]?.id ?? '';
    const shown = await json(documents.deadShowDocument, 'dead', 'show', id);
    expect(shown).toMatchObject({ id, message: { type: 'fail' } });
    expect(await json(documents.deadSettledDocument, 'dead', 'replay', id)).toEqual({
      settled: [id],
      missing: [],
    });
    // Processed after the replayed one, which has failed again by then.
    await json(documents.valueDocument, 'call', 'counter/sick', 'add');
    await expect
      .poll(() => run('dead', 'list', '--to', 'counter/sick', '--json').then(idsIn))
      .toEqual([expect.not.stringMatching(`^${id}$`)]);
    expect((await run('dead', 'drop', '--all', '--to', 'counter/sick', '--yes')).code).toBe(0);
    expect(idsIn(await run('dead', 'list', '--to', 'counter/sick', '--json'))).toEqual([]);
    expect((await run('dead', 'show', id)).code).toBe(3);
  });

  const idsIn = ({ stdout }: Finished): string[] =>
    documents.deadListDocument.parse(JSON.parse(stdout)).letters.map(({ id }) => id);
});

describe('what needs no running system', () => {
  test('config explain says where each value comes from', async () => {
    const { stdout } = await command(['config', 'explain', 'logs', '--log-level', 'debug', '--json']);
    const { settings } = documents.configDocument.parse(JSON.parse(stdout));
    expect(settings.find(({ path }) => path === 'logs.level')).toMatchObject({
      value: 'debug',
      source: 'flag --log-level',
    });
  });

  test('spec prints the schemas of messages, events and queries', async () => {
    const { stdout } = await command(['spec', '--app', app, '--json']);
    const { actors } = documents.specDocument.parse(JSON.parse(stdout));
    expect(actors).toMatchSnapshot();
  });

  test('spec prints an AsyncAPI document', async () => {
    const { stdout } = await command(['spec', '--app', app, '--asyncapi', '--json']);
    expect(JSON.parse(stdout)).toMatchSnapshot({ info: { version: expect.any(String) } });
  });

  test('what --json prints has a schema, which is a contract', () => {
    const schemas = Object.entries(documents).filter(([name]) => name.endsWith('Document'));
    const contract = schemas.map(([name, schema]) => [
      name,
      z.toJSONSchema(schema, { unrepresentable: 'any' }),
    ]);
    expect(Object.fromEntries(contract)).toMatchSnapshot();
  });

  test('doctor finds nothing wrong with the running system', async () => {
    const { ok, checks } = await json(documents.doctorDocument, 'doctor');
    expect({ ok, failed: checks.filter(({ status }) => status === 'failed') }).toEqual({
      ok: true,
      failed: [],
    });
  });

  test('what is used wrongly is said as every error is, with a guess', async () => {
    expect((await command(['actr'])).stderr).toBe(
      "banyan: Unknown command 'actr' (Did you mean actor?) [usage]\n        Run the command with --help.\n",
    );
  });

  test.each([
    [['--version'], 0],
    [['--help'], 0],
    [['help', 'up'], 0],
    [[], 2],
    [['nonsense'], 2],
    [['actor'], 2],
    [['tell'], 2],
    [['dataset', 'verify', '--out', 'missing'], 3],
  ])('banyan %j exits with %i', async (args, exit) => {
    expect((await command(args)).code).toBe(exit);
  });
});
