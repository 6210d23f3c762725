/** What can be checked without a broker: Node, nats-server, the data directory. */
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { findNatsServer } from '../../broker/find-nats-server.ts';
import { SUPPORTED_VERSIONS } from '../../broker/nats-server-version.ts';
import { holderOf } from '../../data-directory.ts';
import type { Run } from '../cli.ts';
import { attempt, type Check, failed, ok, skipped, warning } from './check.ts';

const NODE_MAJOR = 24;
const GiB = 1024 ** 3;
const LOW_DISK_BYTES = 2 * GiB;

export async function machineChecks(run: Run): Promise<Check[]> {
  const { nats, data } = run.settings;
  const embedded = nats.url === undefined;
  return [
    nodeVersion(),
    ...(embedded
      ? await natsServer()
      : [skipped('nats-server', 'the broker is somebody else’s: --nats names it')]),
    ...(await attempt('data', 'Choose another directory with --data.', async () =>
      dataDirectory(resolve(data)),
    )),
    ...(embedded ? [syncInterval(resolve(data))] : []),
  ];
}

function nodeVersion(): Check {
  const version = process.versions.node;
  if (Number.parseInt(version, 10) >= NODE_MAJOR) return ok('node', version);
  return failed('node', version, `Install Node ${NODE_MAJOR} or newer.`);
}

/** Looks, and does not fetch: a check changes nothing. */
function natsServer(): Promise<Check[]> {
  const fix = `Install nats-server ${SUPPORTED_VERSIONS}, or name one in BANYAN_NATS_SERVER; "banyan up" fetches one where it can.`;
  return attempt('nats-server', fix, async () => {
    const { version, path } = await findNatsServer({ fetch: false });
    return ok('nats-server', `${version}, ${path}`);
  });
}

function dataDirectory(path: string): Check[] {
  if (!existsSync(path)) {
    accessSync(firstThatExists(path), constants.W_OK);
    return [ok('data', `${path} will be made by the first start`)];
  }
  if (!statSync(path).isDirectory())
    return [failed('data', `${path} is no directory`, 'Choose another one with --data.')];
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  const holder = holderOf(path);
  return [
    ok('data', `${path}, ${holder === undefined ? 'nobody runs in it' : `process ${holder.pid} runs in it`}`),
    openToOthers(path),
    diskSpace(path),
  ];
}

function firstThatExists(path: string): string {
  return existsSync(path) ? path : firstThatExists(dirname(path));
}

function openToOthers(path: string): Check {
  const mode = statSync(path).mode & 0o777;
  const text = mode.toString(8);
  if ((mode & 0o077) === 0) return ok('data-mode', text);
  return warning(
    'data-mode',
    `${path} has the mode ${text}: other users can look into it`,
    `chmod 700 ${path}`,
  );
}

function diskSpace(path: string): Check {
  const { bavail, bsize } = statfsSync(path);
  const freeBytes = bavail * bsize;
  const detail = `${(freeBytes / GiB).toFixed(1)} GiB free`;
  if (freeBytes >= LOW_DISK_BYTES) return ok('disk', detail);
  return warning('disk', detail, 'Free some space: a full disk stops the log.');
}

/** The client's protocol does not tell; the embedded broker's own file does. */
function syncInterval(data: string): Check {
  const file = join(data, 'broker', 'nats-server.conf');
  if (!existsSync(file)) return skipped('sync-interval', 'no embedded broker has run here yet');
  const interval = /^\s*sync_interval:\s*"?([^"\s]+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 'the default';
  if (interval === 'always') return ok('sync-interval', interval);
  return warning(
    'sync-interval',
    `${interval}: a power cut loses acknowledged messages`,
    'Set sync_interval to always in the configuration of the broker.',
  );
}
