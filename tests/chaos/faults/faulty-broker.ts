/**
 * A broker that faults are done to: configured and locked as the embedded one, but started again only when its
 * run says so. It syncs before it acknowledges.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { LIMITS } from '../../../config/limits.ts';
import { type BrokerFiles, openBrokerFiles, renderConfig } from '../../../nodes/broker/broker-files.ts';
import { type BrokerProcess, spawnBroker } from '../../../nodes/broker/broker-process.ts';
import { waitUntilReady } from '../../../nodes/broker/broker-ready.ts';
import { tryPort } from '../../../nodes/broker/free-port.ts';
import type { Disk } from './disk.ts';
import { lasting } from './passing-time.ts';

const START_MS = 60_000;
const RETRY_MS = 200;
const STARTS = 20;
/** Else a server offers only three quarters of what its disk has free, and a small one takes none of our streams. */
const STORE_BYTES = 8 * 1024 ** 3;

export class FaultyBroker {
  readonly disk: Disk;
  readonly #natsServer: string;
  readonly #files: BrokerFiles;
  readonly #port: number;
  /** Not on its disk: what is said about a full one must be readable. */
  readonly #log: string;
  #process: BrokerProcess | undefined;
  /** Servers that ended although nobody killed them. */
  collapses = 0;
  #isWanted = false;

  private constructor(disk: Disk, natsServer: string, port: number, log: string) {
    this.disk = disk;
    this.#natsServer = natsServer;
    this.#files = openBrokerFiles(disk.path);
    this.#port = port;
    this.#log = log;
  }

  static async start(disk: Disk, natsServer: string, log: string): Promise<FaultyBroker> {
    const port = await tryPort(0);
    if (port === undefined) throw new Error('No port is free.');
    const broker = new FaultyBroker(disk, natsServer, port, log);
    await broker.start();
    return broker;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Everything that was logged. */
  logged(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : '';
  }

  /** Resolves when JetStream answers. Whoever runs a server starts it again when it ends by itself: so do we. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (await this.#launch()) return;
      if (attempt === STARTS) throw new Error(`The broker does not start; see ${this.#log}.`);
      await lasting(RETRY_MS);
    }
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.signal(name);
  }

  async kill(): Promise<void> {
    this.#isWanted = false;
    this.#process?.signal('SIGKILL');
    await this.#process?.exited;
  }

  async #launch(): Promise<boolean> {
    const config = renderConfig({ ...this.#files, log: this.#log }, this.#port, LIMITS.brokerPayloadBytes);
    const store = `jetstream {\n  max_file_store: ${STORE_BYTES}`;
    writeFileSync(this.#files.config, config.replace('jetstream {', store));
    const spawned = spawnBroker(this.#natsServer, this.#files);
    if (!('pid' in spawned)) throw new Error('The broker cannot be executed.');
    this.#process = spawned;
    const version = await waitUntilReady(this.#port, this.#files.serverName, () => spawned.alive(), START_MS);
    if (version === undefined) {
      spawned.signal('SIGKILL');
      await spawned.exited;
      return false;
    }
    this.#isWanted = true;
    void spawned.exited.then(() => this.#collapsed(spawned));
    return true;
  }

  async #collapsed(ended: BrokerProcess): Promise<void> {
    if (!this.#isWanted || this.#process !== ended) return;
    this.collapses++;
    await lasting(RETRY_MS);
    if (this.#isWanted && this.#process === ended) await this.start();
  }
}
