/** What every command stands on: its options, its settings, its output, and the way to a running system. */
import type { Command } from 'commander';
import type { LoadedSettings } from '../../config/load-settings.ts';
import type { Settings } from '../../config/settings.ts';
import { BanyanError } from '../../protocol/errors.ts';
import { type BanyanClient, connectBanyan } from '../client/connect.ts';
import { readRunFile, type RunFile } from '../run-file.ts';
import { confirm } from './confirm.ts';
import { parseDuration } from './duration.ts';
import { plannedDocument } from './documents.ts';
import { addCommonOptions, settingsOf } from './options.ts';
import { type Io, Output } from './output.ts';

/** What a command does; its result is the exit code, 0 unless told. */
export type Action = (run: Run) => Promise<number | void>;

export class Cli {
  readonly io: Io;
  exitCode = 0;

  constructor(io: Io) {
    this.io = io;
  }

  /** A group of commands: `banyan actor …`. */
  noun(parent: Command, name: string, description: string): Command {
    return parent.command(name).description(description).helpCommand(false);
  }

  /** A command that does something. `usage` is commander's, such as `show <address>`. */
  verb(parent: Command, usage: string, description: string, action: Action): Command {
    const command = addCommonOptions(parent.command(usage).description(description));
    return command.action(async (...given: unknown[]) => {
      const self = given.at(-1) as Command;
      const words = given
        .slice(0, -2)
        .flat()
        .filter((word) => typeof word === 'string');
      this.exitCode = (await action(new Run(this.io, self.opts(), words))) ?? 0;
    });
  }
}

/** One invocation of a command. */
export class Run {
  readonly io: Io;
  readonly options: Readonly<Record<string, unknown>>;
  /** The arguments in order, variable ones flattened; optional ones that were left out are missing. */
  readonly words: readonly string[];
  readonly output: Output;
  #loaded: LoadedSettings | undefined;

  constructor(io: Io, options: Readonly<Record<string, unknown>>, words: readonly string[]) {
    this.io = io;
    this.options = options;
    this.words = words;
    this.output = new Output(io, { json: options['json'] === true, quiet: options['quiet'] === true });
  }

  get loaded(): LoadedSettings {
    return (this.#loaded ??= settingsOf(this.options, this.io.env));
  }

  get settings(): Settings {
    return this.loaded.settings;
  }

  /** `--timeout`, in milliseconds. */
  get timeoutMs(): number | undefined {
    const text = this.options['timeout'];
    return typeof text === 'string' ? parseDuration(text) : undefined;
  }

  /** For the options of a request. */
  get timeout(): { timeoutMs?: number } {
    const { timeoutMs } = this;
    return timeoutMs === undefined ? {} : { timeoutMs };
  }

  text(option: string): string | undefined {
    const value = this.options[option];
    return typeof value === 'string' ? value : undefined;
  }

  flag(option: string): boolean {
    return this.options[option] === true;
  }

  /** A whole number of an option; throws `usage`. */
  number(option: string, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new BanyanError('usage', {
      message: `--${option} is ${JSON.stringify(text)}, expected a whole number from ${min}${max < Number.MAX_SAFE_INTEGER ? ` to ${max}` : ''}.`,
    });
  }

  /** What the node in the data directory says of itself, if one runs there. */
  runFile(): RunFile | undefined {
    return readRunFile(this.settings.data);
  }

  /**
   * Runs `body` with a connection to the system that `--nats` or `--data` names. Throws `node.unreachable`
   * when there is none, and `broker.unreachable`.
   */
  async withClient<T>(body: (client: BanyanClient) => Promise<T>): Promise<T> {
    const client = await this.connect();
    try {
      return await body(client);
    } finally {
      await client.close();
    }
  }

  connect(): Promise<BanyanClient> {
    const { settings, loaded } = this;
    const running = this.runFile();
    const servers = settings.nats.url ?? running?.nats;
    if (servers === undefined) {
      throw new BanyanError('node.unreachable', {
        message: `No node runs in ${settings.data}.`,
        hint: 'Start one with "banyan up", or name its directory with --data or its broker with --nats.',
      });
    }
    const namespace = loaded.sources.has('namespace')
      ? settings.namespace
      : (running?.namespace ?? settings.namespace);
    return connectBanyan({
      servers,
      namespace,
      name: 'banyan-cli',
      ...(settings.nats.creds === undefined ? {} : { creds: settings.nats.creds }),
      ...(running === undefined ? {} : { token: running.token }),
    });
  }

  /**
   * Whether to go on with something that cannot be undone: `--yes`, or a person who agrees. `--dry-run` says
   * what would be done and does not. Throws `usage` when there is nobody to ask.
   */
  async mayProceed(what: string): Promise<boolean> {
    if (this.flag('dryRun')) {
      if (this.output.json) this.output.data(plannedDocument, { dryRun: true, would: what }, () => '');
      else this.output.message(`Would ${what}.`);
      return false;
    }
    if (this.flag('yes')) return true;
    return confirm(this.io, what);
  }
}
