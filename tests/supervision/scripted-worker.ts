/** Workers under our supervisors that do as a schedule says; the model has its own. */
import type { ChildHandle, ExitReason } from '../../supervisors/child-spec.ts';
import { PASSING, type Cause, type ScheduledWorker, type StartOutcome } from './schedule.ts';

export interface Observer {
  nextIncarnation(id: string): string;
  note(what: string, incarnation: string): void;
}

/** Whether an error is declared a passing fault. */
export function isPassing(error: unknown): boolean {
  return error instanceof Error && error.message === PASSING;
}

/** The workers of one run. */
export class ScriptedWorkers {
  readonly #observer: Observer;
  readonly #starting = new Map<string, (outcome: StartOutcome) => void>();
  readonly #living = new Map<string, ScriptedWorker>();

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  start(worker: ScheduledWorker, signal: AbortSignal): Promise<ChildHandle | undefined> {
    const incarnation = this.#observer.nextIncarnation(worker.id);
    const attempt = Number(incarnation.split('#')[1]);
    const script = worker.starts[attempt - 1] ?? 'ok';
    const { promise, resolve, reject } = Promise.withResolvers<ChildHandle | undefined>();
    const comeUp = (outcome: StartOutcome): void => {
      this.#starting.delete(incarnation);
      if (outcome === 'ok') {
        this.#observer.note('started', incarnation);
        const living = new ScriptedWorker(this.#observer, incarnation, worker.stops[attempt - 1] ?? 'prompt');
        this.#living.set(incarnation, living);
        resolve(living);
      } else if (outcome === 'ignore') {
        this.#observer.note('ignored', incarnation);
        resolve(undefined);
      } else {
        this.#observer.note('start-failed', incarnation);
        reject(new Error(outcome === 'passing' ? PASSING : `${incarnation} cannot start`));
      }
    };
    this.#observer.note('start', incarnation);
    if (script === 'slow' || script === 'hang') this.#starting.set(incarnation, comeUp);
    else comeUp(script);
    if (script === 'slow')
      signal.addEventListener('abort', () => this.#starting.get(incarnation)?.('fail'), { once: true });
    return promise;
  }

  /** Lets a slow start go on. Says whether there was one. */
  releaseStart(incarnation: string, outcome: StartOutcome): boolean {
    const comeUp = this.#starting.get(incarnation);
    comeUp?.(outcome);
    return comeUp !== undefined;
  }

  /** Ends one that lives. Says whether there was one. */
  end(incarnation: string, cause: Cause): boolean {
    return this.#living.get(incarnation)?.end(cause) ?? false;
  }
}

class ScriptedWorker implements ChildHandle {
  readonly exited: Promise<ExitReason>;
  readonly #observer: Observer;
  readonly #incarnation: string;
  readonly #manner: ScheduledWorker['stops'][number];
  readonly #resolve: (reason: ExitReason) => void;
  #over = false;

  constructor(observer: Observer, incarnation: string, manner: ScheduledWorker['stops'][number]) {
    const { promise, resolve } = Promise.withResolvers<ExitReason>();
    this.#observer = observer;
    this.#incarnation = incarnation;
    this.#manner = manner;
    this.exited = promise;
    this.#resolve = resolve;
  }

  end(cause: Cause): boolean {
    if (this.#over) return false;
    this.#over = true;
    const kind = cause === 'passing' ? 'error' : cause;
    this.#observer.note(`exited ${kind}`, this.#incarnation);
    this.#resolve(kind === 'error' ? { kind, error: new Error(cause) } : { kind });
    return true;
  }

  async stop(): Promise<void> {
    if (this.#over) return;
    this.#observer.note('stop', this.#incarnation);
    if (this.#manner === 'prompt') this.end('shutdown');
    if (this.#manner === 'refuse') throw new Error(`${this.#incarnation} does not stop`);
  }

  kill(): void {
    if (this.#over) return;
    this.#observer.note('kill', this.#incarnation);
    this.end('killed');
  }
}
