/** Runs the command line for tests: `up` as a process of its own, everything else in this one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
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

/** Starts `banyan` and resolves once a line that it prints has `text`. Fails when it ends before. */
export async function startUntil(text: string, args: readonly string[], directory: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = new PassThrough();
  child.stdout.pipe(printed, { end: false });
  child.stderr.pipe(printed, { end: false });
  child.once('close', () => printed.end());
  const lines = createInterface({ input: printed });
  const seen: string[] = [];
  for await (const line of lines) {
    seen.push(line);
    if (line.includes(text)) {
      printed.resume();
      return child;
    }
  }
  throw new Error(`banyan ended before it said "${text}":\n${seen.join('\n')}`);
}

/** Ends a process with a signal and resolves with its exit code. */
export async function endWith(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}
