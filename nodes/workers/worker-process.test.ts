/** Real processes: how each kind of end is told apart, and that nothing is left. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ExitReason } from '../../supervisors/child-spec.ts';
import { worker, type WorkerOptions } from '../../supervisors/worker-declaration.ts';
import { EVENTUALLY } from '../../tests/harness/test-node.ts';
import { isAlive } from '../broker/process-identity.ts';
import { LINE_CHARS } from './output-lines.ts';
import { WorkerProcess } from './worker-process.ts';

const module = new URL('../../tests/harness/apps/behaving-worker.ts', import.meta.url);

function start(behaviour: string, options: Partial<WorkerOptions> = {}) {
  const lines: string[] = [];
  const running = new WorkerProcess({
    declaration: worker('w', { module, env: { BEHAVIOUR: behaviour }, ...options }),
    context: { id: 'w', node: 'n1', namespace: 'banyan', broker: { servers: 'nats://127.0.0.1:1' } },
    onLine: (stream, line) => lines.push(`${stream}: ${line}`),
  });
  onTestFinished(() => running.kill());
  return { running, lines, pid: running.pid ?? 0 };
}

/** A reason as it can be compared. */
async function end(running: WorkerProcess) {
  const { kind, error } = await running.exited;
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return { kind, code, message };
}

const kindOnly = (kind: ExitReason['kind']) => ({ kind, code: undefined, message: undefined });

describe('an end in order', () => {
  test('one that returns has ended normally', async () => {
    expect(await end(start('return').running)).toEqual(kindOnly('normal'));
  });

  test.each(['work', 'abort'])('one that is asked ends by shutdown (%s)', async (behaviour) => {
    const { running, pid } = start(behaviour);
    await running.ready;
    running.stop();
    expect(await end(running)).toEqual(kindOnly('shutdown'));
    expect(isAlive(pid)).toBe(false);
  });

  test('one that does not listen runs on until it is killed', async () => {
    const { running, pid, lines } = start('deaf');
    await running.ready;
    running.stop();
    await vi.waitFor(() => expect(lines).toEqual(['stdout: I do not listen']), EVENTUALLY);
    expect(isAlive(pid)).toBe(true);
    running.kill();
    expect(await end(running)).toEqual(kindOnly('killed'));
    expect(isAlive(pid)).toBe(false);
  });
});

describe('a failure', () => {
  test('what the function throws is carried with its stack', async () => {
    const { running } = start('throw');
    const { kind, error } = await running.exited;
    expect({ kind, error }).toMatchObject({
      kind: 'error',
      error: { code: 'worker.failed', message: "The worker 'w' threw RangeError: the work is too hard." },
    });
    expect((error as Error & { cause: Error }).cause.stack).toContain('behaving-worker.ts');
  });

  test('an error that nobody catches is quoted', async () => {
    const { kind, code, message } = await end(start('stray').running);
    expect({ kind, code }).toEqual({ kind: 'error', code: 'worker.failed' });
    expect(message).toMatch(/exited with code 1\. It printed last:[\s\S]*nobody catches this/);
  });

  test('an exit code that is not 0', async () => {
    expect(await end(start('exit').running)).toEqual({
      kind: 'error',
      code: 'worker.failed',
      message: "The worker 'w' exited with code 3.",
    });
  });

  test('a signal from somebody else is named', async () => {
    const { running, pid } = start('work');
    await running.ready;
    process.kill(pid, 'SIGSEGV');
    expect(await end(running)).toEqual({
      kind: 'error',
      code: 'worker.failed',
      message: "The worker 'w' was ended by SIGSEGV.",
    });
  });

  test('running out of memory has a code of its own', async () => {
    const { kind, code } = await end(start('exhaust', { heapMb: 32 }).running);
    expect({ kind, code }).toEqual({ kind: 'error', code: 'worker.out_of_memory' });
  });

  test('a blocked event loop is killed after answerMs', async () => {
    // Long enough for a busy machine to import it.
    const { running, pid } = start('block', { answerMs: 4_000 });
    await running.ready;
    expect(await end(running)).toEqual({
      kind: 'error',
      code: 'worker.hung',
      message: "The worker 'w' did not answer within 4000 ms.",
    });
    expect(isAlive(pid)).toBe(false);
  });
});

describe('a start that fails names the worker and its module', () => {
  test.each([
    ['broken', {}, /^The worker 'w' \(file:.*behaving-worker\.ts\) did not start\. .*the module is broken/],
    ['broken', {}, /It printed last:\nabout to break$/],
    ['die', {}, /exited with code 4\. It printed last:\nthe last words$/],
    ['none', {}, /has no default export that is a function/],
    ['stall', { answerMs: 300 }, /did not answer within 300 ms/],
  ])('%s %o: %s', async (behaviour, options, message) => {
    const { running, pid } = start(behaviour, options);
    await expect(running.ready).rejects.toMatchObject({
      code: 'worker.start',
      message: expect.stringMatching(message),
    });
    expect(isAlive(pid)).toBe(false);
  });

  test('a module that is not there', async () => {
    const { running } = start('work', { module: '/no/such/embedder.worker.ts' });
    await expect(running.ready).rejects.toThrow(/embedder\.worker\.ts/);
  });

  test('one that is not wanted any more before it is up', async () => {
    const { running } = start('work');
    running.kill();
    await expect(running.ready).rejects.toMatchObject({ code: 'worker.start' });
    expect(await end(running)).toEqual(kindOnly('killed'));
  });
});

test('what it prints arrives line by line, each no longer than it may be', async () => {
  const { running, lines } = start('print');
  await running.ready;
  await vi.waitFor(() => expect(lines).toHaveLength(2), EVENTUALLY);
  expect(lines.toSorted()).toEqual([`stderr: ${'x'.repeat(LINE_CHARS)}…`, 'stdout: I am w of n1 in banyan']);
});

test('a kill takes along what the worker has started', async () => {
  const { running, lines } = start('helped');
  const helper = await vi.waitFor(() => {
    const [, pid] = /helper (\d+)/.exec(lines.join('\n')) ?? [];
    return Number(pid ?? expect.fail('it has not said so yet'));
  }, EVENTUALLY);
  expect(isAlive(helper)).toBe(true);
  running.kill();
  await running.exited;
  await vi.waitFor(() => expect(isAlive(helper)).toBe(false), EVENTUALLY);
});

test('a crash is seen although what the worker has started holds its pipes open', async () => {
  const { running, lines } = start('leave');
  const { kind, message } = await end(running);
  const [, helper] = /helper (\d+)/.exec(lines.join('\n')) ?? [];
  onTestFinished(() => void process.kill(Number(helper), 'SIGKILL'));
  expect({ kind, message }).toEqual({ kind: 'error', message: "The worker 'w' exited with code 3." });
  expect(isAlive(Number(helper))).toBe(true);
});
