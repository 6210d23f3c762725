/**
 * Finds the nats-server executable that the embedded broker runs: what BANYAN_NATS_SERVER names, else one on
 * PATH, else one fetched earlier, else one fetched now.
 */
import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BanyanError } from '../../protocol/errors.ts';
import { fetchNatsServer, PACKAGED_PATH } from './fetch-nats-server.ts';
import {
  isSupportedVersion,
  type NatsServer,
  readVersion,
  requireSupportedVersion,
  SUPPORTED_VERSIONS,
} from './nats-server-version.ts';

/** Where to look; each has the product's own default. */
export interface FindNatsServerOptions {
  /** The environment that is read: BANYAN_NATS_SERVER and PATH. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder of fetched servers; one sub-folder per version. */
  readonly cache?: string;
  /** May it be fetched? When false, what is not here is missing. */
  readonly fetch?: boolean;
  /** Told, in one line, about anything that takes long or is passed over. */
  readonly log?: (line: string) => void;
}

const DEFAULT_CACHE = fileURLToPath(new URL('../../.cache/nats-server', import.meta.url));
// Debian installs servers here, and an ordinary user's PATH does not have it.
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/opt/homebrew/bin'];

/**
 * Finds or fetches a supported nats-server. Throws `broker.missing` when there is none and none can be fetched,
 * and `broker.version` when BANYAN_NATS_SERVER names one that is too old. A too old one on PATH is passed over.
 */
export async function findNatsServer(options: FindNatsServerOptions = {}): Promise<NatsServer> {
  const { env = process.env, cache = DEFAULT_CACHE, log = () => {} } = options;
  const named = env['BANYAN_NATS_SERVER'];
  if (named) return useNamed(resolve(named));
  const found = (await findOnPath(env['PATH'] ?? '', log)) ?? (await findInCache(cache));
  if (found) return found;
  if (options.fetch === false) throw missing('none is on PATH or in the cache');
  try {
    return await fetchNatsServer(cache, log);
  } catch (error) {
    throw missing(error instanceof Error ? error.message : String(error), error);
  }
}

async function useNamed(path: string): Promise<NatsServer> {
  const version = await readVersion(path);
  if (!version) {
    throw new BanyanError('broker.missing', {
      message: `BANYAN_NATS_SERVER names ${path}, which does not run as a nats-server`,
    });
  }
  requireSupportedVersion(version, path);
  return { path, version };
}

async function findOnPath(path: string, log: (line: string) => void): Promise<NatsServer | undefined> {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  // An empty PATH asks for nothing from the system.
  const all = new Set(folders.length === 0 ? [] : [...folders, ...SYSTEM_FOLDERS]);
  for (const folder of all) {
    const file = resolve(folder, 'nats-server');
    if (!(await isExecutable(file))) continue;
    const version = await readVersion(file);
    if (version && isSupportedVersion(version)) return { path: file, version };
    log(`passing over ${file}: ${version ? `${version} is too old` : 'it does not run'}`);
  }
  return undefined;
}

async function findInCache(cache: string): Promise<NatsServer | undefined> {
  const names = await readdir(cache).catch(() => []);
  const newestFirst = names
    .filter(isSupportedVersion)
    .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const name of newestFirst) {
    const file = join(cache, name, PACKAGED_PATH);
    const version = await readVersion(file);
    if (version && isSupportedVersion(version)) return { path: file, version };
  }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function missing(why: string, cause?: unknown): BanyanError {
  return new BanyanError('broker.missing', {
    message:
      `no nats-server (${SUPPORTED_VERSIONS}): ${why}; install one from https://nats.io/download ` +
      `and put it on PATH, or name it in BANYAN_NATS_SERVER`,
    cause,
  });
}
