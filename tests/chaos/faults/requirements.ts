/** Finds what faults need, or fetches it where that needs no privileges; else says what is missing. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Requirement } from './fault-kinds.ts';

export interface Tools {
  /** The executable. */
  readonly strace: string;
  /** The library to preload. */
  readonly faketime: string;
}

const CACHE = fileURLToPath(new URL('../../../.cache/fault-tools', import.meta.url));
const FAKETIME_LIBRARY = 'libfaketimeMT.so.1';

/** Throws with every requirement that this machine does not meet, and what to do about it. */
export function meet(requirements: ReadonlySet<Requirement>): Tools {
  const missing: string[] = [];
  const found = { strace: '', faketime: '' };
  if (requirements.has('tmpfs') && !canMount())
    missing.push('tmpfs: full disks need root, or a container that may mount');
  if (requirements.has('strace')) {
    const strace = findStrace();
    if (strace === undefined) missing.push('strace that may trace: apt-get install strace, and run as root');
    else found.strace = strace;
  }
  if (requirements.has('faketime')) {
    const faketime = findFaketime();
    if (faketime === undefined) missing.push('libfaketime: apt-get install faketime');
    else found.faketime = faketime;
  }
  if (missing.length === 0) return found;
  throw new Error(`Real faults need more than this machine has:\n  ${missing.join('\n  ')}`);
}

let mounts: boolean | undefined;

function canMount(): boolean {
  if (mounts !== undefined) return mounts;
  const place = mkdtempSync(join(tmpdir(), 'banyan-mount-'));
  mounts = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place]).status === 0;
  if (mounts) spawnSync('umount', [place]);
  rmSync(place, { recursive: true, force: true });
  return mounts;
}

let strace: string | undefined;

function findStrace(): string | undefined {
  const unpacked = join(CACHE, 'strace', 'usr', 'bin', 'strace');
  strace ??= ['strace', unpacked].find(traces);
  if (strace === undefined) {
    fetchPackage('strace');
    strace = [unpacked].find(traces);
  }
  return strace;
}

/** Installed is not enough: containers may forbid it. */
function traces(program: string): boolean {
  return spawnSync(program, ['-o', '/dev/null', '-e', 'inject=fsync:error=EIO', 'true']).status === 0;
}

function findFaketime(): string | undefined {
  const find = (root: string): string | undefined => {
    const lib = join(root, 'usr', 'lib');
    if (!existsSync(lib)) return undefined;
    return readdirSync(lib)
      .map((architecture) => join(lib, architecture, 'faketime', FAKETIME_LIBRARY))
      .find((file) => existsSync(file));
  };
  const unpacked = join(CACHE, 'libfaketime');
  const found = find('/') ?? find(unpacked);
  if (found !== undefined) return found;
  fetchPackage('libfaketime');
  return find(unpacked);
}

/** Unpacks a package of the machine's own Debian release, verified by apt, into a private folder, if it can. */
function fetchPackage(name: string): void {
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, '.fetch-'));
  try {
    const options = { cwd: work, stdio: 'ignore' } as const;
    execFileSync('apt-get', ['-q', 'download', name], options);
    const archive = readdirSync(work).find((file) => file.endsWith('.deb')) ?? '';
    execFileSync('dpkg-deb', ['-x', archive, 'unpacked'], options);
    renameSync(join(work, 'unpacked'), join(CACHE, name));
  } catch {
    // Not a Debian, no network, or another process was faster: whoever looks next sees which.
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
