/**
 * The data directory: one owner at a time, and a format that says which releases can read it.
 *
 * On Linux the claim is an abstract socket, which the kernel takes back however its process ends; the lock
 * file beside it tells a person who holds the directory. Elsewhere the lock file is the claim: it names a
 * process by pid and start time, so one that was killed holds nothing.
 */
import { createHash, randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { BanyanError } from '../protocol/errors.ts';
import { identify, isSameProcess } from './broker/process-identity.ts';
import { makeWritableDirectory } from './writable-directory.ts';

/** What this release writes. Raised when an older release could not read what a newer one left. */
const FORMAT = 1;

export interface DataDirectory {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Gives the directory up; may be called again. */
  release(): Promise<void>;
}

const holderSchema = z.object({ pid: z.int().positive(), startTime: z.string() });
type Holder = z.infer<typeof holderSchema>;

/**
 * Makes the directory if it is missing (mode 0700) and takes it for this process. Throws `data.locked` when
 * another process has it, `data.format` when a newer release wrote it, `config.invalid` when it cannot be used.
 */
export async function openDataDirectory(directory: string): Promise<DataDirectory> {
  const path = makeWritableDirectory(directory, 'data', 0o700);
  const lock = join(path, 'lock');
  const socket = await claimSocket(path, lock);
  try {
    claimFile(path, lock);
  } catch (error) {
    await close(socket);
    throw error;
  }
  const giveUp = async (): Promise<void> => {
    // The file first: while the socket is ours, nobody else writes one.
    rmSync(lock, { force: true });
    await close(socket);
  };
  let released: Promise<void> | undefined;
  const release = (): Promise<void> => (released ??= giveUp());
  try {
    checkFormat(path);
  } catch (error) {
    await release();
    throw error;
  }
  return { path, release };
}

/** Who holds the directory; undefined when nobody does. */
export function holderOf(directory: string): { readonly pid: number } | undefined {
  const holder = readHolder(join(directory, 'lock'));
  return holder !== undefined && isSameProcess(holder) ? { pid: holder.pid } : undefined;
}

async function claimSocket(path: string, lock: string): Promise<Server | undefined> {
  if (process.platform !== 'linux') return undefined;
  const name = `banyan-data-${createHash('sha256').update(path).digest('hex').slice(0, 24)}`;
  const server = createServer((socket) => socket.destroy());
  server.unref();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', () => reject(locked(path, readHolder(lock))));
  server.listen({ path: `\0${name}` }, resolve);
  await promise;
  return server;
}

function close(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
}

/** Written aside and linked, so the lock appears complete and only for one of two who try at once. */
function claimFile(path: string, lock: string): void {
  const mine = join(path, `.lock.${randomUUID()}`);
  const holder: Holder = { pid: process.pid, startTime: identify(process.pid)?.startTime ?? '' };
  writeFileSync(mine, `${JSON.stringify(holder)}\n`, { flag: 'wx' });
  try {
    if (!link(mine, lock)) {
      const other = readHolder(lock);
      if (other !== undefined && isSameProcess(other)) throw locked(path, other);
      moveAside(path, lock);
      if (!link(mine, lock)) throw locked(path, readHolder(lock));
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Removes a stale lock; one that somebody took meanwhile is put back. */
function moveAside(path: string, lock: string): void {
  const aside = join(path, `.lock.stale.${randomUUID()}`);
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  const other = readHolder(aside);
  if (other !== undefined && isSameProcess(other)) link(aside, lock);
  rmSync(aside, { force: true });
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(lock: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(lock, 'utf8')));
  } catch {
    return undefined;
  }
}

function checkFormat(path: string): void {
  const file = join(path, 'format');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    writeFileSync(file, `${FORMAT}\n`);
    return;
  }
  const format = Number(text.trim());
  if (Number.isInteger(format) && format >= 1 && format <= FORMAT) return;
  throw new BanyanError('data.format', {
    message: `${path} has the format ${JSON.stringify(text.trim().slice(0, 40))}; this release reads up to ${FORMAT}.`,
  });
}

function locked(path: string, holder: Holder | undefined): BanyanError {
  const who = holder === undefined ? 'Another process' : `Process ${holder.pid}`;
  return new BanyanError('data.locked', { message: `${who} owns the data directory ${path}.` });
}
