/** Makes the syncs of a running process fail, or take long, through strace. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { comes } from './passing-time.ts';

export type Injection = { readonly error: 'EIO' } | { readonly delayMs: number };

const CALLS = 'fsync,fdatasync,msync,sync_file_range';
const ATTACH_MS = 10_000;

/**
 * Attaches to a process and its threads. Resolves when it is attached; the result lets it go again and says how
 * many calls were met.
 */
export async function injectSyncs(
  strace: string,
  pid: number,
  injection: Injection,
  record: string,
): Promise<() => Promise<number>> {
  const how = 'error' in injection ? `error=${injection.error}` : `delay_enter=${injection.delayMs * 1_000}`;
  const tracer = spawn(
    strace,
    ['-f', '-e', `trace=${CALLS}`, '-e', `inject=${CALLS}:${how}`, '-o', record, '-p', String(pid)],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(tracer, 'exit');
  let over = false;
  void ended.then(() => (over = true));
  let said = '';
  tracer.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // A process that has just ended cannot be traced; nothing was met then.
  await comes(ATTACH_MS, () => over || said.includes('attached'));
  return async () => {
    if (!over) tracer.kill('SIGINT');
    await ended;
    if (!existsSync(record)) return 0;
    return readFileSync(record, 'utf8')
      .split('\n')
      .filter((line) => /\((INJECTED|DELAYED)\)/.test(line)).length;
  };
}
