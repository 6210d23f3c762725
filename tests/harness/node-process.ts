/** A node in a process of its own, for tests that kill it or send it signals. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Settings } from '../../config/settings.ts';

export interface NodeProcess {
  readonly pid: number;
  /** What the node has logged so far, as JSON lines. */
  logged(): string;
  /** Sends SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Sends a signal; resolves with the exit code, null when the signal ended the process. */
  signal(signal: NodeJS.Signals): Promise<number | null>;
}

/** Resolves when the node is ready. The process does not outlive the test. */
export async function startNodeProcess(settings: Settings, natsUrl: string): Promise<NodeProcess> {
  const program = fileURLToPath(new URL('./node-process.fixture.ts', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify({ settings, natsUrl })], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  onTestFinished(() => void child.kill('SIGKILL'));
  let logged = '';
  child.stderr.on('data', (chunk: Buffer) => (logged += chunk.toString()));
  const ready = once(child.stdout, 'data').then(() => true);
  if (!(await Promise.race([ready, exited.then(() => false)]))) {
    throw new Error(`the node ended while it started: ${logged}`);
  }
  const signal = async (name: NodeJS.Signals): Promise<number | null> => {
    child.kill(name);
    const [code] = await exited;
    return code;
  };
  return {
    pid: child.pid ?? 0,
    logged: () => logged,
    signal,
    kill: async () => void (await signal('SIGKILL')),
  };
}
