/** The other side: the steps that the oracle performed, on our supervisor, with scripted children and virtual time. */
import type { ChildSpec, ExitReason } from '../../supervisors/child-spec.ts';
import { createFakeClock, settled } from '../../supervisors/fake-clock.fixture.ts';
import { supervisorChild } from '../../supervisors/supervisor-child.ts';
import { type Supervisor, type SupervisorOptions, startSupervisor } from '../../supervisors/supervisor.ts';
import { LONG_MS, STUBBORN_MS } from './erlang-term.ts';
import { refusalOf } from './answers.ts';
import type { Recording, RecordedStep } from './record.ts';
import {
  type Schedule,
  type ScheduledChild,
  type ScheduledSupervisor,
  type Shutdown,
  type StartOutcome,
  childrenById,
} from './schedule.ts';
import { ScriptedWorkers } from './scripted-worker.ts';
import { snapshotOf } from './snapshot.ts';

const SHUTDOWN_MS: Record<Shutdown, number> = {
  brutal: 0,
  stubborn: STUBBORN_MS,
  long: LONG_MS,
  infinity: Number.POSITIVE_INFINITY,
};
const WINDOW_MS = 1_000_000_000;
const NO_BACKOFF = { baseMs: 0, maxMs: 0, factor: 1, jitter: 0, healthyMs: 0 };

/** Performs the oracle's steps, and records what is observed of ours. */
export async function runSchedule(schedule: Schedule, oracle: Recording): Promise<Recording> {
  const run = new Run(schedule);
  const steps: RecordedStep[] = [];
  for (const { step, snapshot } of oracle.steps) {
    await run.perform(step);
    await run.settle();
    steps.push({ step, events: run.events(), snapshot: snapshot === undefined ? undefined : run.snapshot() });
  }
  return { steps, answers: run.answers() };
}

class Run {
  readonly #children: ReadonlyMap<string, ScheduledChild>;
  readonly #root: ScheduledSupervisor;
  readonly #workers = new ScriptedWorkers((event) => this.#note(event));
  readonly #supervisors = new Map<string, Supervisor>();
  readonly #answers: string[] = [];
  readonly #clock = createFakeClock();
  #noted: string[] = [];
  /** Grows with all that happens; what settles leaves it as it is. */
  #activity = 0;

  constructor(schedule: Schedule) {
    this.#children = childrenById(schedule);
    this.#root = schedule.root;
  }

  async perform(step: string): Promise<void> {
    const [what = '', first = '', second = ''] = step.split(' ');
    switch (what) {
      case 'boot':
        return this.#boot();
      case 'exit':
        return this.#must(this.#workers.exit(first, reasonOf(second)), step);
      case 'release_start':
        return this.#must(this.#workers.releaseStart(first, second as StartOutcome), step);
      case 'release_stop':
        return this.#must(this.#workers.releaseStop(first), step);
      case 'stop':
        return this.#stop();
      case 'stop_after_failure': {
        this.#must(this.#workers.releaseStart(first, 'fail'), step);
        // The failure arrives, and the next attempt, which waits for a timer, does not begin.
        await settled();
        return this.#stop();
      }
      case 'start_child':
        return this.#ask(first, (supervisor) => supervisor.startChild(this.#specById(first, second)));
      case 'terminate_child':
        return this.#ask(first, (supervisor) => supervisor.terminateChild(second));
      case 'restart_child':
        return this.#ask(first, (supervisor) => supervisor.restartChild(second));
      case 'delete_child':
        return this.#ask(first, (supervisor) => supervisor.deleteChild(second));
      default:
        throw new Error(`no such step: ${step}`);
    }
  }

  /** Resolves when nothing moves any more, and time has passed for those who ignore their shutdown. */
  async settle(): Promise<void> {
    for (;;) {
      const before = this.#activity;
      await settled();
      this.#clock.advance(0);
      await settled();
      if (this.#activity !== before) continue;
      if (!this.#workers.stubborn()) return;
      this.#clock.advance(STUBBORN_MS);
      await settled();
      // Nobody killed it: what is recorded until here says so.
      if (this.#activity === before) return;
    }
  }

  /** What was noted since the last call. */
  events(): string[] {
    return this.#noted.splice(0);
  }

  answers(): string[] {
    return this.#answers;
  }

  snapshot(): string {
    return [...this.#supervisors]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, supervisor]) =>
        snapshotOf(id, supervisor, this.#supervisorById(id).strategy === 'simple_one_for_one'),
      )
      .join(' ');
  }

  #note(event: string): void {
    this.#activity += 1;
    this.#noted.push(event);
  }

  #must(done: boolean, step: string): void {
    if (!done) this.#note(`impossible: ${step}`);
  }

  #boot(): void {
    startSupervisor(this.#options(this.#root)).then(
      (supervisor) => {
        this.#note('ready');
        this.#arrived(this.#root.id, supervisor);
      },
      () => this.#note('boot-failed'),
    );
  }

  #arrived(id: string, supervisor: Supervisor): void {
    this.#supervisors.set(id, supervisor);
    void supervisor.exited.then((reason) => {
      this.#supervisors.delete(id);
      this.#note(`exited ${id} ${reason.kind}`);
    });
  }

  #stop(): void {
    void this.#supervisors.get(this.#root.id)?.stop();
  }

  #ask(id: string, call: (supervisor: Supervisor) => Promise<unknown>): void {
    const supervisor = this.#supervisors.get(id);
    if (supervisor === undefined) {
      this.#note(`impossible: ${id} is not up`);
      return;
    }
    const index = this.#answers.push('gone') - 1;
    const answered = (answer: string): void => {
      this.#activity += 1;
      this.#answers[index] = answer;
    };
    call(supervisor).then(
      () => answered('ok'),
      (error: unknown) => answered(refusalOf(error)),
    );
  }

  #specById(supervisor: string, id: string): ChildSpec {
    const child = this.#children.get(id);
    if (child === undefined) throw new Error(`no specification of ${id} for ${supervisor}`);
    return this.#spec(child);
  }

  #supervisorById(id: string): ScheduledSupervisor {
    const child = this.#children.get(id);
    if (child?.type !== 'supervisor') throw new Error(`${id} is no supervisor`);
    return child;
  }

  #options(supervisor: ScheduledSupervisor): SupervisorOptions {
    const { id, strategy, intensity, autoShutdown, children } = supervisor;
    const options: SupervisorOptions = {
      id,
      strategy,
      intensity: { max: intensity, windowMs: WINDOW_MS },
      backoff: NO_BACKOFF,
      autoShutdown,
      children: children.map((child) => this.#spec(child)),
      clock: {
        now: () => this.#clock.now(),
        setTimer: (delayMs: number, fire: () => void) => {
          this.#activity += 1;
          return this.#clock.setTimer(delayMs, fire);
        },
      },
      random: () => 0.5,
    };
    return options;
  }

  #spec(child: ScheduledChild): ChildSpec {
    const { id, restart, significant } = child;
    if (child.type === 'worker') {
      const start = () => this.#workers.start(child);
      const shutdownMs = SHUTDOWN_MS[child.shutdown];
      return { id, type: 'worker', restart, significant, shutdownMs, start };
    }
    const { children, ...options } = this.#options(child);
    const spec = supervisorChild({
      ...options,
      restart,
      significant,
      children: () => children,
      onStart: (supervisor) => this.#arrived(id, supervisor),
    });
    return { ...spec, start: (signal) => this.#startNested(id, () => spec.start(signal)) };
  }

  /** Notes what happens to a nested supervisor, as the scripted workers do for themselves. */
  async #startNested(
    id: string,
    start: () => ReturnType<ChildSpec['start']>,
  ): ReturnType<ChildSpec['start']> {
    this.#workers.attempt(id);
    const handle = await start().catch((error: unknown) => {
      this.#note(`start-failed ${id}`);
      throw error;
    });
    this.#note(`started ${id}`);
    if (handle === undefined) return undefined;
    return {
      ...handle,
      stop: (signal) => {
        if (this.#supervisors.has(id)) this.#note(`stop ${id}`);
        return handle.stop(signal);
      },
      kill: () => {
        if (this.#supervisors.has(id)) this.#note(`kill ${id}`);
        handle.kill();
      },
    };
  }
}

function reasonOf(reason: string): ExitReason {
  switch (reason) {
    case 'normal':
    case 'killed':
      return { kind: reason };
    case 'shutdown':
    case 'shutdown_x':
      return { kind: 'shutdown' };
    default:
      return { kind: 'error', error: new Error('boom') };
  }
}
