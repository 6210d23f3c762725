/** Erlang in a process of its own, with modules that are compiled when it starts: no file of it can be stale. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const INSTALL =
  'Erlang is needed: install Debian’s `erlang-base` (`apt-get install --no-install-recommends erlang-base`), or any ' +
  'OTP of 25 or later, so that `erl` is on PATH';

export interface ErlangOptions {
  /** The last one has the function `main/0` that is called. */
  readonly modules: readonly URL[];
  /** How many of its processes run at a time; as many as there are processors unless told. */
  readonly schedulers?: number;
}

/** Ends with this process, even when that is killed: its input then ends. */
export class ErlangProcess {
  /** What it prints, line by line. */
  readonly lines: AsyncIterator<string>;
  /** What it has said on its error output. */
  complaints = '';
  readonly #process: ChildProcessWithoutNullStreams;

  private constructor(process: ChildProcessWithoutNullStreams) {
    this.#process = process;
    this.lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
    process.stderr.on('data', (data: Buffer) => (this.complaints += data.toString()));
    // Writing to a process that has ended is reported by its silence.
    process.stdin.on('error', () => undefined);
  }

  /** Throws an Error that says what to install when there is no Erlang. */
  static async start({ modules, schedulers }: ErlangOptions): Promise<ErlangProcess> {
    const limit = schedulers === undefined ? [] : ['+S', `${schedulers}:${schedulers}`];
    const options = [
      '-noshell',
      ...limit,
      '-eval',
      START,
      '-extra',
      ...modules.map((url) => fileURLToPath(url)),
    ];
    const env = { HOME: '/', ...process.env, ERL_CRASH_DUMP_SECONDS: '0' };
    const child = spawn('erl', options, { env });
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new Error(`${INSTALL} (${(error as Error).message})`, { cause: error });
    }
    return new ErlangProcess(child);
  }

  write(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.stdin.end();
    await exited;
  }
}

const START = `
  Modules = [case compile:file(File, [binary, report]) of
     {ok, Module, Binary} -> {module, _} = code:load_binary(Module, File, Binary), Module;
     _ -> halt(1)
   end || File <- init:get_plain_arguments()],
  (lists:last(Modules)):main().`;
