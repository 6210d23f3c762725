/**
 * A process as the world sees it: it may die, at any call to a port, or freeze and thaw. What is dead hears
 * nothing any more; what is frozen hears it later, in order. Requests that are on their way arrive anyway.
 */
import type { Scheduler } from './scheduler.ts';

/** Dies at a call of its own: before the call is made, or right after. */
interface Doom {
  calls: number;
  readonly when: 'before' | 'after';
}

export class Process {
  readonly name: string;
  readonly #scheduler: Scheduler;
  readonly #onDeath: () => void;
  readonly #held: (() => void)[] = [];
  #alive = true;
  #frozen = false;
  #thawing = false;
  #doom: Doom | undefined;

  constructor(name: string, scheduler: Scheduler, onDeath: () => void) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#onDeath = onDeath;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Something from outside reaches the process: a timer, an answer, an entry. */
  deliver(callback: () => void): void {
    if (!this.#alive) return;
    if (this.#frozen || this.#thawing) this.#held.push(callback);
    else callback();
  }

  /** The process calls a port. Returns what to do after the call; undefined when it did not live to make it. */
  call(): (() => void) | undefined {
    if (!this.#alive) return undefined;
    if (this.#doom === undefined || --this.#doom.calls > 0) return () => {};
    if (this.#doom.when === 'after') return () => this.die();
    this.die();
    return undefined;
  }

  /** It will die at its `calls`-th call from now. */
  doom(calls: number, when: Doom['when']): void {
    this.#doom = { calls, when };
  }

  /** What was to kill it does not. */
  spare(): void {
    this.#doom = undefined;
  }

  die(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#held.length = 0;
    this.#onDeath();
  }

  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    if (this.#thawing) return;
    this.#thawing = true;
    this.#drain();
  }

  /** One at a time: each is an event of its own. */
  #drain(): void {
    if (!this.#alive) return;
    const next = this.#held.shift();
    if (next === undefined || this.#frozen) {
      if (next !== undefined) this.#held.unshift(next);
      this.#thawing = false;
      return;
    }
    next();
    this.#scheduler.after(0, () => this.#drain());
  }
}
