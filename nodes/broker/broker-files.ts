/**
 * The files of an embedded broker: everything lies in `<data>/broker/`. The record `broker.json` says which
 * process serves the store, so that a node that was killed finds its broker again.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Paths, all absolute and free of symbolic links. */
export interface BrokerFiles {
  readonly config: string;
  readonly store: string;
  readonly record: string;
  readonly log: string;
  /** What the server printed before it had opened its log. */
  readonly startLog: string;
  readonly lock: string;
  /** The broker's name: stable for a data directory, different for two of them on one machine. */
  readonly serverName: string;
}

const processSchema = z.object({ pid: z.int().positive(), startTime: z.string() });

const recordSchema = z.object({
  port: z.int().min(1).max(65_535),
  version: z.string(),
  /** The server process; absent once it was stopped in order. */
  server: processSchema.optional(),
  /** The process that manages the server; absent with it. */
  manager: processSchema.optional(),
});

/** The port that clients know, and while a server runs, who it is and who manages it. */
export type BrokerRecord = z.infer<typeof recordSchema>;

/** Creates `<data>/broker/` (mode 0700) and names the files in it. */
export function openBrokerFiles(dataDir: string): BrokerFiles {
  mkdirSync(join(dataDir, 'broker', 'store'), { recursive: true, mode: 0o700 });
  const folder = realpathSync(join(dataDir, 'broker'));
  return {
    config: join(folder, 'nats-server.conf'),
    store: join(folder, 'store'),
    record: join(folder, 'broker.json'),
    log: join(folder, 'nats-server.log'),
    startLog: join(folder, 'start.log'),
    lock: join(folder, 'lock'),
    serverName: `banyan-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`,
  };
}

/** The record, or undefined when there is none or it cannot be read: it is a cache, never a reason to stop. */
export function readRecord(files: BrokerFiles): BrokerRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(files.record, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Replaces the record in one step, so that a reader sees the old one or the new one. */
export function writeRecord(files: BrokerFiles, record: BrokerRecord): void {
  replaceFile(files.record, `${JSON.stringify(record)}\n`);
}

/** Writes the server's configuration. */
export function writeConfig(files: BrokerFiles, port: number, maxPayloadBytes: number): void {
  replaceFile(files.config, renderConfig(files, port, maxPayloadBytes));
}

/**
 * The server's configuration. `sync_interval: always` is what makes an acknowledgement survive a power cut; the
 * monitoring port stays shut because it has no authentication.
 */
export function renderConfig(files: BrokerFiles, port: number, maxPayloadBytes: number): string {
  return [
    `server_name: ${quote(files.serverName)}`,
    `listen: "127.0.0.1:${port}"`,
    `max_payload: ${maxPayloadBytes}`,
    `log_file: ${quote(files.log)}`,
    'log_size_limit: 16777216',
    'log_max_num: 2',
    'jetstream {',
    `  store_dir: ${quote(files.store)}`,
    '  sync_interval: always',
    '}',
    '',
  ].join('\n');
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}
