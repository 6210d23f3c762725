/** `<data>/run.json`: how commands on the same machine find the running node, and the token for its actions. */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isSameProcess } from './broker/process-identity.ts';

const runFileSchema = z.object({
  pid: z.int().positive(),
  /** Tells this process from a later one with the same pid. */
  startTime: z.string(),
  node: z.string(),
  namespace: z.string(),
  /** URL of the broker. */
  nats: z.string(),
  /** URL of the console and the API; null while there is none. */
  http: z.string().nullable(),
  /** What actions need. The file is readable by its owner only. */
  token: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  version: z.string(),
  /** The application's module; null for the pipeline. */
  app: z.string().nullable().default(null),
  /** What decides its turns: a replay under another one proves nothing. */
  turnVersion: z.string(),
});

export type RunFile = z.infer<typeof runFileSchema>;

const pathIn = (dataDir: string): string => join(dataDir, 'run.json');

/** Replaces the file in one step, mode 0600. */
export function writeRunFile(dataDir: string, run: RunFile): void {
  const temporary = join(dataDir, `.run.json.${randomUUID()}`);
  writeFileSync(temporary, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(temporary, pathIn(dataDir));
}

/** The running node of this data directory; undefined when none is: a killed one leaves its file behind. */
export function readRunFile(dataDir: string): RunFile | undefined {
  let run: RunFile;
  try {
    run = runFileSchema.parse(JSON.parse(readFileSync(pathIn(dataDir), 'utf8')));
  } catch {
    return undefined;
  }
  return isSameProcess(run) ? run : undefined;
}

/** Removes the file if it is this process's own. */
export function removeRunFile(dataDir: string): void {
  if (readRunFile(dataDir)?.pid === process.pid) rmSync(pathIn(dataDir), { force: true });
}
