/**
 * The system under test: `banyan up` as a process of its own, as a user starts it. It can be killed and started
 * again on the same data directory; the client stays connected across that.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { formatAddress, parseAddress } from '../../protocol/address.ts';
import { decode } from '../../protocol/codec.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import type { DeadLetter } from '../../protocol/wire.ts';
import { openBrokerFiles, readRecord } from '../broker/broker-files.ts';
import { findOrphans } from '../broker/broker-process.ts';
import { isSameProcess } from '../broker/process-identity.ts';
import { persistently } from '../cli/up/collection.ts';
import { type BanyanClient, connectBanyan } from '../client/connect.ts';
import { readRunFile, type RunFile } from '../run-file.ts';
import type { SettingsByPath } from './behaviour.ts';

const BANYAN = fileURLToPath(new URL('../cli/bin.mjs', import.meta.url));
/** A node with a channel to us ends when we do, however that happens: see the launcher. */
const LIFELINE = 'BANYAN_LIFELINE';
const LOOK_MS = 40;
const REQUEST_MS = 5_000;
/** The end of a node's log, as the reason of a failure. */
const LINES_SHOWN = 3;
/** A moment without work may lie between two turns; so many in a row do not. */
const IDLE_LOOKS = 2;
/** What every behaviour starts with: fewer partitions than the default take over faster. */
export const BASE_SETTINGS: SettingsByPath = { partitions: 16 };

export class RunningSystem {
  readonly out: string;
  readonly #folder: string;
  readonly #settings: SettingsByPath;
  readonly #signal: AbortSignal;
  #node: ChildProcess | undefined;
  #client: BanyanClient | undefined;
  #run: RunFile | undefined;
  #starts = 0;

  readonly #onDeath: (reason: Error) => void;
  /** Processes that were ended on purpose. */
  readonly #ended = new WeakSet<ChildProcess>();

  /** `onDeath` hears of a node that ended although nobody ended it. */
  constructor(
    folder: string,
    settings: SettingsByPath,
    signal: AbortSignal,
    onDeath: (reason: Error) => void,
  ) {
    this.#onDeath = onDeath;
    this.#folder = folder;
    this.#settings = { ...BASE_SETTINGS, ...settings };
    this.#signal = signal;
    this.out = join(folder, 'out');
    // An empty source: the pipeline waits for what is sent to it.
    for (const part of [this.out, this.#data, this.#source]) mkdirSync(part, { recursive: true });
  }

  get client(): BanyanClient {
    if (this.#client === undefined) throw new Error('The system was not started.');
    return this.#client;
  }

  /** Starts broker and node on what the last ones left; resolves when the node is ready. */
  async start(): Promise<void> {
    this.#signal.throwIfAborted();
    const log = openSync(join(this.#folder, `node-${++this.#starts}.log`), 'w');
    const settings = Object.entries(this.#settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
    const places = ['--data', this.#data, '--out', this.out, '--source', this.#source];
    const node = spawn(process.execPath, [BANYAN, 'up', ...places, ...settings], {
      cwd: this.#folder,
      env: { ...environment(), [LIFELINE]: '1' },
      // In a group of its own: a Ctrl-C in a terminal reaches the validation, which ends the node.
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#node = node;
    node.once('exit', (code, ending) => {
      if (!this.#ended.has(node)) this.#onDeath(this.#death(code ?? ending));
    });
    const run = await this.#ready(node);
    this.#run = run;
    this.#client ??= await connectBanyan({ servers: run.nats, name: 'banyan-validate', waits: true });
  }

  /** Ends the node with SIGKILL; the broker stays, and the next start finds it. */
  async killNode(): Promise<void> {
    const node = this.#node;
    if (node === undefined) return;
    const gone = exit(node);
    this.#ended.add(node);
    kill(node.pid);
    await gone;
    this.#node = undefined;
  }

  /** Ends broker and node with SIGKILL in one moment, as a power cut ends processes. */
  async blackout(): Promise<void> {
    this.destroy();
    if (this.#node !== undefined) await exit(this.#node);
    this.#node = undefined;
  }

  /** The answer of a query; what fails in passing is asked again. */
  async ask<T>(address: string, query: string, input: object = {}): Promise<T> {
    const { kind, key } = parseAddress(address);
    const to = formatAddress(kind, key);
    const options = { timeoutMs: REQUEST_MS };
    const asked = await persistently(() => this.client.ask<T>(to, query, input, options), this.#signal);
    return asked.value;
  }

  /** Sends what only actors send, such as `feed.now`, as the owner of the data directory may. */
  async tellInternal(address: string, message: { readonly type: string }): Promise<void> {
    const { nats = '', token = '' } = this.#run ?? {};
    const owner = await connectBanyan({ servers: nats, token });
    try {
      await persistently(() => owner.sys('internal', { address, message }), this.#signal);
    } finally {
      await owner.close();
    }
  }

  /** Dead letters that nobody has settled, each with what was refused, to whom, and why. */
  async deadLetters(): Promise<string[]> {
    const subjects = subjectsOf(this.client.namespace);
    const jsm = await jetstreamManager(this.client.connection);
    const { state } = await jsm.streams.info(subjects.streams.dead);
    const letters: string[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
      const stored = await jsm.streams.getMessage(subjects.streams.dead, { seq });
      if (stored === null || stored.subject === subjects.deadSettled) continue;
      const { to, error, message } = decode(stored.data) as DeadLetter;
      letters.push(`${JSON.stringify(message?.['type'] ?? null)} to ${to ?? 'nobody'} (${error.code})`);
    }
    return letters;
  }

  /** Resolves when nothing moves until somebody sends something or time passes. */
  async idle(): Promise<void> {
    for (let looks = 0; looks < IDLE_LOOKS;) {
      const work = await persistently(() => this.client.sys<{ idle: boolean }>('work'), this.#signal);
      looks = work.idle ? looks + 1 : 0;
      await delay(LOOK_MS, undefined, { signal: this.#signal });
    }
  }

  /** Looks again and again until there is something to see. */
  async until<T>(look: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const seen = await look();
      if (seen !== undefined) return seen;
      await delay(LOOK_MS, undefined, { signal: this.#signal });
    }
  }

  /** Lets time pass, for what the system does by its own timers. */
  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#signal });
  }

  /** Kills whatever runs, in this very moment: also for a process that is about to exit. */
  destroy(): void {
    if (this.#node !== undefined) this.#ended.add(this.#node);
    kill(this.#node?.pid);
    const files = openBrokerFiles(this.#data);
    const recorded = readRecord(files)?.server;
    if (recorded !== undefined && isSameProcess(recorded)) kill(recorded.pid);
    for (const { pid } of findOrphans(files, undefined)) kill(pid);
  }

  /** Kills whatever runs, and resolves when it is gone. */
  async end(): Promise<void> {
    await this.#client?.close();
    await this.blackout();
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  get #source(): string {
    return join(this.#folder, 'source');
  }

  async #ready(node: ChildProcess): Promise<RunFile> {
    for (;;) {
      const run = readRunFile(this.#data);
      if (run?.pid === node.pid && run !== undefined) return run;
      await delay(LOOK_MS, undefined, { signal: this.#signal });
    }
  }

  #death(how: number | string | null): Error {
    const said = readFileSync(join(this.#folder, `node-${this.#starts}.log`), 'utf8').trimEnd();
    const lines = said.split('\n').slice(-LINES_SHOWN);
    return new Error(`the node ended by itself with ${how}: ${lines.join(' ')}`);
  }
}

/** Nothing of the caller's settings reaches the system under test but where nats-server is. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(BANYAN|NATS|VITEST)_/.test(name) || name === 'BANYAN_NATS_SERVER',
  );
  return { ...Object.fromEntries(kept), NO_COLOR: '1' };
}

function exit(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => node.once('exit', () => resolve()));
}

/** Sends SIGKILL; a process that has just ended is no matter. */
function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
