/** The other side: the model's steps on our supervisors, with scripted workers and virtual time. */
import type { ChildHandle, ChildSpec } from '../../supervisors/child-spec.ts';
import { supervisorChild } from '../../supervisors/supervisor-child.ts';
import type { Supervisor, SupervisorOptions } from '../../supervisors/supervisor.ts';
import { refusalOf } from '../otp/answers.ts';
import type { RecordedStep, Recording } from './record.ts';
import type { ScheduledChild, ScheduledSupervisor, Step } from './schedule.ts';
import { ScriptedWorkers, isPassing } from './scripted-worker.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Performs the steps, and records what is observed. */
export async function runSupervisors(root: ScheduledSupervisor, taken: readonly Step[]): Promise<Recording> {
  const run = new Run(root);
  const steps: RecordedStep[] = [];
  for (const step of taken) {
    run.perform(step);
    if (!step.rush) await run.settle(step.type === 'gap' ? step.ms : 0);
    steps.push({ step, events: run.events(), snapshot: step.rush ? '' : run.snapshot() });
  }
  return { steps, answers: run.answers };
}

class Run {
  readonly answers: string[] = [];
  readonly #root: ScheduledSupervisor;
  readonly #clock = new VirtualClock();
  readonly #workers = new ScriptedWorkers(this);
  readonly #supervisors = new Map<string, Supervisor>();
  readonly #attempts = new Map<string, number>();
  readonly #unwanted = new AbortController();
  #handle: ChildHandle | undefined;
  #events: string[] = [];

  constructor(root: ScheduledSupervisor) {
    this.#root = root;
  }

  /** Lets all happen that follows within `durationMs`. */
  settle(durationMs: number): Promise<void> {
    return this.#clock.advance(durationMs);
  }

  events(): string[] {
    return this.#events.splice(0);
  }

  snapshot(): string {
    return [...this.#supervisors.entries()]
      .map(([id, supervisor]) => {
        const { children: nodes, intensity } = supervisor.tree();
        const children = supervisor.whichChildren().map(({ id: child, status, restarts }, index) => {
          const returns = status === 'stopped' && nodes[index]?.status === 'backoff';
          return `${child}=${returns ? 'returning' : wordOf(status)}/${restarts}`;
        });
        return `${id}(${children.join(' ')})${intensity.used}`;
      })
      .sort()
      .join(' ');
  }

  nextIncarnation(id: string): string {
    const attempt = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempt);
    return `${id}#${attempt}`;
  }

  note(what: string, incarnation: string): void {
    this.#events.push(`${this.#clock.now()} ${incarnation} ${what}`);
  }

  perform(step: Step): void {
    switch (step.type) {
      case 'boot':
        return this.#boot();
      case 'stop':
        if (this.#handle === undefined) this.#unwanted.abort();
        else void this.#handle.stop(this.#unwanted.signal);
        return;
      case 'kill':
        return this.#handle?.kill();
      case 'exit':
        return this.#must(this.#workers.end(step.incarnation, step.cause), step);
      case 'release-start':
        return this.#must(this.#workers.releaseStart(step.incarnation, step.outcome), step);
      case 'release-stop':
        return this.#must(this.#workers.end(step.incarnation, 'shutdown'), step);
      case 'gap':
        return;
      case 'start':
        return this.#ask(step, (supervisor) => supervisor.startChild(this.#spec(step.child)));
      case 'terminate':
        return this.#ask(step, (supervisor) => supervisor.terminateChild(step.id));
      case 'restart':
        return this.#ask(step, (supervisor) => supervisor.restartChild(step.id));
      case 'delete':
        return this.#ask(step, (supervisor) => supervisor.deleteChild(step.id));
    }
  }

  #must(done: boolean, step: Step): void {
    if (!done) this.note('impossible', step.type);
  }

  #boot(): void {
    const started = this.#spec(this.#root).start(this.#unwanted.signal);
    started.then(
      (handle) => {
        this.#handle = handle;
      },
      () => undefined,
    );
  }

  #ask(
    step: Step & { readonly supervisor: string },
    call: (supervisor: Supervisor) => Promise<unknown>,
  ): void {
    const supervisor = this.#supervisors.get(step.supervisor);
    this.#must(supervisor !== undefined, step);
    const index = this.answers.push('none') - 1;
    if (supervisor === undefined) return;
    call(supervisor).then(
      () => {
        this.answers[index] = 'ok';
      },
      (error: unknown) => {
        this.answers[index] = refusalOf(error);
      },
    );
  }

  #spec(child: ScheduledChild): ChildSpec {
    const { id, restart, significant, shutdownMs } = child;
    const facts = { id, restart, significant, shutdownMs, isTransient: isPassing };
    if (child.type === 'worker')
      return { ...facts, type: 'worker', start: (signal) => this.#workers.start(child, signal) };
    const { strategy, autoShutdown, max, windowMs, backoff } = child;
    const options: Omit<SupervisorOptions, 'children'> = {
      id,
      strategy,
      autoShutdown,
      intensity: { max, windowMs },
      backoff: { ...backoff, jitter: 0 },
      clock: this.#clock,
      random: () => 0.5,
    };
    const start = (signal: AbortSignal) => this.#startSupervisor(child, { ...options, ...facts }, signal);
    return { ...facts, type: 'supervisor', start };
  }

  /** Notes what happens to a supervisor, as the scripted workers do for themselves. */
  async #startSupervisor(
    { id, children }: ScheduledSupervisor,
    options: Omit<Parameters<typeof supervisorChild>[0], 'children'>,
    signal: AbortSignal,
  ): Promise<ChildHandle | undefined> {
    const incarnation = this.nextIncarnation(id);
    let [isUp, over] = [false, false];
    const ended = (kind: string): void => {
      if (isUp && !over) this.note(`exited ${kind}`, incarnation);
      over = isUp;
    };
    const spec = supervisorChild({
      ...options,
      children: () => children.map((child) => this.#spec(child)),
      onStart: (supervisor) => {
        isUp = true;
        this.note('started', incarnation);
        this.#supervisors.set(id, supervisor);
        void supervisor.exited.then(({ kind }) => {
          if (this.#supervisors.get(id) === supervisor) this.#supervisors.delete(id);
          ended(kind);
        });
      },
      // Says so at once; a promise tells whoever waits for it a moment later.
      onEvent: (event) => {
        if (event.type === 'exited') ended(event.reason.kind);
      },
    });
    this.note('start', incarnation);
    const handle = await spec.start(signal).catch((error: unknown) => {
      this.note('start-failed', incarnation);
      throw error;
    });
    return (
      handle && {
        ...handle,
        stop: (late) => {
          if (!over) this.note('stop', incarnation);
          return handle.stop(late);
        },
        kill: () => {
          if (!over) this.note('kill', incarnation);
          handle.kill();
        },
      }
    );
  }
}

function wordOf(status: string): string {
  if (status === 'running') return 'up';
  return status === 'stopped' ? 'down' : status;
}
