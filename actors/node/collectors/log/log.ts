/**
 * Collects what a log file has grown by. The target's location is its path. An item is a stretch of whole lines,
 * named by where it stands and by its hash: what is read is what was listed, whatever rotation does in between. How
 * far it was listed is the cursor, which the node keeps in the same turn as the items.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NodeSettings } from '../../../settings.ts';
import {
  type Collector,
  type CollectorContext,
  type ListedItem,
  type Listing,
  Unreadable,
} from '../collector.ts';
import {
  logFile,
  type LogPart,
  type LogPosition,
  openLog,
  partsSince,
  positionAt,
  readAt,
  Rotated,
  rotatedFiles,
} from './log-files.ts';

type LogSettings = NodeSettings['log'];

const newline = 0x0a;
/** A log that is rotated between two looks is looked at again. */
const looks = 3;

export const logCollector = (settings: LogSettings): Collector => ({
  type: 'log',
  // A rotated file is deleted some day.
  volatile: true,

  async list(target, context) {
    const path = resolve(target.location);
    const { cursor } = context;
    const before = cursor === undefined ? undefined : (JSON.parse(cursor) as LogPosition);
    for (let attempt = 1; ; attempt++) {
      try {
        if (before === undefined && target.metadata['from'] === 'end') return await skipToEnd(path);
        return await listSince(path, before, settings, context);
      } catch (thrown) {
        if (!(thrown instanceof Rotated) || attempt === looks) throw thrown;
      }
    }
  },

  async read(target, name, context) {
    const path = resolve(target.location);
    const { from, to, hash } = stretchOf(name);
    if (to - from > context.itemMaxBytes) throw new Unreadable('too_large');
    const bytes = await find(path, from, to, hash);
    if (bytes === undefined) throw new Unreadable('gone');
    // Logs have stray bytes; a line with one is still worth having.
    const content = new TextDecoder().decode(bytes);
    return {
      content,
      contentType: 'log',
      source: `${pathToFileURL(path).href}#bytes=${from}-${to}`,
      domain: basename(dirname(path)) || 'root',
      bytes: bytes.byteLength,
      modifiedMs: 0,
      metadata: { lines: content.split('\n').length - (content.endsWith('\n') ? 1 : 0) },
    };
  },
});

/** Everything since a position that fits one collection; the rest is for the next, which goes on in the same file. */
async function listSince(
  path: string,
  before: LogPosition | undefined,
  settings: LogSettings,
  context: CollectorContext,
): Promise<Listing> {
  const itemsMax = Math.min(settings.collectionItems, context.itemsMax);
  const items: ListedItem[] = [];
  let position = before;
  for (const part of await partsSince(path, before)) {
    const room = itemsMax - items.length;
    if (room === 0) break;
    const { listed, end } = await listPart(part, room, settings, context);
    items.push(...listed);
    position = end;
  }
  return { items, ...(position === undefined ? {} : { cursor: JSON.stringify(position) }) };
}

/** The first collection of a log whose past is not wanted. */
async function skipToEnd(path: string): Promise<Listing> {
  const file = await logFile(path);
  const handle = await openLog(file);
  try {
    const end = await endOfLastLine(handle, file.bytes);
    return { items: [], cursor: JSON.stringify(await positionAt(handle, file, end)) };
  } finally {
    await handle.close();
  }
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  /** 32 hex digits of the SHA-256 of its bytes. */
  readonly hash: string;
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 32);
/** Places of the same length sort by number: items are read in their order. */
const place = (offset: number): string => String(offset).padStart(16, '0');
const nameOf = ({ from, to, hash }: Stretch): string => `${place(from)}-${place(to)}-${hash}`;

function stretchOf(name: string): Stretch {
  const [from = '', to = '', hash = ''] = name.split('-');
  return { from: Number(from), to: Number(to), hash };
}

/** Whole lines from `from` on, as items of about `itemBytes`; of a file that has ended, its last line too. */
async function listPart(
  { file, from, grows }: LogPart,
  itemsMax: number,
  { itemBytes }: LogSettings,
  { itemMaxBytes, signal }: CollectorContext,
): Promise<{ listed: ListedItem[]; end: LogPosition }> {
  const listed: ListedItem[] = [];
  let end = from;
  const handle = await openLog(file);
  try {
    while (listed.length < itemsMax) {
      signal.throwIfAborted();
      const bytes = await nextLines(handle, end, Math.min(itemBytes, itemMaxBytes), itemMaxBytes, grows);
      if (bytes.byteLength === 0) break;
      const stretch = { from: end, to: end + bytes.byteLength, hash: hashOf(bytes) };
      listed.push({ name: nameOf(stretch), bytes: bytes.byteLength, modifiedMs: 0, once: true });
      end = stretch.to;
    }
    return { listed, end: await positionAt(handle, file, end) };
  } finally {
    await handle.close();
  }
}

/**
 * As many whole lines as fit `bytes`, at least one; a line longer than `bytesMax` is cut there. Empty when there is
 * no whole line yet.
 */
async function nextLines(
  handle: FileHandle,
  from: number,
  bytes: number,
  bytesMax: number,
  grows: boolean,
): Promise<Buffer> {
  for (let length = bytes; ; length = Math.min(length * 4, bytesMax)) {
    const read = await readAt(handle, from, length);
    // A line that is longer than an item is an item of its own.
    const lineEnd = length === bytes ? read.lastIndexOf(newline) : read.indexOf(newline);
    if (lineEnd !== -1) return read.subarray(0, lineEnd + 1);
    if (read.byteLength < length) return grows ? read.subarray(0, 0) : read;
    if (length >= bytesMax) return read.subarray(0, characterEnd(read));
  }
}

/** The last place where UTF-8 may be cut. */
function characterEnd(bytes: Buffer): number {
  let end = bytes.byteLength;
  while (end > bytes.byteLength - 4 && end > 1 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end--;
  return (bytes[end - 1] ?? 0) >= 0xc0 && end > 1 ? end - 1 : bytes.byteLength;
}

/** Where a collection begins that is to leave out what is there: a line that is being written is not. */
async function endOfLastLine(handle: FileHandle, bytes: number): Promise<number> {
  for (let to = bytes; to > 0;) {
    const from = Math.max(0, to - backwardBytes);
    const lineEnd = (await readAt(handle, from, to - from)).lastIndexOf(newline);
    if (lineEnd !== -1) return from + lineEnd + 1;
    to = from;
  }
  return 0;
}
const backwardBytes = 64 * 1024;

/** The listed bytes, in whichever of the log's files they stand by now. */
async function find(path: string, from: number, to: number, hash: string): Promise<Buffer | undefined> {
  const current = await logFile(path).catch(() => undefined);
  const files = [...(current === undefined ? [] : [current]), ...(await rotatedFiles(path)).toReversed()];
  for (const file of files) {
    if (file.bytes < to) continue;
    // One that goes away meanwhile has moved to a name that comes next, or is gone.
    const handle = await openLog(file).catch(() => undefined);
    if (handle === undefined) continue;
    try {
      const bytes = await readAt(handle, from, to - from);
      if (hashOf(bytes) === hash) return bytes;
    } finally {
      await handle.close();
    }
  }
  return undefined;
}
