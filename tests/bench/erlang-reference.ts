/** OTP's own supervisor, measured in the same run. */
import { ErlangProcess } from '../harness/erlang.ts';

const MODULE = new URL('./supervision_reference.erl', import.meta.url);

export class ErlangReference {
  readonly #erlang: ErlangProcess;

  private constructor(erlang: ErlangProcess) {
    this.#erlang = erlang;
  }

  /** Throws when there is no Erlang. */
  static async start(): Promise<ErlangReference> {
    return new ErlangReference(await ErlangProcess.start({ modules: [MODULE] }));
  }

  /** The series that a command answers with, by name; one command at a time. */
  async run(command: string): Promise<Readonly<Record<string, readonly number[]>>> {
    this.command(command);
    const series: Record<string, readonly number[]> = {};
    for (let line = await this.next(); line !== '.'; line = await this.next()) {
      const [name = '', ...numbers] = line.split(' ');
      series[name] = numbers.map(Number);
    }
    return series;
  }

  /** For one that answers with lines of other kinds. */
  command(command: string): void {
    this.#erlang.write(command);
  }

  /** Resolves when the command is done. */
  async done(): Promise<void> {
    while ((await this.next()) !== '.');
  }

  /** The next line that it prints. */
  async next(): Promise<string> {
    const { value, done } = await this.#erlang.lines.next();
    if (done !== true) return value;
    throw new Error(`Erlang has ended: ${this.#erlang.complaints}`);
  }

  stop(): Promise<void> {
    return this.#erlang.stop();
  }
}
