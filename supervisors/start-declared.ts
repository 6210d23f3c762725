/**
 * Starts the supervisors of a declaration and finds the live one for a path of ids. Shards do not use it yet: the
 * application's tree is shown from its declaration until durable actors live under running supervisors.
 */
import type { ChildSpec } from './child-spec.ts';
import { type DeclaredElement, type SupervisorDeclaration, isSupervisor } from './declaration.ts';
import type { BackoffPolicy } from './backoff.ts';
import type { PerformerPorts } from './perform.ts';
import { type NestedOptions, supervisorChild } from './supervisor-child.ts';
import type { Supervisor } from './supervisor.ts';
import { isWorker } from './worker-declaration.ts';

export interface DeclaredOptions extends PerformerPorts {
  readonly backoff?: BackoffPolicy;
  /**
   * The actors that a supervisor (by its path from the declaration's root) starts with. Called at each start:
   * a restarted supervisor gets the actors that belong to it by then. Their ids are their addresses; they
   * start in the order of the declaration, and those that it does not place start last.
   */
  readonly actors: (path: readonly string[]) => readonly ChildSpec[];
}

export interface DeclaredTree {
  /** The declaration's root, to be started as a child (of a shard's supervisor). */
  readonly spec: ChildSpec;
  /** The live supervisor at a path, as `placeActor` returns it; undefined while it is down. */
  at(path: readonly string[]): Supervisor | undefined;
}

/** Makes a declaration startable. */
export function declaredTree(declaration: SupervisorDeclaration, options: DeclaredOptions): DeclaredTree {
  const live = new Map<string, Supervisor>();
  return {
    spec: specOf(declaration, [], options, live),
    at: (path) => live.get(path.join('/')),
  };
}

function specOf(
  declaration: SupervisorDeclaration,
  above: readonly string[],
  options: DeclaredOptions,
  live: Map<string, Supervisor>,
): ChildSpec {
  const { id, strategy, intensity } = declaration;
  const { clock, random, onEvent, backoff } = options;
  const path = [...above, id];
  const key = path.join('/');
  const nested: NestedOptions = {
    id,
    strategy,
    intensity,
    backoff,
    clock,
    random,
    onEvent,
    children: () => {
      const supervisors = declaration.children
        .filter(isSupervisor)
        .map((child) => specOf(child, path, options, live));
      return inDeclaredOrder(declaration, [...supervisors, ...options.actors(path)]);
    },
    onStart: (supervisor) => {
      live.set(key, supervisor);
      void supervisor.exited.then(() => {
        if (live.get(key) === supervisor) live.delete(key);
      });
    },
  };
  return supervisorChild(nested);
}

function inDeclaredOrder(
  declaration: SupervisorDeclaration,
  specs: readonly ChildSpec[],
): readonly ChildSpec[] {
  const positions = new Map(declaration.children.map((child, index) => [nameOf(child), index]));
  const positionOf = ({ id }: ChildSpec): number =>
    positions.get(id) ?? positions.get(`${id.split('/')[0] ?? ''}/`) ?? declaration.children.length;
  return specs.toSorted((a, b) => positionOf(a) - positionOf(b));
}

/** A supervisor's id, an actor's address, or a kind with a slash: three forms that never collide. */
function nameOf(child: DeclaredElement): string {
  if (isSupervisor(child) || isWorker(child)) return child.id;
  return `${child.kind}/${'key' in child ? child.key : ''}`;
}
