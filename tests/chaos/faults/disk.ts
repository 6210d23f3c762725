/** A small disk of its own for a data directory, which can be filled and freed. Needs root. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A directory that may become full. */
export interface Disk {
  readonly path: string;
  /** Takes all the room that is left. Does nothing on a disk that others share. */
  fill(): void;
  free(): void;
}

const FILLING = 'filling';
const CHUNK = Buffer.alloc(64 * 1024);

/** The machine's own disk: never filled. */
export function sharedDisk(path: string): Disk {
  mkdirSync(path, { recursive: true });
  return { path, fill: () => {}, free: () => {} };
}

/** Unmounted by whoever sweeps the run's folder. */
export function mountDisk(path: string, mebibytes: number): Disk {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', path]);
  const file = join(path, FILLING);
  return { path, fill: () => fill(file), free: () => rmSync(file, { force: true }) };
}

function fill(file: string): void {
  const filling = openSync(file, 'w');
  try {
    for (let bytes = CHUNK.byteLength; bytes >= 1;) {
      try {
        writeSync(filling, CHUNK, 0, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        bytes = Math.floor(bytes / 2);
      }
    }
  } finally {
    closeSync(filling);
  }
}
