/** Erlang as the oracle: one process that runs schedules against OTP's own supervisor, one after the other. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { toErlang } from './erlang-term.ts';
import type { RecordedStep, Recording } from './record.ts';
import type { Schedule } from './schedule.ts';

const MODULES = ['scripted_tree', 'comparable', 'observed', 'supervisor_driver'].map((name) =>
  fileURLToPath(new URL(`./${name}.erl`, import.meta.url)),
);
// Compiled where it runs, so that no file of it can be stale.
const START = `
  [case compile:file(File, [binary, report]) of
     {ok, Module, Binary} -> {module, _} = code:load_binary(Module, File, Binary);
     _ -> halt(1)
   end || File <- init:get_plain_arguments()],
  supervisor_driver:main().`;

const INSTALL =
  'the comparison with OTP needs Erlang: install Debian’s `erlang-base` (`apt-get install ' +
  '--no-install-recommends erlang-base`), or any OTP of 25 or later, so that `erl` is on PATH';

/** A recording of the real supervisor, and how the other side may be compared with it. */
export interface OracleRecording extends Recording {
  /**
   * Something happened to other children while one was slow, under a strategy whose children are independent: the
   * order is then one per child.
   */
  readonly apart: boolean;
}

/** The running oracle; ends with this process, even when that is killed: its input then ends. */
export class Erlang {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #complaints = '';

  private constructor(process: ChildProcessWithoutNullStreams) {
    this.#process = process;
    this.#lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
    process.stderr.on('data', (data: Buffer) => (this.#complaints += data.toString()));
    // Writing to a process that has ended is reported by its silence.
    process.stdin.on('error', () => undefined);
  }

  /** Throws an Error that says what to install when there is no Erlang. */
  static async start(): Promise<Erlang> {
    // One scheduler: the driver lets everybody run until nobody can, which more would make a guess.
    const options = ['-noshell', '+S', '1:1', '-eval', START, '-extra', ...MODULES];
    const env = { HOME: '/', ...process.env, ERL_CRASH_DUMP_SECONDS: '0' };
    const child = spawn('erl', options, { env });
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new Error(`${INSTALL} (${(error as Error).message})`, { cause: error });
    }
    return new Erlang(child);
  }

  /** Runs one schedule; one at a time. */
  async run(schedule: Schedule): Promise<OracleRecording> {
    this.#process.stdin.write(`${toErlang(schedule)}\n`);
    const steps: { step: string; events: string[]; snapshot?: string }[] = [];
    const answers: string[] = [];
    let apart = false;
    for (;;) {
      const { value: line = '', done } = await this.#lines.next();
      const said = line.slice(2);
      const step: (RecordedStep & { events: string[]; snapshot?: string }) | undefined = steps.at(-1);
      if (done === true || line.startsWith('X')) {
        throw new Error(`Erlang ended at seed ${schedule.seed}: ${said}\n${this.#complaints}`);
      }
      if (line === '.') return { steps, answers, apart };
      if (line.startsWith('S')) steps.push({ step: said, events: [] });
      else if (line.startsWith('E')) step?.events.push(said);
      else if (line.startsWith('T') && step !== undefined) step.snapshot = said;
      else if (line.startsWith('A')) answers.push(said.split(' ')[1] ?? '');
      else if (line.startsWith('P')) apart = true;
      else throw new Error(`Erlang said something else: ${line}`);
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.stdin.end();
    await exited;
  }
}
