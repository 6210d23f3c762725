/** The command line in a process of its own, as a user starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../nodes/cli/bin.mjs', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  /** The last lines of what it said. */
  readonly said: string;
}

export interface Command {
  readonly finished: Promise<Finished>;
  /** Asks it to stop, as a service manager would. */
  terminate(): void;
}

/** Starts `banyan` with arguments; the folder is its current directory. */
export function startCommand(args: readonly string[], folder: string): Command {
  const child = spawn(process.execPath, [BIN, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    finished: finish(child).finally(() => process.removeListener('exit', kill)),
    terminate: () => void child.kill('SIGTERM'),
  };
}

async function finish(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, said: stderr.trim().split('\n').slice(-3).join(' ') };
}
