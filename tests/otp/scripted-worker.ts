/** Workers that start and stop as a schedule says, and note what is done with them. */
import type { ExitReason } from '../../supervisors/child-spec.ts';
import type { ScheduledWorker, StartOutcome } from './schedule.ts';

export interface ScriptedHandle {
  stop(): Promise<void>;
  kill(): void;
  readonly exited: Promise<ExitReason>;
}

/** What happens to the workers of one schedule. */
export class ScriptedWorkers {
  readonly #note: (event: string) => void;
  readonly #attempts = new Map<string, number>();
  readonly #living = new Map<string, Incarnation>();
  readonly #slowStarts = new Map<string, (outcome: StartOutcome) => void>();

  constructor(note: (event: string) => void) {
    this.#note = note;
  }

  /** Notes one more attempt to start, and returns its number. */
  attempt(id: string): number {
    const attempt = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempt);
    this.#note(`start ${id} ${attempt}`);
    return attempt;
  }

  async start(worker: ScheduledWorker): Promise<ScriptedHandle | undefined> {
    const { id } = worker;
    const attempt = this.attempt(id);
    let outcome = worker.starts[attempt - 1] ?? 'ok';
    if (outcome === 'slow') {
      outcome = await new Promise<StartOutcome>((resolve) => this.#slowStarts.set(id, resolve));
    }
    if (outcome === 'fail') {
      this.#note(`start-failed ${id}`);
      throw new Error(`${id} cannot start`);
    }
    if (outcome === 'ignore') {
      this.#note(`ignored ${id}`);
      return undefined;
    }
    this.#note(`started ${id}`);
    const stop = worker.shutdown === 'stubborn' ? 'stubborn' : (worker.stops[attempt - 1] ?? 'prompt');
    const incarnation = new Incarnation(id, stop, this.#note);
    this.#living.set(id, incarnation);
    return incarnation;
  }

  /** Lets a slow start go on. Says whether there was one. */
  releaseStart(id: string, outcome: StartOutcome): boolean {
    const resolve = this.#slowStarts.get(id);
    this.#slowStarts.delete(id);
    resolve?.(outcome);
    return resolve !== undefined;
  }

  /** Lets a slow stop end. Says whether there was one. */
  releaseStop(id: string): boolean {
    const incarnation = this.#living.get(id);
    if (incarnation?.stopping !== true || incarnation.over) return false;
    incarnation.end({ kind: 'shutdown' });
    return true;
  }

  /** The present incarnation ends by itself. Says whether there was one. */
  exit(id: string, reason: ExitReason): boolean {
    const incarnation = this.#living.get(id);
    if (incarnation === undefined || incarnation.over) return false;
    incarnation.end(reason);
    return true;
  }

  /** Whether one waits to be killed. */
  stubborn(): boolean {
    return [...this.#living.values()].some((one) => one.stopping && !one.over && one.manner === 'stubborn');
  }
}

class Incarnation implements ScriptedHandle {
  readonly exited: Promise<ExitReason>;
  readonly manner: 'prompt' | 'slow' | 'stubborn';
  stopping = false;
  over = false;
  readonly #id: string;
  readonly #note: (event: string) => void;
  readonly #resolve: (reason: ExitReason) => void;

  constructor(id: string, manner: Incarnation['manner'], note: (event: string) => void) {
    const { promise, resolve } = Promise.withResolvers<ExitReason>();
    this.#id = id;
    this.manner = manner;
    this.#note = note;
    this.exited = promise;
    this.#resolve = resolve;
  }

  end(reason: ExitReason): void {
    if (this.over) return;
    this.over = true;
    this.#note(`exited ${this.#id} ${reason.kind}`);
    this.#resolve(reason);
  }

  async stop(): Promise<void> {
    // Who asks a child whose end it has not heard of yet cannot be told from who does not.
    if (this.over) return;
    this.#note(`stop ${this.#id}`);
    this.stopping = true;
    if (this.manner === 'prompt') this.end({ kind: 'shutdown' });
  }

  kill(): void {
    if (this.over) return;
    this.#note(`kill ${this.#id}`);
    this.end({ kind: 'killed' });
  }
}
