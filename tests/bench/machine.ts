/** Where the numbers were measured: versions and size of the machine, and how busy it was. */
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { findNatsServer } from '../../nodes/broker/find-nats-server.ts';

export interface Machine {
  readonly at: string;
  readonly machine: {
    readonly cpus: number;
    readonly model: string;
    readonly memoryGiB: number;
    readonly kernel: string;
    /** Over the last minute, before the first benchmark: above 0 somebody else was using the machine. */
    readonly load: number;
  };
  readonly versions: Readonly<Record<string, string>>;
}

const LIBRARIES = ['@nats-io/jetstream', 'xstate', 'lmdb', 'msgpackr', 'zod'];

export async function machine(): Promise<Machine> {
  const { version } = await findNatsServer();
  return {
    at: new Date().toISOString(),
    machine: {
      cpus: cpus().length,
      model: cpus()[0]?.model ?? 'unknown',
      memoryGiB: Math.round(totalmem() / 1024 ** 3),
      kernel: release(),
      load: loadavg()[0] ?? 0,
    },
    versions: {
      node: process.versions.node,
      'nats-server': version,
      ...Object.fromEntries(LIBRARIES.map((name) => [name, versionOf(name)])),
    },
  };
}

function versionOf(library: string): string {
  const path = new URL(`../../node_modules/${library}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
