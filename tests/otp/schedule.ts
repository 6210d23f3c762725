/** What both sides are put through: a tree, how its children behave at each start, and what is wished to happen. */

export type ScheduleStrategy = 'one_for_one' | 'one_for_all' | 'rest_for_one' | 'simple_one_for_one';
export type AutoShutdown = 'never' | 'any_significant' | 'all_significant';

/** An intensity that no schedule exceeds. */
export const UNLIMITED = 1000;

/** Instead of an id: the supervisor that something slow holds up, and its child that is slow. */
export const HELD = 'held';

/**
 * How a worker is made to stop: `brutal` is killed at once; `stubborn` ignores its shutdown and is killed when a
 * short time is over; `long` and `infinity` wait until it stops.
 */
export type Shutdown = 'brutal' | 'stubborn' | 'long' | 'infinity';

/** `slow` waits until a step releases it. */
export type StartOutcome = 'ok' | 'fail' | 'ignore' | 'slow';
export type StopOutcome = 'prompt' | 'slow';

interface ScheduledFacts {
  /** Unique in the whole schedule. */
  readonly id: string;
  readonly restart: 'permanent' | 'transient' | 'temporary';
  readonly significant: boolean;
}

export interface ScheduledWorker extends ScheduledFacts {
  readonly type: 'worker';
  readonly shutdown: Shutdown;
  /** By attempt; those after the last are `ok`. */
  readonly starts: readonly StartOutcome[];
  /** By attempt too; those after the last are `prompt`. */
  readonly stops: readonly StopOutcome[];
}

export interface ScheduledSupervisor extends ScheduledFacts {
  readonly type: 'supervisor';
  /** 0 for the root. */
  readonly depth: number;
  readonly strategy: ScheduleStrategy;
  readonly intensity: number;
  readonly autoShutdown: AutoShutdown;
  /** None for `simple_one_for_one`. */
  readonly children: readonly ScheduledChild[];
  /** What all children of a `simple_one_for_one` have in common. */
  readonly template?: Pick<ScheduledWorker, 'restart' | 'significant' | 'shutdown'>;
}

export type ScheduledChild = ScheduledWorker | ScheduledSupervisor;

/**
 * A wish; what cannot be, or cannot be compared, is passed over. Numbers pick one of those that can: of the workers
 * that are up, of those that are slow.
 */
export type Step =
  | {
      readonly type: 'exit';
      readonly pick: number;
      readonly reason: 'normal' | 'shutdown' | 'shutdown_x' | 'error' | 'killed';
    }
  | { readonly type: 'release'; readonly pick: number; readonly outcome: 'ok' | 'fail' }
  | { readonly type: 'start_child'; readonly supervisor: string; readonly child: ScheduledChild }
  | {
      readonly type: 'terminate_child' | 'restart_child' | 'delete_child';
      readonly supervisor: string;
      readonly id: string;
    }
  /** Its parent stops the root. */
  | { readonly type: 'stop' }
  /** The slow restart under way fails, and the root is told to stop before the next attempt. */
  | { readonly type: 'stop_after_failure' };

export interface Schedule {
  readonly seed: number;
  readonly root: ScheduledSupervisor;
  readonly steps: readonly Step[];
}

/** Every child that the schedule has a specification of, by id: declared, or given to `start_child`. */
export function childrenById(schedule: Schedule): Map<string, ScheduledChild> {
  const found = new Map<string, ScheduledChild>();
  const visit = (child: ScheduledChild): void => {
    found.set(child.id, child);
    if (child.type === 'supervisor') child.children.forEach(visit);
  };
  visit(schedule.root);
  for (const step of schedule.steps) if (step.type === 'start_child') visit(step.child);
  return found;
}
