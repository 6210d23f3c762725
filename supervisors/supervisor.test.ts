import { describe, expect, test } from 'vitest';
import { TransientFault } from '../protocol/transient-fault.ts';
import { treeNodeSchema } from '../protocol/wire.ts';
import type { ChildHandle, ChildSpec, ExitReason } from './child-spec.ts';
import { createFakeClock, settled } from './fake-clock.fixture.ts';
import { supervisorChild } from './supervisor-child.ts';
import { type SupervisorOptions, startSupervisor } from './supervisor.ts';

interface Child {
  readonly spec: ChildSpec;
  /** Ends the present incarnation. */
  end(reason?: ExitReason): void;
}

/** A lab: children that do as they are told, and a log of what happened to them. */
function lab() {
  const clock = createFakeClock();
  const log: string[] = [];
  const child = (
    id: string,
    options: Partial<ChildSpec> & { readonly stubborn?: boolean; readonly failAt?: number } = {},
  ): Child => {
    let exit = Promise.withResolvers<ExitReason>();
    let starts = 0;
    const start = async (): Promise<ChildHandle> => {
      starts += 1;
      if (starts === options.failAt) throw new Error(`${id} cannot start`);
      exit = Promise.withResolvers();
      const { promise, resolve } = exit;
      log.push(`+${id}`);
      return {
        exited: promise,
        kill: () => {
          log.push(`!${id}`);
          resolve({ kind: 'killed' });
        },
        stop: async (signal) => {
          log.push(`-${id}`);
          signal.addEventListener('abort', () => log.push(`~${id}`));
          if (options.stubborn !== true) resolve({ kind: 'shutdown' });
        },
      };
    };
    const spec: ChildSpec = { id, type: 'worker', restart: 'permanent', shutdownMs: 100, start, ...options };
    return {
      spec,
      end: (reason = { kind: 'error', error: new Error(`${id} failed`) }) => exit.resolve(reason),
    };
  };
  const options = (
    id: string,
    children: readonly Child[],
    more: Partial<SupervisorOptions> = {},
  ): SupervisorOptions => ({
    id,
    children: children.map(({ spec }) => spec),
    backoff: { baseMs: 100, maxMs: 1000, factor: 2, jitter: 0, healthyMs: 5000 },
    clock,
    random: () => 0.5,
    ...more,
  });
  return { clock, log, child, options };
}

describe('a running supervisor', () => {
  test('restarts a failed child after its back-off, through its mailbox', async () => {
    const { clock, log, child, options } = lab();
    const a = child('a');
    const root = await startSupervisor(options('root', [a]));
    a.end();
    await settled();
    expect(log).toEqual(['+a']);
    expect(root.whichChildren()).toEqual([
      { id: 'a', type: 'worker', restart: 'permanent', status: 'waiting', restarts: 0 },
    ]);
    clock.advance(100);
    await settled();
    expect(log).toEqual(['+a', '+a']);
    expect(root.whichChildren()).toMatchObject([{ status: 'running', restarts: 1 }]);
    await root.stop();
  });

  test('a restart that fails is tried again, later', async () => {
    const { clock, log, child, options } = lab();
    const a = child('a', { failAt: 2 });
    const root = await startSupervisor(options('root', [a]));
    a.end();
    for (const delayMs of [100, 200]) {
      await settled();
      clock.advance(delayMs);
    }
    await settled();
    expect(log).toEqual(['+a', '+a']);
    expect(root.tree().intensity.used).toBe(2);
  });

  test('a shutdown that comes between a failed attempt and the next is obeyed first', async () => {
    const { clock, log, child, options } = lab();
    const a = child('a', { failAt: 2 });
    const root = await startSupervisor(options('root', [a, child('b')]));
    a.end();
    await settled();
    clock.advance(100);
    await settled();
    log.length = 0;
    await root.stop();
    clock.advance(10_000);
    await settled();
    expect(log).toEqual(['-b']);
    expect(clock.pending()).toBe(0);
  });

  test('who has nothing to run now is kept, and started when somebody asks', async () => {
    const { log, child, options } = lab();
    const a = child('a');
    let wanted = false;
    const start = async (signal: AbortSignal): Promise<ChildHandle | undefined> =>
      wanted ? a.spec.start(signal) : undefined;
    const root = await startSupervisor(options('root', [{ ...a, spec: { ...a.spec, start } }]));
    expect(root.whichChildren()).toMatchObject([{ id: 'a', status: 'stopped' }]);
    wanted = true;
    await root.restartChild('a');
    expect(log).toEqual(['+a']);
  });

  test('only a fault that is declared to be passing is spared by the intensity', async () => {
    const { clock, child, options } = lab();
    const declared = child('a');
    const chosen = child('b', { isTransient: (error) => error === 'away' });
    const root = await startSupervisor(
      options('root', [declared, chosen], { intensity: { max: 0, windowMs: 1000 } }),
    );
    declared.end({ kind: 'error', error: new TransientFault('away') });
    chosen.end({ kind: 'error', error: 'away' });
    await settled();
    clock.advance(100);
    await settled();
    expect(root.whichChildren()).toMatchObject([{ status: 'running' }, { status: 'running' }]);
    chosen.end({ kind: 'error', error: new TransientFault('away') });
    expect(await root.exited).toMatchObject({ kind: 'shutdown' });
  });

  test('stops in reverse; who does not stop in time is warned, then killed, and only then the next is asked', async () => {
    const { clock, log, child, options } = lab();
    const root = await startSupervisor(
      options('root', [child('a'), child('b', { stubborn: true }), child('c')]),
    );
    log.length = 0;
    const stopped = root.stop();
    await settled();
    expect(log).toEqual(['-c', '-b']);
    clock.advance(99);
    await settled();
    expect(log).toEqual(['-c', '-b']);
    clock.advance(1);
    await stopped;
    expect(log).toEqual(['-c', '-b', '~b', '!b', '-a']);
    expect(await root.exited).toEqual({ kind: 'shutdown' });
    expect(clock.pending()).toBe(0);
  });

  test('a shutdown time of 0 kills at once', async () => {
    const { log, child, options } = lab();
    const root = await startSupervisor(options('root', [child('a', { shutdownMs: 0 })]));
    await root.stop();
    expect(log).toEqual(['+a', '!a']);
  });

  test('a start that hangs does not hold up the end, and is killed should it still come up', async () => {
    const { clock, log, child, options } = lab();
    const late = Promise.withResolvers<void>();
    const abort = new AbortController();
    const slow = child('slow');
    const start = async (signal: AbortSignal): Promise<ChildHandle | undefined> => {
      await late.promise;
      return slow.spec.start(signal);
    };
    const starting = startSupervisor(
      options('root', [child('a'), { ...slow, spec: { ...slow.spec, start } }], {
        signal: abort.signal,
      }),
    );
    const refused = expect(starting).rejects.toMatchObject({ code: 'actor.ended' });
    await settled();
    abort.abort();
    clock.advance(100);
    await refused;
    expect(log).toEqual(['+a', '-a']);
    late.resolve();
    await settled();
    expect(log).toEqual(['+a', '-a', '+slow', '!slow']);
  });

  test('a declared child that cannot start rejects the start with its error', async () => {
    const { log, child, options } = lab();
    const starting = startSupervisor(options('root', [child('a'), child('b', { failAt: 1 })]));
    await expect(starting).rejects.toThrow('b cannot start');
    expect(log).toEqual(['+a', '-a']);
  });

  test('refuses ids that repeat', async () => {
    const { child, options } = lab();
    await expect(startSupervisor(options('root', [child('a'), child('a')]))).rejects.toMatchObject({
      code: 'definition.invalid',
    });
  });

  test('kill takes everybody, and says so', async () => {
    const { log, child, options } = lab();
    const root = await startSupervisor(options('root', [child('a'), child('b')]));
    log.length = 0;
    root.kill();
    expect(log).toEqual(['!a', '!b']);
    expect(await root.exited).toEqual({ kind: 'killed' });
  });
});

describe('requests', () => {
  test('a child is added, terminated, restarted and deleted', async () => {
    const { log, child, options } = lab();
    const root = await startSupervisor(options('root', []));
    await root.startChild(child('a').spec);
    await expect(root.startChild(child('a').spec)).rejects.toMatchObject({ code: 'child.started' });
    await root.terminateChild('a');
    expect(root.whichChildren()).toMatchObject([{ id: 'a', status: 'stopped' }]);
    await expect(root.startChild(child('a').spec)).rejects.toMatchObject({ code: 'child.present' });
    await root.restartChild('a');
    await expect(root.restartChild('a')).rejects.toMatchObject({ code: 'child.running' });
    await expect(root.deleteChild('a')).rejects.toMatchObject({ code: 'child.running' });
    expect(root.countChildren()).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 });
    await root.terminateChild('a');
    await root.deleteChild('a');
    expect(root.whichChildren()).toEqual([]);
    expect(log).toEqual(['+a', '-a', '+a', '-a']);
    expect(root.tree().intensity.used).toBe(0);
  });

  test('a temporary child is forgotten when it is terminated, and can be added again', async () => {
    const { child, options } = lab();
    const root = await startSupervisor(options('root', []));
    const { spec } = child('a', { restart: 'temporary' });
    await root.startChild(spec);
    await root.terminateChild('a');
    await root.startChild(spec);
    expect(root.whichChildren()).toHaveLength(1);
  });

  test('a child that cannot start was never there', async () => {
    const { child, options } = lab();
    const root = await startSupervisor(options('root', []));
    await expect(root.startChild(child('a', { failAt: 1 }).spec)).rejects.toThrow('a cannot start');
    expect(root.whichChildren()).toEqual([]);
  });

  test('unknown children and ended supervisors are answered with a code', async () => {
    const { child, options } = lab();
    const root = await startSupervisor(options('root', []));
    for (const ask of ['terminateChild', 'restartChild', 'deleteChild'] as const)
      await expect(root[ask]('x')).rejects.toMatchObject({ code: 'child.not_found' });
    await root.stop();
    await expect(root.startChild(child('a').spec)).rejects.toMatchObject({ code: 'actor.ended' });
    await root.stop();
  });
});

describe('nested supervisors', () => {
  test('giving up escalates: the parent restarts the whole supervisor', async () => {
    const { clock, log, child, options } = lab();
    const a = child('a');
    const b = child('b');
    const inner = supervisorChild({
      ...options('inner', []),
      intensity: { max: 0, windowMs: 1000 },
      children: () => [a.spec, b.spec],
    });
    const root = await startSupervisor({ ...options('root', []), children: [inner] });
    log.length = 0;
    a.end();
    await settled();
    expect(log).toEqual(['-b']);
    expect(root.tree().children[0]).toMatchObject({ status: 'backoff' });
    clock.advance(100);
    await settled();
    expect(log).toEqual(['-b', '+a', '+b']);
    expect(root.tree().children[0]).toMatchObject({
      path: 'root/inner',
      restarts: 1,
      restart: 'permanent',
      childCount: 2,
    });
  });

  test('a supervisor that gives up ends with shutdown: a transient one is not started again by its parent', async () => {
    const { log, child, options } = lab();
    const a = child('a');
    const inner = supervisorChild({
      ...options('inner', []),
      intensity: { max: 0, windowMs: 1000 },
      restart: 'transient',
      children: () => [a.spec],
    });
    const root = await startSupervisor({ ...options('root', []), children: [inner] });
    a.end();
    await settled();
    expect(log).toEqual(['+a']);
    expect(root.whichChildren()).toMatchObject([{ id: 'inner', status: 'stopped' }]);
    expect(root.tree().intensity.used).toBe(0);
  });

  test('a supervisor ends when its last significant child does, and its parent acts as for any orderly end', async () => {
    const { log, child, options } = lab();
    const a = child('a');
    const b = child('b', { restart: 'transient', significant: true });
    const inner = supervisorChild({
      ...options('inner', []),
      autoShutdown: 'all_significant',
      restart: 'temporary',
      children: () => [a.spec, b.spec],
    });
    const root = await startSupervisor({ ...options('root', []), children: [inner] });
    log.length = 0;
    b.end({ kind: 'normal' });
    await settled();
    expect(log).toEqual(['-a']);
    expect(root.whichChildren()).toEqual([]);
  });

  test('the whole tree stops in reverse order', async () => {
    const { log, child, options } = lab();
    const inner = supervisorChild({
      ...options('inner', []),
      children: () => [child('b').spec, child('c').spec],
    });
    const root = await startSupervisor({
      ...options('root', []),
      children: [child('a').spec, inner, child('d').spec],
    });
    log.length = 0;
    await root.stop();
    expect(log).toEqual(['-d', '-c', '-b', '-a']);
  });

  test('the tree shows what children say of themselves, under their own path', async () => {
    const { child, options } = lab();
    const { spec } = child('coordinator/main', { type: 'actor' });
    const start = async (signal: AbortSignal): Promise<ChildHandle> => ({
      ...((await spec.start(signal)) as ChildHandle),
      describe: () => ({
        kind: 'coordinator',
        state: 'ready',
        buffered: 2,
        partition: 7,
        cursor: { seq: 12, index: 0 },
        status: 'paused',
      }),
    });
    const inner = supervisorChild({ ...options('inner', []), children: () => [{ ...spec, start }] });
    const root = await startSupervisor({ ...options('n1', []), children: [inner] });
    const tree = root.tree('cluster');
    expect(treeNodeSchema.parse(tree)).toEqual(tree);
    expect(tree).toMatchObject({
      id: 'n1',
      path: 'cluster/n1',
      intensity: { max: 3, windowMs: 5000, used: 0 },
      restarts: 0,
    });
    expect(tree.children[0]?.children).toEqual([
      {
        id: 'coordinator/main',
        type: 'actor',
        path: 'cluster/n1/inner/coordinator/main',
        status: 'paused',
        restart: 'permanent',
        restarts: 0,
        kind: 'coordinator',
        state: 'ready',
        buffered: 2,
        partition: 7,
        cursor: { seq: 12, index: 0 },
      },
    ]);
  });
});
