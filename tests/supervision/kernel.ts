/**
 * The world of the model: messages under way, in the order of sending, and virtual time. A timer fires when nothing is
 * under way any more.
 */
export class Kernel {
  now = 0;
  /** More than one thing was under way at a time: their order is chance, and nothing to compare. */
  apart = false;
  /** What comes of it depends on that order as well: either is right. */
  undecided = false;
  readonly #underWay: (() => void)[] = [];
  readonly #late: (() => void)[] = [];
  #timers: { readonly at: number; readonly fire: () => void }[] = [];

  /** Delivers a message after those that are under way. */
  post(deliver: () => void): void {
    this.#underWay.push(deliver);
    this.#noticeOthers();
  }

  /** Delivers a message that takes longer than those that are under way, and what they set off. */
  postLate(deliver: () => void): void {
    this.#late.push(deliver);
    this.#noticeOthers();
  }

  /** Sets a timer; returns how to cancel it. */
  after(delayMs: number, fire: () => void): () => void {
    const timer = { at: this.now + delayMs, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets everything happen that happens without time passing. */
  settle(): void {
    this.advance(0);
  }

  advance(durationMs: number): void {
    const end = this.now + durationMs;
    for (;;) {
      this.#deliver();
      const due = this.#nextDue(end);
      if (due === undefined) break;
      this.now = due.at;
      this.#timers = this.#timers.filter((other) => other !== due);
      if (this.#timers.some(({ at }) => at === due.at)) this.apart = true;
      due.fire();
    }
    this.now = end;
  }

  #nextDue(end: number): { readonly at: number; readonly fire: () => void } | undefined {
    let next: { readonly at: number; readonly fire: () => void } | undefined;
    for (const timer of this.#timers)
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    return next;
  }

  #deliver(): void {
    const take = (): (() => void) | undefined => this.#underWay.shift() ?? this.#late.shift();
    for (let next = take(); next !== undefined; next = take()) next();
  }

  #noticeOthers(): void {
    if (this.#underWay.length + this.#late.length > 1) this.apart = true;
  }
}
