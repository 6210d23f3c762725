/** The supervisors of a declaration as running ones, with whatever children the place where they run gives them. */
import type { BackoffPolicy } from './backoff.ts';
import type { ChildSpec } from './child-spec.ts';
import { type ActorPlace, isSupervisor, type SupervisorDeclaration } from './declaration.ts';
import type { PerformerPorts } from './perform.ts';
import { supervisorChild } from './supervisor-child.ts';
import type { Supervisor } from './supervisor.ts';
import type { WorkerDeclaration } from './worker-declaration.ts';

export interface DeclaredOptions extends PerformerPorts {
  /** Whether a supervisor is needed here. */
  readonly isWanted: (declaration: SupervisorDeclaration) => boolean;
  /** What stands for a declared child that is no supervisor; undefined for one that does not run here. */
  readonly childAt: (child: ActorPlace | WorkerDeclaration, path: readonly string[]) => ChildSpec | undefined;
  /** Instead of what is declared. */
  readonly backoff?: BackoffPolicy;
  /** Each incarnation of a declared supervisor, once its children are up. */
  readonly onStart?: (supervisor: Supervisor) => void;
}

/** Makes a declared supervisor, and those below it, startable; `above` are the ids of those it is under. */
export function declaredSupervisor(
  declaration: SupervisorDeclaration,
  options: DeclaredOptions,
  above: readonly string[] = [],
): ChildSpec {
  const { id, strategy, autoShutdown, intensity, restart, significant } = declaration;
  const { clock, random, onEvent, isWanted, childAt, onStart, backoff = declaration.backoff } = options;
  const path = [...above, id];
  const children = declaration.children.flatMap((child): ChildSpec | readonly ChildSpec[] => {
    if (isSupervisor(child)) return isWanted(child) ? declaredSupervisor(child, options, path) : [];
    return childAt(child, path) ?? [];
  });
  return supervisorChild({
    id,
    strategy,
    autoShutdown,
    intensity,
    backoff,
    restart,
    significant,
    children: () => children,
    clock,
    random,
    onEvent,
    ...(onStart === undefined ? {} : { onStart }),
  });
}
