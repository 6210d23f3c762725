/** What the README shows of writing an actor: the same file that is checked here, run as a newcomer would. */
import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandProcess, endWith, startUntil } from '../../nodes/cli/cli-process.fixture.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const EXAMPLE = fileURLToPath(new URL('./counter.ts', import.meta.url));
let directory = '';
let node: ChildProcess | undefined;

beforeAll(async () => {
  // Outside of the project: nothing is installed there.
  directory = mkdtempSync(join(tmpdir(), 'banyan-readme-'));
  cpSync(EXAMPLE, join(directory, 'counter.ts'));
  node = await startUntil('the node runs', ['up', '--app', 'counter.ts'], directory);
});
afterAll(async () => {
  if (node !== undefined) await endWith(node, 'SIGTERM');
  rmSync(directory, { recursive: true });
});

test('the README shows the actor that is checked and run here', () => {
  const [, shown] = /^```ts\n([^]*?)^```$/m.exec(README) ?? [];
  expect(shown).toBe(readFileSync(EXAMPLE, 'utf8'));
});

test('the commands that the README shows for it answer as it says', async () => {
  const shown = [...README.matchAll(/^npx banyan ((?:call|ask) counter\/.*?) +# (.*)$/gm)];
  expect(shown.length).toBeGreaterThan(0);
  for (const [, words = '', answer] of shown) {
    const args = [...words.split(' '), '--data', join(directory, '.banyan'), '--json'];
    expect(await commandProcess(args)).toEqual({ code: 0, stderr: '', stdout: `${answer}\n` });
  }
});
