/**
 * Collects the files below a directory. The target's location is a path, or a path with globs such as
 * `/data/notes/*.md`. Metadata: `include` and `exclude` (a glob or a list of globs, relative to the
 * directory), `hidden: false` leaves out names that begin with a dot. `.git` folders are left out unless
 * `exclude` says otherwise. Symbolic links are not followed: what they point to inside the directory is found
 * by itself, and what lies outside was not asked for.
 */
import { lstat, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { BanyanError } from '../../../protocol/errors.ts';
import type { Target } from '../../orchestrator/contract.ts';
import type { Collector, CollectorLimits, ListedItem } from './collector.ts';
import { domainOfFile } from './file-domain.ts';
import { readTextFile } from './read-file.ts';

/** Files whose status is asked for at a time. */
const concurrentStats = 64;

export const directoryCollector = {
  type: 'directory',

  async list(target: Target, { signal }: CollectorLimits) {
    const { root, pattern } = await locate(target.location);
    const found = await glob(
      pattern === undefined ? patterns(target.metadata['include'], '**/*') : [pattern],
      {
        cwd: root,
        ignore: patterns(target.metadata['exclude'], '**/.git/**'),
        dot: target.metadata['hidden'] !== false,
        followSymbolicLinks: false,
        expandDirectories: false,
        onlyFiles: true,
        signal,
      },
    );
    const names = found
      // A pattern may climb out of the directory with `..`.
      .map((name) => join(root, name))
      .filter((path) => path.startsWith(root.endsWith(sep) ? root : root + sep))
      .sort();
    const items: ListedItem[] = [];
    for (let at = 0; at < names.length; at += concurrentStats) {
      signal.throwIfAborted();
      const listed = await Promise.all(names.slice(at, at + concurrentStats).map(listFile));
      for (const item of listed) if (item !== undefined) items.push(item);
    }
    return items;
  },

  async read(target: Target, name: string, limits: CollectorLimits) {
    const { root } = await locate(target.location);
    const item = await readTextFile(name, root, limits);
    return { ...item, domain: domainOfFile(root, name) };
  },
} satisfies Collector;

/** Undefined for links, for what is no regular file and for what is gone by now. */
async function listFile(path: string): Promise<ListedItem | undefined> {
  try {
    const status = await lstat(path);
    if (!status.isFile()) return undefined;
    return { name: path, bytes: status.size, modifiedMs: Math.floor(status.mtimeMs) };
  } catch {
    // An unreadable parent or a race with a deletion: reading decides, and reports it.
    return { name: path, bytes: 0, modifiedMs: 0 };
  }
}

/** The directory, links resolved, and the pattern if the location has one after its last plain folder. */
export async function locate(location: string): Promise<{ root: string; pattern?: string }> {
  const path = resolve(location);
  const found = await stat(path).catch((error: unknown) => error);
  if (!(found instanceof Error)) {
    const status = found as Awaited<ReturnType<typeof stat>>;
    if (!status.isDirectory())
      throw new BanyanError('task.failed', { message: `'${path}' is not a directory.` });
    return { root: await realpath(path) };
  }
  const parts = path.split(sep);
  const firstGlob = parts.findIndex((part) => isDynamicPattern(part));
  if (firstGlob === -1) throw found;
  const root = parts.slice(0, firstGlob).join(sep) || sep;
  return { root: await realpath(root), pattern: parts.slice(firstGlob).join('/') };
}

function patterns(setting: unknown, otherwise: string): string[] {
  const given = Array.isArray(setting) ? setting : [setting];
  const globs = given.filter((pattern) => typeof pattern === 'string');
  return globs.length === 0 ? [otherwise] : globs;
}
