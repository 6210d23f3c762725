/** The model's processes: what a supervisor starts, asks to stop, and kills; and the scripted workers among them. */
import type { Kernel } from './kernel.ts';
import type { ModelSupervisor } from './model.ts';
import type { Cause, ScheduledChild, ScheduledWorker, StartOutcome, StartScript } from './schedule.ts';

export interface Ended {
  readonly kind: 'normal' | 'shutdown' | 'error' | 'killed';
  /** What was wrong is declared a passing fault. */
  readonly passing: boolean;
}

/** What a process tells whoever started it: first one of the upper three, after `up` how it ended. */
export type Report =
  | { readonly type: 'up' }
  | { readonly type: 'ignored' }
  | { readonly type: 'failed'; readonly passing: boolean }
  | ({ readonly type: 'ended' } & Ended);

export interface Process {
  begin(): void;
  /** It need not come up any more. */
  abandon(): void;
  /** Asks it to end in order. */
  ask(): void;
  kill(): void;
}

/** All that a model's processes share. */
export interface ModelWorld {
  readonly kernel: Kernel;
  /** Names the next incarnation of a child. */
  nextIncarnation(id: string): string;
  create(spec: ScheduledChild, report: (report: Report) => void): Process;
  note(what: string, incarnation: string): void;
  /** A supervisor has started all its children, and can be called. */
  arrived(supervisor: ModelSupervisor): void;
  departed(supervisor: ModelSupervisor): void;
  /** How many messages wait in the mailboxes of all supervisors. */
  mailWaiting(): number;
  /** Those that a step may end or release, in the order of their start. */
  readonly workers: Map<string, ModelWorker>;
}

export function endOf(cause: Cause): Ended {
  if (cause === 'passing') return { kind: 'error', passing: true };
  return { kind: cause, passing: false };
}

/** A worker that does as its schedule says. */
export class ModelWorker implements Process {
  readonly incarnation: string;
  phase: 'starting' | 'up' | 'over' = 'starting';
  stopping = false;
  #isHeardOf = false;
  #ended: Report | undefined;
  readonly #world: ModelWorld;
  readonly #report: (report: Report) => void;
  readonly #start: StartScript;
  readonly #stop: string;

  constructor(world: ModelWorld, worker: ScheduledWorker, report: (report: Report) => void) {
    this.#world = world;
    this.#report = report;
    this.incarnation = world.nextIncarnation(worker.id);
    const attempt = Number(this.incarnation.split('#')[1]);
    const start = worker.starts[attempt - 1] ?? 'ok';
    this.#stop = worker.stops[attempt - 1] ?? 'prompt';
    this.#start = start;
  }

  begin(): void {
    this.#world.workers.set(this.incarnation, this);
    this.#world.note('start', this.incarnation);
    if (this.#start !== 'slow' && this.#start !== 'hang') this.comeUp(this.#start);
  }

  get isSlowToStop(): boolean {
    return this.phase === 'up' && this.stopping && this.#stop === 'slow';
  }

  comeUp(outcome: StartOutcome): void {
    switch (outcome) {
      case 'ok':
        this.phase = 'up';
        this.#world.note('started', this.incarnation);
        return this.#world.kernel.post(() => {
          this.#report({ type: 'up' });
          this.#isHeardOf = true;
          if (this.#ended !== undefined) this.#tell(this.#ended);
        });
      case 'ignore':
        this.#over('ignored');
        return this.#tell({ type: 'ignored' });
      case 'fail':
      case 'passing':
        this.#over('start-failed');
        return this.#tell({ type: 'failed', passing: outcome === 'passing' });
    }
  }

  end(ended: Ended): void {
    if (this.phase !== 'up') return;
    this.#over(`exited ${ended.kind}`);
    this.#ended = { type: 'ended', ...ended };
    // Nobody hears of its end before hearing that it was up.
    if (this.#isHeardOf) this.#tell(this.#ended);
  }

  abandon(): void {
    if (this.phase === 'starting' && this.#start === 'slow') this.comeUp('fail');
  }

  ask(): void {
    if (this.phase !== 'up') return;
    this.#world.note('stop', this.incarnation);
    this.stopping = true;
    if (this.#stop === 'prompt') this.end({ kind: 'shutdown', passing: false });
    if (this.#stop === 'refuse') this.#world.kernel.post(() => this.kill());
  }

  kill(): void {
    if (this.phase !== 'up') return;
    this.#world.note('kill', this.incarnation);
    this.end({ kind: 'killed', passing: false });
  }

  #tell(report: Report): void {
    this.#world.kernel.post(() => this.#report(report));
  }

  #over(how: string): void {
    this.phase = 'over';
    this.#world.workers.delete(this.incarnation);
    this.#world.note(how, this.incarnation);
  }
}
