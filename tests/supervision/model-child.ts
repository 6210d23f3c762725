/** A child as the model's supervisor sees it: what it knows about it, and its present process. */
import type { Ended, ModelWorld, Process, Report } from './model-process.ts';
import type { AutoShutdown, ScheduledBackoff, ScheduledChild, Strategy } from './schedule.ts';

export interface Retry {
  readonly delayMs: number;
  /** Whether the next attempt is a restart that counts. */
  readonly counts: boolean;
}

export class ModelChild {
  readonly spec: ScheduledChild;
  state: 'down' | 'starting' | 'up' | 'stopping' | 'waiting' = 'down';
  attempts = 0;
  retry: Retry | undefined;
  /** It was stopped, or not started, because of this one, and returns with it. */
  returnsWith: ModelChild | undefined;
  readonly #world: ModelWorld;
  readonly #backoff: ScheduledBackoff;
  #process: Process | undefined;
  #heardThatItIsUp = false;
  #isKilled = false;
  #cancelKill = (): void => undefined;
  #failures = 0;
  #upSince: number | undefined;

  constructor(world: ModelWorld, spec: ScheduledChild, backoff: ScheduledBackoff) {
    this.#world = world;
    this.spec = spec;
    this.#backoff = backoff;
  }

  get isAlive(): boolean {
    return this.state === 'starting' || this.state === 'up' || this.state === 'stopping';
  }

  /** Starts a process, whose reports go to `deliver` as long as it is the present one. */
  spawn(deliver: (report: Report) => void): void {
    this.stopWaiting();
    this.state = 'starting';
    this.attempts += 1;
    this.#heardThatItIsUp = this.#isKilled = false;
    const process = this.#world.create(this.spec, (report) => {
      if (this.#process === process) deliver(report);
      // It was given up while it started.
      else if (report.type === 'up') process.kill();
    });
    this.#process = process;
    process.begin();
  }

  cameUp(): void {
    this.#heardThatItIsUp = true;
    this.#upSince = this.#world.kernel.now;
    if (this.state === 'stopping') this.#process?.ask();
    else this.state = 'up';
  }

  /** Asks it to end and sees to it that it does; `givenUp` is called when nobody can tell, for it never came up. */
  askToStop(shutdownMs: number, givenUp: () => void): void {
    const process = this.#process;
    const kill = (): void => {
      if (this.#process !== process) return;
      if (this.#heardThatItIsUp) {
        if (!this.#isKilled) process?.kill();
        this.#isKilled = true;
        return;
      }
      this.wentDown();
      givenUp();
    };
    this.#cancelKill();
    const isAsked = this.state === 'stopping';
    this.state = 'stopping';
    // Its time runs from before it hears of that, and is over before that of whoever is below it.
    if (shutdownMs > 0 && Number.isFinite(shutdownMs))
      this.#cancelKill = this.#world.kernel.after(shutdownMs, kill);
    if (!isAsked && !this.#heardThatItIsUp) process?.abandon();
    else if (!isAsked && shutdownMs > 0) process?.ask();
    if (shutdownMs <= 0) kill();
  }

  wentDown(): void {
    this.#cancelKill();
    const { healthyMs } = this.#backoff;
    // A healthy spell, however it ends, makes up for the failures before it.
    const upMs = this.#upSince === undefined ? -1 : this.#world.kernel.now - this.#upSince;
    if (upMs >= healthyMs) this.#failures = 0;
    this.#upSince = undefined;
    this.#process = undefined;
    this.state = 'down';
  }

  /** How long it waits after one more failure. */
  failed(): number {
    const { baseMs, factor, maxMs } = this.#backoff;
    this.#failures += 1;
    return Math.min(maxMs, baseMs * factor ** (this.#failures - 1));
  }

  cancelRetry(): void {
    if (this.state === 'waiting') this.state = 'down';
    this.retry = undefined;
  }

  /** It waits for nothing any more. */
  stopWaiting(): void {
    this.cancelRetry();
    this.returnsWith = undefined;
  }
}

/** Whether a child could never do what its being significant says. */
export function isRefused({ significant, restart }: ScheduledChild, autoShutdown: AutoShutdown): boolean {
  return significant && (autoShutdown === 'never' || restart === 'permanent');
}

/** Whether a child returns after such an end. */
export function returnsAfter(restart: ScheduledChild['restart'], kind: Ended['kind']): boolean {
  return restart === 'permanent' || (restart === 'transient' && (kind === 'error' || kind === 'killed'));
}

/** Who stops and starts again when a child fails, it included. */
export function affectedBy(
  strategy: Strategy,
  children: readonly ModelChild[],
  child: ModelChild,
): readonly ModelChild[] {
  if (strategy === 'one_for_all') return [...children];
  if (strategy === 'rest_for_one') return children.slice(children.indexOf(child));
  return [child];
}
