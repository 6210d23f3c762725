/** A broker of its own for a benchmark, with the sync interval that it measures. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '../../nodes/broker/find-nats-server.ts';
import { tryPort } from '../../nodes/broker/free-port.ts';
import { waitUntilReady } from '../../nodes/broker/broker-ready.ts';
import { LIMITS } from '../../config/limits.ts';

/** `2m` is the server's default: a power cut loses what was acknowledged since. We ship `always`. */
export type SyncInterval = '2m' | 'always';

export interface BenchBroker {
  readonly url: string;
  readonly pid: number;
  /** A folder beside the broker's own, gone with it. */
  readonly folder: string;
  stop(): Promise<void>;
}

const NAME = 'banyan-bench';

export async function startBroker(sync: SyncInterval): Promise<BenchBroker> {
  const { path } = await findNatsServer();
  const folder = mkdtempSync(join(tmpdir(), 'banyan-bench-'));
  const port = await tryPort(0);
  if (port === undefined) throw new Error('No port is free.');
  const config = join(folder, 'nats-server.conf');
  writeFileSync(
    config,
    [
      `server_name: ${NAME}`,
      `listen: "127.0.0.1:${port}"`,
      `max_payload: ${LIMITS.brokerPayloadBytes}`,
      `log_file: "${join(folder, 'nats-server.log')}"`,
      `jetstream { store_dir: "${join(folder, 'store')}", sync_interval: ${sync} }`,
    ].join('\n'),
  );
  const server = spawn(path, ['-c', config], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const kill = (): void => void server.kill('SIGKILL');
  process.once('exit', kill);
  const ready = await waitUntilReady(port, NAME, () => server.exitCode === null, 10_000);
  if (ready === undefined) throw new Error('nats-server did not start.');
  return {
    url: `nats://127.0.0.1:${port}`,
    pid: server.pid as number,
    folder,
    stop: async () => {
      process.removeListener('exit', kill);
      server.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
