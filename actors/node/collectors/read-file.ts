/** Reads one file as text, or says why it is none. */
import { open, realpath } from 'node:fs/promises';
import { constants } from 'node:fs';
import { extname, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OfferedArtifact } from '../../artifact.ts';
import { type CollectorLimits, type ReadItem, Unreadable } from './collector.ts';

/** Failures that say something about the moment, not about the file. */
const transientCodes = new Set([
  'EAGAIN',
  'EBUSY',
  'EINTR',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ETIMEDOUT',
  'ESTALE',
]);

/**
 * The file at `path`, which must lie under `root` when one is given, also after links have been resolved.
 * Throws `Unreadable` (`gone`, `outside_root`, `too_large`, `not_text`, `not_a_file`, or the system's code).
 */
export async function readTextFile(
  path: string,
  root: string | undefined,
  limits: CollectorLimits,
): Promise<Omit<ReadItem, 'domain'>> {
  const { bytes, modifiedMs } = await load(path, root, limits);
  let content: string;
  try {
    if (bytes.includes(0)) throw new TypeError('NUL byte');
    content = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Unreadable('not_text', { cause });
  }
  return {
    content,
    contentType: contentTypeOf(path),
    source: pathToFileURL(path).href,
    bytes: bytes.byteLength,
    modifiedMs,
  };
}

async function load(path: string, root: string | undefined, { itemMaxBytes, signal }: CollectorLimits) {
  signal.throwIfAborted();
  try {
    const real = await realpath(path);
    if (root !== undefined && !real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw new Unreadable('outside_root');
    }
    // Without O_NONBLOCK, opening a named pipe would wait for a writer forever.
    const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = await file.stat();
      if (!status.isFile()) throw new Unreadable('not_a_file');
      if (status.size > itemMaxBytes) throw new Unreadable('too_large');
      const bytes = await file.readFile();
      if (bytes.byteLength > itemMaxBytes) throw new Unreadable('too_large');
      return { bytes, modifiedMs: Math.floor(status.mtimeMs) };
    } finally {
      await file.close();
    }
  } catch (thrown) {
    throw asUnreadable(thrown);
  }
}

function asUnreadable(thrown: unknown): unknown {
  const code = (thrown as { code?: unknown } | null)?.code;
  if (thrown instanceof Unreadable || typeof code !== 'string') return thrown;
  if (code === 'ENOENT' || code === 'ENOTDIR') return new Unreadable('gone', { cause: thrown });
  return new Unreadable(code, { transient: transientCodes.has(code), cause: thrown });
}

const extensions: Readonly<Record<string, OfferedArtifact['contentType']>> = Object.fromEntries([
  ...list(
    'code',
    'ts tsx mts cts js jsx mjs cjs py rb rs go c h cc cpp hpp cs java kt swift scala php pl lua r',
  ),
  ...list(
    'code',
    'sh bash zsh fish ps1 sql css scss less vue svelte ex exs erl hs ml clj dart zig nix tf proto',
  ),
  ...list('data', 'csv tsv yaml yml toml ini cfg conf xml lock properties env plist ics jsonl ndjson'),
  ...list('json', 'json json5 jsonc map geojson'),
  ...list('html', 'html htm xhtml'),
  ...list('log', 'log out err'),
]);

function list(
  type: OfferedArtifact['contentType'],
  names: string,
): [string, OfferedArtifact['contentType']][] {
  return names.split(' ').map((name) => [name, type]);
}

/** By the file's extension; what is not known counts as text. */
export const contentTypeOf = (path: string): OfferedArtifact['contentType'] =>
  extensions[extname(path).slice(1).toLowerCase()] ?? 'text';
