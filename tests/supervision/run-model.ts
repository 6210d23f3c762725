/** A schedule on the model: makes steps of its wishes, and records what follows from each. */
import { Kernel } from './kernel.ts';
import { type ModelWorld, ModelWorker, endOf } from './model-process.ts';
import type { Answer } from './model-mailbox.ts';
import { ModelSupervisor } from './model.ts';
import type { ModelRecording, ModelStep } from './record.ts';
import type { Schedule, ScheduledChild, Step, Wish } from './schedule.ts';

const SETTLE: Step = { type: 'gap', ms: 0, rush: false };

/** Performs the schedule. */
export function runModel(schedule: Schedule): ModelRecording {
  const run = new ModelRun();
  const steps: ModelStep[] = [];
  let kept: Omit<ModelRecording, 'isCut'> = { steps: [], answers: [] };
  const perform = (step: Step): void => {
    steps.push(run.perform(step, schedule.root));
    if (!step.rush && !run.kernel.undecided) kept = { steps: [...steps], answers: [...run.answers] };
  };
  perform({ type: 'boot', rush: false });
  for (const wish of schedule.wishes) {
    let step = run.stepOf(wish);
    // How soon a supervisor that starts is up, next to something else that happens, is chance.
    const alone = step !== undefined && run.startsSupervisor(step);
    if (alone) {
      perform(SETTLE);
      step = run.stepOf(wish);
    }
    if (step !== undefined) perform(alone ? { ...step, rush: false } : step);
  }
  perform(SETTLE);
  return { ...kept, isCut: run.kernel.undecided };
}

class ModelRun implements ModelWorld {
  readonly kernel = new Kernel();
  readonly workers = new Map<string, ModelWorker>();
  readonly answers: (Answer | 'none')[] = [];
  readonly #callable = new Map<string, ModelSupervisor>();
  readonly #supervisors = new Set<ModelSupervisor>();
  readonly #attempts = new Map<string, number>();
  #root: ModelSupervisor | undefined;
  #events: string[] = [];

  startsSupervisor(step: Step): boolean {
    if (step.type === 'start') return step.child.type === 'supervisor';
    if (step.type !== 'restart') return false;
    const known = this.#callable.get(step.supervisor)?.children ?? [];
    return known.some(({ spec }) => spec.id === step.id && spec.type === 'supervisor');
  }

  stepOf(wish: Wish): Step | undefined {
    const { type, rush } = wish;
    switch (type) {
      case 'exit': {
        const up = [...this.workers.values()].filter(({ phase }) => phase === 'up');
        const worker = pickOf(up, wish.pick);
        return worker && { type, incarnation: worker.incarnation, cause: wish.cause, rush };
      }
      case 'release': {
        const slow = [...this.workers.values()].filter((one) => one.phase === 'starting' || one.isSlowToStop);
        const worker = pickOf(slow, wish.pick);
        if (worker === undefined) return undefined;
        const { incarnation } = worker;
        if (worker.isSlowToStop) return { type: 'release-stop', incarnation, rush };
        return { type: 'release-start', incarnation, outcome: wish.outcome, rush };
      }
      case 'start': {
        const supervisor = pickOf([...this.#callable.values()], wish.pick)?.spec.id;
        return supervisor === undefined ? undefined : { type, supervisor, child: wish.child, rush };
      }
      case 'again':
      case 'terminate':
      case 'restart':
      case 'delete': {
        const supervisor = pickOf([...this.#callable.values()], wish.pick);
        if (supervisor === undefined) return undefined;
        const child = pickOf<{ spec: ScheduledChild } | undefined>(
          [...supervisor.children, undefined],
          wish.which,
        );
        if (type !== 'again')
          return { type, supervisor: supervisor.spec.id, id: child?.spec.id ?? 'nobody', rush };
        return child && { type: 'start', supervisor: supervisor.spec.id, child: child.spec, rush };
      }
      case 'gap':
        return { type, ms: wish.ms, rush };
      case 'kill':
        return this.#callable.has('root') ? { type, rush } : undefined;
      case 'stop':
        return { type, rush };
    }
  }

  perform(step: Step, root: Schedule['root']): ModelStep {
    this.#do(step, root);
    if (!step.rush) this.kernel.settle();
    const events = this.#events.splice(0);
    const { apart } = this.kernel;
    // What was rushed together is told apart by nobody until it has settled.
    if (!step.rush) this.kernel.apart = false;
    return { step, events, apart, snapshot: step.rush ? '' : this.#snapshot() };
  }

  create(
    spec: ScheduledChild,
    report: ConstructorParameters<typeof ModelWorker>[2],
  ): ModelWorker | ModelSupervisor {
    if (spec.type === 'worker') return new ModelWorker(this, spec, report);
    const supervisor = new ModelSupervisor(this, spec, report);
    this.#supervisors.add(supervisor);
    return supervisor;
  }

  nextIncarnation(id: string): string {
    const attempt = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempt);
    return `${id}#${attempt}`;
  }

  note(what: string, incarnation: string): void {
    this.#events.push(`${this.kernel.now} ${incarnation} ${what}`);
  }

  arrived(supervisor: ModelSupervisor): void {
    this.#callable.set(supervisor.spec.id, supervisor);
  }

  departed(supervisor: ModelSupervisor): void {
    this.#supervisors.delete(supervisor);
    if (this.#callable.get(supervisor.spec.id) === supervisor) this.#callable.delete(supervisor.spec.id);
  }

  mailWaiting(): number {
    return this.#supervisors.values().reduce((sum, supervisor) => sum + supervisor.mailWaiting(), 0);
  }

  #do(step: Step, root: Schedule['root']): void {
    switch (step.type) {
      case 'boot':
        this.#root = new ModelSupervisor(this, root, () => undefined);
        this.#supervisors.add(this.#root);
        return this.#root.begin();
      case 'stop':
        return this.#root?.ask();
      case 'kill':
        return this.#root?.kill();
      case 'exit':
        return this.workers.get(step.incarnation)?.end(endOf(step.cause));
      case 'release-start':
        return this.workers.get(step.incarnation)?.comeUp(step.outcome);
      case 'release-stop':
        return this.workers.get(step.incarnation)?.end(endOf('shutdown'));
      case 'gap':
        return this.kernel.advance(step.ms);
      case 'start':
      case 'terminate':
      case 'restart':
      case 'delete': {
        const index = this.answers.push('none') - 1;
        this.#callable.get(step.supervisor)?.call(step, (answer) => {
          this.answers[index] = answer;
        });
      }
    }
  }

  #snapshot(): string {
    return [...this.#callable.values()]
      .map((supervisor) => {
        const children = supervisor.children.map(({ spec, state, attempts, returnsWith }) => {
          const word = state === 'down' && returnsWith !== undefined ? 'returning' : state;
          return `${spec.id}=${word}/${Math.max(0, attempts - 1)}`;
        });
        return `${supervisor.spec.id}(${children.join(' ')})${supervisor.intensityUsed()}`;
      })
      .sort()
      .join(' ');
  }
}

function pickOf<T>(among: readonly T[], pick: number): T | undefined {
  return among[pick % Math.max(1, among.length)];
}
