/** Runs the command line for tests: `up` as a process of its own, everything else in this one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Io } from './output.ts';
import { runCli } from './run-cli.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command in this process. */
export async function command(args: readonly string[], stdin = ''): Promise<Finished> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = { stdin: Readable.from([Buffer.from(stdin)]), stdout, stderr, env: {} } as unknown as Io;
  const code = await runCli(args, io);
  return { code, stdout: textIn(stdout), stderr: textIn(stderr) };
}

const textIn = (stream: PassThrough): string => String(stream.read() ?? '');

/** One command as a process of its own: it loads the application exactly as a node does. */
export async function commandProcess(args: readonly string[]): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code: code as number, stdout, stderr };
}

/** Starts `banyan` and resolves once a line that it prints has `wanted`. Fails when it ends before. */
export async function startUntil(
  wanted: string,
  args: readonly string[],
  directory: string,
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = new PassThrough();
  child.stdout.pipe(printed, { end: false });
  child.stderr.pipe(printed, { end: false });
  child.once('close', () => printed.end());
  const lines = createInterface({ input: printed });
  const seen: string[] = [];
  for await (const line of lines) {
    seen.push(line);
    if (line.includes(wanted)) {
      printed.resume();
      return child;
    }
  }
  throw new Error(`banyan ended before it said "${wanted}":\n${seen.join('\n')}`);
}

/** Ends a process with a signal and resolves with its exit code. */
export async function endWith(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}
