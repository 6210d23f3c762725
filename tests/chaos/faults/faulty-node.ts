/** One data directory and the node that runs on it, started again whenever it ends, as a service manager would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRunFile } from '../../../nodes/run-file.ts';
import { command, environment } from '../up-once.ts';
import { comes, lasting } from './passing-time.ts';

export interface NodeSetup {
  readonly name: string;
  readonly data: string;
  /** What it logs, over all its starts. */
  readonly log: string;
  readonly natsUrl: string;
  readonly partitions: number;
  readonly shards: number;
  /** Preloaded so that its clock can be stepped. */
  readonly clock?: Readonly<Record<string, string>> | undefined;
}

/** What a start is given to do on the way. */
export interface Interlude {
  /** While nothing runs. */
  readonly between?: () => Promise<void> | void;
  /** Right after the new process has begun. */
  readonly begun?: (pid: number) => Promise<void>;
}

const APP = fileURLToPath(new URL('./app.ts', import.meta.url));
const RESTART_MS = 200;
/** Enough for the largest states of the workloads; little enough to be exhausted within a second or two. */
const SHARD_MEMORY_MB = 128;
const TURN_DEADLINE_MS = 2_000;

export class FaultyNode {
  readonly setup: NodeSetup;
  /** Processes that ended although nobody killed them. */
  collapses = 0;
  #child: ChildProcess | undefined;
  #isWanted = false;
  #interlude: Interlude = {};
  #kept: Promise<void> = Promise.resolve();

  constructor(setup: NodeSetup) {
    this.setup = setup;
    mkdirSync(setup.data, { recursive: true });
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Whether the process of now serves. */
  get serves(): boolean {
    const run = readRunFile(this.setup.data);
    return run !== undefined && run.pid === this.pid && this.#runs;
  }

  /** Where it tells of its health, while it serves. */
  get http(): string | undefined {
    return readRunFile(this.setup.data)?.http ?? undefined;
  }

  start(): void {
    this.#isWanted = true;
    this.#kept = this.#keep();
  }

  signal(name: NodeJS.Signals): void {
    if (this.#runs) this.#child?.kill(name);
  }

  /**
   * Kills the process; another one starts. Resolves when the interlude is over and the node serves; with false when
   * that takes too long.
   */
  async restart({ between, begun }: Interlude, patienceMs: number): Promise<boolean> {
    let isOver = false;
    this.#interlude = {
      ...(between === undefined ? {} : { between }),
      begun: async (pid) => {
        await begun?.(pid);
        isOver = true;
      },
    };
    this.signal('SIGKILL');
    return comes(patienceMs, () => isOver && this.serves);
  }

  /** Kills the process for good. */
  async retire(): Promise<void> {
    this.#isWanted = false;
    this.signal('SIGKILL');
    await this.#kept;
  }

  /** Everything that was logged. */
  logged(): string {
    return existsSync(this.setup.log) ? readFileSync(this.setup.log, 'utf8') : '';
  }

  get #runs(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  async #keep(): Promise<void> {
    while (this.#isWanted) {
      const { between, begun } = this.#interlude;
      this.#interlude = {};
      await between?.();
      if (!this.#isWanted) return;
      const ended = this.#spawn();
      await Promise.all([ended, begun?.(this.pid)]);
      if (this.#child?.signalCode !== 'SIGKILL') this.collapses++;
      if (this.#isWanted) await lasting(RESTART_MS);
    }
  }

  #spawn(): Promise<void> {
    const { name, data, log, natsUrl, partitions, shards, clock = {} } = this.setup;
    const output = openSync(log, 'a');
    const child = spawn(
      process.execPath,
      command('node', 'start', '--nats', natsUrl, '--name', name, '--data', data, '--app', APP),
      {
        cwd: join(log, '..'),
        detached: true,
        stdio: ['ignore', output, output],
        env: {
          ...environment(),
          ...clock,
          BANYAN_NAMESPACE: 'sim',
          BANYAN_PARTITIONS: String(partitions),
          BANYAN_SHARDS: String(shards),
          BANYAN_MAILBOX_MAX_BYTES: String(64 * 1024 * 1024),
          BANYAN_TURN_DEADLINE_MS: String(TURN_DEADLINE_MS),
          BANYAN_SHARD_MEMORY_MB: String(SHARD_MEMORY_MB),
          BANYAN_DETERMINISM_SAMPLE: '0',
        },
      },
    );
    closeSync(output);
    this.#child = child;
    return new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
  }
}
