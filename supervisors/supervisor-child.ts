/** A supervisor as the child of another: giving up ends it with `shutdown`, and its parent decides what follows. */
import type { ChildSpec, RestartType } from './child-spec.ts';
import { type Supervisor, type SupervisorOptions, startSupervisor } from './supervisor.ts';

export interface NestedOptions extends Omit<SupervisorOptions, 'signal' | 'children'> {
  /** Called at each start, so that a restarted supervisor starts with the children it should have by then. */
  readonly children: () => readonly ChildSpec[];
  /** Default `permanent`. */
  readonly restart?: RestartType;
  /** Its end by itself may end the supervisor above it; see `ChildFacts`. */
  readonly significant?: boolean;
  /** Default `Infinity`, as in OTP: its children have shutdown times of their own. */
  readonly shutdownMs?: number;
  readonly isTransient?: (error: unknown) => boolean;
  /** Each incarnation, once its children are up. */
  readonly onStart?: (supervisor: Supervisor) => void;
}

/** The specification of a nested supervisor. */
export function supervisorChild(options: NestedOptions): ChildSpec {
  const { restart = 'permanent', significant, shutdownMs, isTransient, children, onStart, ...rest } = options;
  return {
    id: options.id,
    type: 'supervisor',
    restart,
    ...(significant === undefined ? {} : { significant }),
    ...(shutdownMs === undefined ? {} : { shutdownMs }),
    ...(isTransient === undefined ? {} : { isTransient }),
    start: async (signal) => {
      const supervisor = await startSupervisor({ ...rest, children: children(), signal });
      onStart?.(supervisor);
      return {
        stop: () => supervisor.stop(),
        kill: () => supervisor.kill(),
        exited: supervisor.exited,
        describe: (path) => {
          const {
            strategy,
            status,
            intensity,
            childCount,
            children: below,
          } = supervisor.tree(parentOf(path));
          return { strategy, status, intensity, childCount, children: below };
        },
      };
    },
  };
}

/** The path above a supervisor; its id has no slash. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
