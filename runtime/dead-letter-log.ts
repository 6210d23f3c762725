/** Says in the log which messages became dead letters: every one, unless they come in floods. */
import type { DeadLetter } from '../protocol/wire.ts';
import type { Clock } from './clock.ts';

type Report = (level: 'warn', message: string, details: object) => void;

const PER_SECOND = 20;

export class DeadLetterLog {
  readonly #clock: Clock;
  readonly #report: Report;
  #second = 0;
  #said = 0;
  #unsaid = 0;

  constructor(clock: Clock, report: Report) {
    this.#clock = clock;
    this.#report = report;
  }

  add({ id, to, error, sender, correlationId }: DeadLetter, traceparent: string | undefined): void {
    const second = Math.floor(this.#clock.now() / 1_000);
    if (second !== this.#second) {
      if (this.#unsaid > 0)
        this.#report('warn', 'More messages became dead letters.', { count: this.#unsaid });
      this.#second = second;
      this.#said = 0;
      this.#unsaid = 0;
    }
    if (this.#said >= PER_SECOND) {
      this.#unsaid++;
      return;
    }
    this.#said++;
    const details = { messageId: id, actor: to, error, sender, correlationId, traceparent };
    this.#report('warn', `A message became a dead letter: ${error.message}`, details);
  }
}
