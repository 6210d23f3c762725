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

const START_MS = 120_000;
const RETRY_MS = 200;
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
  #starting: Promise<void> | undefined;

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
    this.#isWanted = true;
    this.#starting ??= this.#startPatiently().finally(() => (this.#starting = undefined));
    await this.#starting;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.signal(name);
  }

  async kill(): Promise<void> {
    this.#isWanted = false;
    this.#process?.signal('SIGKILL');
    await this.#process?.exited;
    await this.#starting?.catch(() => undefined);
  }

  async #startPatiently(): Promise<void> {
    const untilMs = performance.now() + START_MS;
    while (this.#isWanted) {
      const failure = await this.#launch();
      if (failure === undefined) return;
      if (performance.now() > untilMs)
        throw new Error(`The broker does not start (${failure}); see ${this.#log}.`);
      await lasting(RETRY_MS);
    }
  }

  /** Why it does not run; undefined when it does. */
  async #launch(): Promise<string | undefined> {
    let spawned: ReturnType<typeof spawnBroker>;
    try {
      const config = renderConfig({ ...this.#files, log: this.#log }, this.#port, LIMITS.brokerPayloadBytes);
      const store = `jetstream {\n  max_file_store: ${STORE_BYTES}`;
      writeFileSync(this.#files.config, config.replace('jetstream {', store));
      spawned = spawnBroker(this.#natsServer, this.#files);
    } catch (error) {
      // Its disk is full.
      return String(error);
    }
    if (!('pid' in spawned)) return 'it cannot be executed';
    const started = spawned;
    this.#process = started;
    const goOn = (): boolean => started.alive() && this.#isWanted;
    const version = await waitUntilReady(this.#port, this.#files.serverName, goOn, START_MS);
    if (version === undefined) {
      started.signal('SIGKILL');
      const { code, signal } = await started.exited;
      return `it ended with ${signal ?? code}`;
    }
    void started.exited.then(() => this.#collapsed(started));
    return undefined;
  }

  async #collapsed(ended: BrokerProcess): Promise<void> {
    if (!this.#isWanted || this.#process !== ended) return;
    this.collapses++;
    await lasting(RETRY_MS);
    // What fails here fails whoever waits for the broker.
    if (this.#isWanted && this.#process === ended) await this.start().catch(() => undefined);
  }
}
