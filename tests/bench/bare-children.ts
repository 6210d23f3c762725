/** A supervisor over children that are nothing but themselves: what is measured is the supervisor. */
import { systemClock } from '../../runtime/clock.ts';
import type { ChildSpec, ExitReason } from '../../supervisors/child-spec.ts';
import { startSupervisor, type Supervisor } from '../../supervisors/supervisor.ts';
import { nowUs } from './measurement.ts';

export type BareStrategy = 'one_for_one' | 'simple_one_for_one';

/** Added at a time: whoever adds many waits for none of them alone. */
const AT_ONCE = 1_000;
/** No back-off, because OTP has none; and never too many restarts. */
const AT_ONCE_AGAIN = { baseMs: 0, maxMs: 0, factor: 1, jitter: 0, healthyMs: 0 };
const UNLIMITED = { max: 100_000_000, windowMs: 1_000 };

export class BareChildren {
  readonly supervisor: Supervisor;
  #end: ((reason: ExitReason) => void) | undefined;
  #answered: () => void = () => undefined;

  private constructor(supervisor: Supervisor) {
    this.supervisor = supervisor;
  }

  static async start(strategy: BareStrategy): Promise<BareChildren> {
    const options = { id: 'bare', strategy, intensity: UNLIMITED, backoff: AT_ONCE_AGAIN, children: [] };
    return new BareChildren(await startSupervisor({ ...options, clock: systemClock, random: () => 0 }));
  }

  /** The one in the middle is the one that crashes. */
  async add(count: number): Promise<void> {
    for (let from = 0; from < count; from += AT_ONCE) {
      const numbers = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => from + n);
      await Promise.all(
        numbers.map((number) => this.supervisor.startChild(this.#spec(number, number === count >> 1))),
      );
    }
  }

  /** From the end of the child until its next incarnation answers, in microseconds. */
  async crash(): Promise<number> {
    const answered = new Promise<void>((resolve) => (this.#answered = resolve));
    const startUs = nowUs();
    this.#end?.({ kind: 'killed' });
    await answered;
    return nowUs() - startUs;
  }

  #spec(number: number, isTarget: boolean): ChildSpec {
    return {
      id: `child-${number}`,
      type: 'worker',
      restart: 'permanent',
      start: async () => {
        const { promise, resolve } = Promise.withResolvers<ExitReason>();
        if (isTarget) {
          this.#end = resolve;
          this.#answered();
        }
        return {
          exited: promise,
          stop: async () => resolve({ kind: 'shutdown' }),
          kill: () => resolve({ kind: 'killed' }),
        };
      },
    };
  }
}
