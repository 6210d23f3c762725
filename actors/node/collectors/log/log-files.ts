/** A log file and those it was rotated to, and which of them is the one that was read before. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BanyanError } from '../../../../protocol/errors.ts';

/** Up to where a log was read, and how that file is recognised: by its inode and by what stood before that place. */
export interface LogPosition {
  readonly inode: string;
  readonly offset: number;
  /** SHA-256 of up to {@link tailBytes} bytes before the offset. */
  readonly tail: string;
}

export interface LogFile {
  readonly path: string;
  readonly inode: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** A file to read on, and whether it still grows: then a line without an end is left for later. */
export interface LogPart {
  readonly file: LogFile;
  readonly from: number;
  readonly grows: boolean;
}

const tailBytes = 1_024;
/** What rotation appends to a name: `.1`, `-20261130`, `.2026-11-30`. Compressed files cannot be read. */
const rotated = /^[.-]\d[\dT:_.-]*$/;

/** Throws what the system says when there is no such file. */
export async function logFile(path: string): Promise<LogFile> {
  // As a number, the inode of some file systems would be rounded.
  const { ino, size, mtimeMs } = await stat(path, { bigint: true });
  return { path, inode: String(ino), bytes: Number(size), modifiedMs: Number(mtimeMs) };
}

/** Files that the log was rotated to, the oldest first. */
export async function rotatedFiles(path: string): Promise<LogFile[]> {
  const [folder, name] = [dirname(path), basename(path)];
  const names = (await readdir(folder)).filter(
    (other) => other.startsWith(name) && rotated.test(other.slice(name.length)),
  );
  const files = await Promise.all(names.map((other) => logFile(join(folder, other)).catch(() => undefined)));
  return files
    .filter((file) => file !== undefined)
    .sort((a, b) => a.modifiedMs - b.modifiedMs || (a.path > b.path ? -1 : 1));
}

/**
 * What there is to read since a position, in order: the rest of the file that was read, wherever rotation has put
 * it, those that were rotated after it, and the current one. When nothing of the old file is found, its rest is
 * lost, and the current one is read from its beginning.
 */
export async function partsSince(path: string, position: LogPosition | undefined): Promise<LogPart[]> {
  const current = await logFile(path);
  const whole = { file: current, from: 0, grows: true };
  if (position === undefined) return [whole];
  const { offset } = position;
  const isSame = (file: LogFile): Promise<boolean> => hasTail(file, position);
  if (current.inode === position.inode && (await isSame(current))) return [{ ...whole, from: offset }];
  const older = (await rotatedFiles(path)).filter(({ inode }) => inode !== current.inode);
  // Renamed, or else copied before it was truncated.
  const byInode = older.filter(({ inode }) => inode === position.inode);
  for (const file of [...byInode, ...(offset > 0 ? older.toReversed() : [])]) {
    if (!(await isSame(file))) continue;
    const later = older.slice(older.indexOf(file) + 1).map((next) => ({ file: next, from: 0, grows: false }));
    return [{ file, from: offset, grows: false }, ...later, whole];
  }
  // Another file with the same beginning: somebody has copied it.
  if (offset > 0 && current.inode !== position.inode && (await isSame(current)))
    return [{ ...whole, from: offset }];
  return [whole];
}

/** The path leads to another file by now: it was rotated between two looks. */
export class Rotated extends Error {}

/** Opens the very file that was looked at; throws {@link Rotated} when another one has taken its name. */
export async function openLog({ path, inode }: LogFile): Promise<FileHandle> {
  const handle = await open(path);
  try {
    const status = await handle.stat({ bigint: true });
    if (!status.isFile()) throw new BanyanError('target.refused', { message: `'${path}' is not a file.` });
    if (String(status.ino) !== inode) throw new Rotated(`${path} was rotated`);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Where reading has come to. */
export async function positionAt(
  handle: FileHandle,
  { inode }: LogFile,
  offset: number,
): Promise<LogPosition> {
  return { inode, offset, tail: await tailOf(handle, offset) };
}

async function hasTail(file: LogFile, { offset, tail }: LogPosition): Promise<boolean> {
  if (file.bytes < offset) return false;
  const handle = await openLog(file);
  try {
    return (await tailOf(handle, offset)) === tail;
  } finally {
    await handle.close();
  }
}

async function tailOf(handle: FileHandle, offset: number): Promise<string> {
  const length = Math.min(tailBytes, offset);
  const bytes = await readAt(handle, offset - length, length);
  return createHash('sha256').update(bytes).digest('hex');
}

/** Up to `length` bytes; fewer at the end of the file. */
export async function readAt(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
