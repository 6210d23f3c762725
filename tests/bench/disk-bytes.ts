/** How much of a disk a folder takes. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What the files below a folder take on the disk; one that goes meanwhile takes nothing. */
export function diskBytes(folder: string): number {
  let bytes = 0;
  for (const entry of entriesOf(folder)) {
    if (!entry.isFile()) continue;
    const blocks = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.blocks ?? 0;
    bytes += blocks * 512;
  }
  return bytes;
}

/** A folder that goes while it is being walked is walked again. */
function entriesOf(folder: string): Dirent[] {
  for (;;) {
    try {
      return readdirSync(folder, { recursive: true, withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
