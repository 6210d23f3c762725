/**
 * Reads a store once in a process of its own: a damaged LMDB file can end the process that opens it.
 * As a program: `node store-check.ts FOLDER` exits with 0 when everything can be read.
 */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEverything, removeStore } from './store-lmdb.ts';

/** Removes the store's files if they are damaged; `onRebuild` hears what was found. */
export async function checkStore(folder: string, onRebuild: (reason: string) => void): Promise<void> {
  if (!existsSync(join(folder, 'data.mdb'))) return;
  const problem = existsSync(join(folder, DISTRUSTED))
    ? 'it was damaged when it was used'
    : await check(folder);
  if (problem === undefined) return;
  onRebuild(problem);
  removeStore(folder);
}

/**
 * Makes the next {@link checkStore} remove the store. What only writing meets, such as a damaged list of free
 * pages, no reading finds: without this the store would fail at every start.
 */
export function distrustStore(folder: string): void {
  writeFileSync(join(folder, DISTRUSTED), '');
}

const DISTRUSTED = 'damaged';

function check(folder: string): Promise<string | undefined> {
  return new Promise<string | undefined>((resolve) => {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-400)));
    child.on('error', (error) => resolve(`it could not be checked: ${error.message}`));
    child.on('exit', (code, signal) => {
      if (code === 0) resolve(undefined);
      else
        resolve(
          signal === null
            ? said.trim().split('\n').at(-1) || `the check ended with ${code}`
            : `reading it ended the process with ${signal}`,
        );
    });
  });
}

if (import.meta.main) {
  try {
    readEverything(process.argv[2] as string);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
