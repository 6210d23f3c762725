import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Behaviour, Stage } from './behaviour.ts';
import { equal } from './evidence.ts';
import { type RunOptions, runBehaviours } from './runner.ts';

const options: RunOptions = {
  seed: 7,
  quick: false,
  keep: false,
  timeoutMs: 10_000,
  signal: new AbortController().signal,
  progress: () => {},
  ended: () => {},
};
const sound = { sent: ['nothing'], settings: {}, checks: [equal('one and one', 2, 2)] };
const behaviour = (run: (stage: Stage) => Promise<typeof sound>, name = 'one'): Behaviour => ({
  name,
  promise: 'It holds.',
  run,
});

test('a behaviour passes when every claim holds, and its folder is gone', async () => {
  let folder = '';
  const passing = behaviour(async (stage) => {
    ({ folder } = stage);
    writeFileSync(join(folder, 'file'), '');
    return sound;
  });
  const [outcome] = await runBehaviours([passing], options);
  expect(outcome).toMatchObject({
    status: 'passed',
    reason: null,
    kept: null,
    reproduce: 'banyan validate --only one --seed 7',
  });
  expect(existsSync(folder)).toBe(false);
});

test('one claim that does not hold fails it, and so does no claim at all', async () => {
  const wrong = { ...sound, checks: [...sound.checks, equal('two and two', 5, 4)] };
  const outcomes = await runBehaviours(
    [behaviour(async () => wrong), behaviour(async () => ({ ...sound, checks: [] }), 'two')],
    options,
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'failed']);
});

test('what a behaviour throws is the reason, with what it was doing, and the others go on', async () => {
  const throwing = behaviour(async ({ progress }) => {
    progress('counting');
    throw new Error('no such query');
  });
  const outcomes = await runBehaviours([throwing, behaviour(async () => sound, 'two')], options);
  expect(outcomes.map(({ name, status, reason }) => ({ name, status, reason }))).toEqual([
    { name: 'one', status: 'failed', reason: 'no such query (while counting)' },
    { name: 'two', status: 'passed', reason: null },
  ]);
});

test('a behaviour that does not listen to its signal is given up all the same, and is kept when asked for', async () => {
  const stuck = behaviour(() => new Promise(() => {}));
  const [outcome] = await runBehaviours([stuck], { ...options, timeoutMs: 1, keep: true });
  expect(outcome?.reason).toMatch(/^not done within .* \(while starting\)$/);
  expect(existsSync(outcome?.kept ?? '')).toBe(true);
  rmSync(join(outcome?.kept ?? '', '..'), { recursive: true });
});

test('an interrupt ends the run without an outcome, and leaves no folder', async () => {
  const interrupt = new AbortController();
  let folder = '';
  const interrupted = behaviour(async (stage) => {
    ({ folder } = stage);
    interrupt.abort();
    return new Promise<never>(() => {});
  });
  const ended: string[] = [];
  const run = runBehaviours([interrupted, behaviour(async () => sound, 'two')], {
    ...options,
    signal: interrupt.signal,
    ended: ({ name }) => ended.push(name),
  });
  await expect(run).rejects.toThrow('abort');
  expect(ended).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});

test('the same seed draws the same, another one and another behaviour draw otherwise', async () => {
  const drawn = async (seed: number, name: string): Promise<number> => {
    let value = 0;
    await runBehaviours(
      [
        behaviour(async ({ random }) => {
          value = random();
          return sound;
        }, name),
      ],
      { ...options, seed },
    );
    return value;
  };
  const first = await drawn(1, 'one');
  expect(await drawn(1, 'one')).toBe(first);
  expect(await drawn(2, 'one')).not.toBe(first);
  expect(await drawn(1, 'two')).not.toBe(first);
});

test('a quick run takes a tenth of a size, and not less than what proves something', async () => {
  const sizes: number[] = [];
  const sized = behaviour(async ({ size }) => {
    sizes.push(size(10_000), size(4, 2));
    return sound;
  });
  await runBehaviours([sized], options);
  await runBehaviours([sized], { ...options, quick: true });
  expect(sizes).toEqual([10_000, 4, 1_000, 2]);
});
