/**
 * The embedded broker: a nats-server child that a node starts, watches, restarts and stops.
 *
 * - A broker that dies is started again on the same port with the same store, for as long as it takes: clients
 *   merely reconnect. So is one that says that its disk failed (`store-failures.ts`).
 * - A node that was killed leaves its broker running; the next node on the same data directory adopts it.
 * - One store never has two servers or two managers (`broker-process.ts`, `broker-claim.ts`).
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LIMITS } from '../../config/limits.ts';
import { BanyanError } from '../../protocol/errors.ts';
import { claimStore, locked } from './broker-claim.ts';
import {
  type BrokerFiles,
  type BrokerRecord,
  openBrokerFiles,
  readRecord,
  writeConfig,
  writeRecord,
} from './broker-files.ts';
import {
  adoptBroker,
  type BrokerProcess,
  type ExitStatus,
  findOrphans,
  spawnBroker,
  STORE_LOCKED,
  stopBroker,
} from './broker-process.ts';
import { waitUntilReady } from './broker-ready.ts';
import { tryPort } from './free-port.ts';
import { isSupportedVersion, requireSupportedVersion } from './nats-server-version.ts';
import { identify } from './process-identity.ts';
import { StoreFailures } from './store-failures.ts';

/** Where the broker's messages go; a pino logger fits. */
export interface BrokerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** How to start an embedded broker. */
export interface EmbeddedBrokerOptions {
  /** The node's data directory; the broker's files lie in `broker/` below it. */
  readonly dataDir: string;
  /** Path of the nats-server executable, see `findNatsServer`. */
  readonly natsServer: string;
  /** Port on 127.0.0.1. Without it: the last one of this data directory if it is free, else any. */
  readonly port?: number;
  readonly log: BrokerLog;
  /** How long recovering the store may take before the start counts as failed. */
  readonly startTimeoutMs?: number;
}

/** What a listener is told after the broker died and came back. */
export interface BrokerRestart {
  readonly pid: number;
  /** Restarts since `startEmbeddedBroker`. */
  readonly restarts: number;
}

/** A running embedded broker. */
export interface EmbeddedBroker {
  /** `nats://127.0.0.1:<port>`; stays the same over restarts. */
  readonly url: string;
  readonly port: number;
  /** The server process of now. */
  readonly pid: number;
  /** Whether the first server process had been left by a manager that was killed. */
  readonly adopted: boolean;
  /** Settles after `stop`, with how the last server process ended. */
  readonly exited: Promise<ExitStatus>;
  /** Listens for restarts; the result stops listening. */
  onRestart(listener: (restart: BrokerRestart) => void): () => void;
  /** Ends the server (SIGTERM, after 3 s SIGKILL) and resolves when it is gone. May be called again. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const ADOPTION_TIMEOUT_MS = 3_000;
const RESTART_MIN_MS = 50;
const RESTART_MAX_MS = 5_000;
const HEALTHY_AFTER_MS = 10_000;
const PORT_ATTEMPTS = 3;
const LOOK_MS = 2_000;

/**
 * Starts, or adopts, the broker of a data directory and resolves when JetStream answers. Throws `data.locked`
 * (another process manages this store), `broker.version`, `broker.start` (with the end of the server's log).
 */
export async function startEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const files = openBrokerFiles(options.dataDir);
  const release = await claimStore(files);
  const manager = new BrokerManager(files, options, release);
  try {
    await manager.start();
  } catch (error) {
    await manager.abandon();
    throw error;
  }
  return manager;
}

class BrokerManager implements EmbeddedBroker {
  port = 0;
  adopted = false;
  readonly exited: Promise<ExitStatus>;
  readonly #files: BrokerFiles;
  readonly #options: EmbeddedBrokerOptions;
  readonly #release: () => Promise<void>;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<(restart: BrokerRestart) => void>();
  readonly #resolveExited: (status: ExitStatus) => void;
  #process: BrokerProcess | undefined;
  #version = '';
  #restarts = 0;

  constructor(files: BrokerFiles, options: EmbeddedBrokerOptions, release: () => Promise<void>) {
    this.#files = files;
    this.#options = options;
    this.#release = release;
    const { promise, resolve } = Promise.withResolvers<ExitStatus>();
    this.exited = promise;
    this.#resolveExited = resolve;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  onRestart(listener: (restart: BrokerRestart) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#process) await stopBroker(this.#process);
    await this.exited;
  }

  async start(): Promise<void> {
    const record = readRecord(this.#files);
    if (!(await this.#adopt(record))) await this.#startOnSomePort(record?.port);
    process.once('exit', this.#onProcessExit);
    void this.#supervise();
  }

  /** Undoes a start that failed. */
  async abandon(): Promise<void> {
    if (this.#process) await stopBroker(this.#process);
    await this.#release();
  }

  /** A node that ends without `stop` (an uncaught exception) must not leave its broker behind. */
  readonly #onProcessExit = (): void => this.#process?.signal('SIGTERM');

  async #adopt(record: BrokerRecord | undefined): Promise<boolean> {
    const { port, log } = this.#options;
    for (const identity of findOrphans(this.#files, record?.server?.pid)) {
      const orphan = adoptBroker(identity);
      const wanted = record !== undefined && (port === undefined || port === record.port) && !this.#process;
      const version = wanted ? await this.#ready(orphan, record.port, ADOPTION_TIMEOUT_MS) : undefined;
      if (version === undefined || !isSupportedVersion(version)) {
        log.warn({ pid: orphan.pid }, 'stopping a broker that an earlier process left behind');
        await stopBroker(orphan);
        continue;
      }
      log.info({ pid: orphan.pid, port: record?.port }, 'adopted the broker of an earlier process');
      this.port = record?.port ?? 0;
      this.adopted = true;
      this.#take(orphan, version);
    }
    return this.#process !== undefined;
  }

  async #startOnSomePort(lastPort: number | undefined): Promise<void> {
    const { port } = this.#options;
    if (port !== undefined) return this.#startOn(port);
    for (let attempt = 1; ; attempt++) {
      const last = attempt === 1 && lastPort !== undefined ? await tryPort(lastPort) : undefined;
      const free = last ?? (await tryPort(0));
      if (free === undefined)
        throw new BanyanError('broker.start', { message: 'no port is free on 127.0.0.1' });
      try {
        return await this.#startOn(free);
      } catch (error) {
        // Between our look and the server's bind somebody else may take the port.
        if (attempt === PORT_ATTEMPTS || !/address already in use/.test(String(error))) throw error;
      }
    }
  }

  async #startOn(port: number): Promise<void> {
    if ((await tryPort(port)) === undefined) {
      throw new BanyanError('broker.start', { message: `port ${port} on 127.0.0.1: address already in use` });
    }
    this.port = port;
    await this.#launch();
  }

  /** Spawns a server on the known port and waits until it is ready. */
  async #launch(): Promise<void> {
    const { natsServer, startTimeoutMs = START_TIMEOUT_MS } = this.#options;
    writeConfig(this.#files, this.port, LIMITS.brokerPayloadBytes);
    const spawned = spawnBroker(natsServer, this.#files);
    if (!('pid' in spawned)) throw this.#startFailure(`${natsServer} cannot be executed`);
    // From here on `stop` can end it, ready or not.
    this.#process = spawned;
    const version = await this.#ready(spawned, this.port, startTimeoutMs);
    if (version !== undefined && isSupportedVersion(version)) return this.#take(spawned, version);
    const late = spawned.alive();
    const { code, signal } = await stopBroker(spawned);
    if (version !== undefined) requireSupportedVersion(version, natsServer);
    if (code === STORE_LOCKED) throw locked('another nats-server has it open');
    throw this.#startFailure(late ? `not ready after ${startTimeoutMs} ms` : `ended with ${signal ?? code}`);
  }

  async #ready(broker: BrokerProcess, port: number, timeoutMs: number): Promise<string | undefined> {
    const goOn = (): boolean => broker.alive() && !this.#stopping.signal.aborted;
    return waitUntilReady(port, this.#files.serverName, goOn, timeoutMs);
  }

  #take(broker: BrokerProcess, version: string): void {
    this.#process = broker;
    this.#version = version;
    writeRecord(this.#files, {
      port: this.port,
      version,
      server: { pid: broker.pid, startTime: broker.startTime },
      manager: { pid: process.pid, startTime: identify(process.pid)?.startTime ?? '' },
    });
  }

  async #supervise(): Promise<void> {
    let backoffMs = RESTART_MIN_MS;
    for (;;) {
      const since = performance.now();
      const watch = this.#watchStore();
      const exit: ExitStatus = (await this.#process?.exited) ?? { code: null, signal: null };
      clearInterval(watch);
      if (this.#stopping.signal.aborted) return this.#finish(exit);
      if (performance.now() - since > HEALTHY_AFTER_MS) backoffMs = RESTART_MIN_MS;
      this.#options.log.warn({ ...exit, pid: this.pid }, 'the broker ended; starting it again');
      do {
        await delay(backoffMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
        backoffMs = Math.min(RESTART_MAX_MS, backoffMs * 2);
        if (this.#stopping.signal.aborted) return this.#finish(exit);
      } while (!(await this.#restart()));
    }
  }

  /** Ends a server that cannot store any more; it is started again as one that died is. */
  #watchStore(): NodeJS.Timeout {
    const failures = new StoreFailures(this.#files.log);
    const watch = setInterval(() => {
      const said = failures.look();
      if (said === undefined || this.#process === undefined || this.#stopping.signal.aborted) return;
      clearInterval(watch);
      this.#options.log.error(
        { pid: this.pid, said },
        'the broker could not write to its disk; it is restarted',
      );
      void stopBroker(this.#process);
    }, LOOK_MS);
    return watch.unref();
  }

  async #restart(): Promise<boolean> {
    try {
      await this.#launch();
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#options.log.error({ err: error }, 'the broker did not start');
      return false;
    }
    this.#restarts += 1;
    const restart = { pid: this.pid, restarts: this.#restarts };
    this.#options.log.info(restart, 'the broker runs again');
    for (const listener of this.#listeners) this.#tell(listener, restart);
    return true;
  }

  /** A listener that throws must not end the supervision of the broker. */
  #tell(listener: (restart: BrokerRestart) => void, restart: BrokerRestart): void {
    try {
      listener(restart);
    } catch (error) {
      this.#options.log.error({ err: error }, 'a listener for broker restarts failed');
    }
  }

  async #finish(exit: ExitStatus): Promise<void> {
    process.removeListener('exit', this.#onProcessExit);
    try {
      writeRecord(this.#files, { port: this.port, version: this.#version });
    } catch (error) {
      // The record only saves the next start from looking; a full disk must not keep us from ending.
      this.#options.log.warn({ err: error }, 'the record of the broker could not be written');
    }
    await this.#release();
    this.#resolveExited(exit);
  }

  #startFailure(why: string): BanyanError {
    const said = [this.#files.startLog, this.#files.log].map(lastLine).filter((line) => line !== '');
    const message = ['the embedded broker did not start', why, ...said].join(': ');
    return new BanyanError('broker.start', { message });
  }
}

function lastLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  } catch {
    return '';
  }
}
