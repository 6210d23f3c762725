/** Erlang as the oracle: one process that runs schedules against OTP's own supervisor, one after the other. */
import { ErlangProcess } from '../harness/erlang.ts';
import { toErlang } from './erlang-term.ts';
import type { RecordedStep, Recording } from './record.ts';
import type { Schedule } from './schedule.ts';

const MODULES = ['scripted_tree', 'comparable', 'observed', 'supervisor_driver'].map(
  (name) => new URL(`./${name}.erl`, import.meta.url),
);

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
  readonly #process: ErlangProcess;

  private constructor(process: ErlangProcess) {
    this.#process = process;
  }

  /** Throws an Error that says what to install when there is no Erlang. */
  static async start(): Promise<Erlang> {
    // One scheduler: the driver lets everybody run until nobody can, which more would make a guess.
    return new Erlang(await ErlangProcess.start({ modules: MODULES, schedulers: 1 }));
  }

  /** Runs one schedule; one at a time. */
  async run(schedule: Schedule): Promise<OracleRecording> {
    this.#process.write(toErlang(schedule));
    const steps: { step: string; events: string[]; snapshot?: string }[] = [];
    const answers: string[] = [];
    let apart = false;
    for (;;) {
      const { value: line = '', done } = await this.#process.lines.next();
      const said = line.slice(2);
      const step: (RecordedStep & { events: string[]; snapshot?: string }) | undefined = steps.at(-1);
      if (done === true || line.startsWith('X')) {
        throw new Error(`Erlang ended at seed ${schedule.seed}: ${said}\n${this.#process.complaints}`);
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

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
