/** The supervisors of an application, declared as plain data for `createSystem({actors, tree})`. */
import { type Address, isAddress, isKind, parseAddress } from '../protocol/address.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { ActorDefinition } from '../runtime/define-actor.ts';
import { DEFAULT_INTENSITY, type RestartIntensity, intensity } from './restart-intensity.ts';
import type { Strategy } from './supervisor-state.ts';
import { type WorkerDeclaration, isWorker } from './worker-declaration.ts';

/** A place for one actor, or for all actors of a kind that have no place of their own. */
export type ActorPlace = { readonly kind: string; readonly key: string } | { readonly kind: string };

export interface SupervisorDeclaration {
  /** Unique in the whole tree, so that a path names one supervisor. */
  readonly id: string;
  readonly strategy: Strategy;
  readonly intensity: RestartIntensity;
  /** In start order. */
  readonly children: readonly DeclaredElement[];
}

/** What a declaration holds below a supervisor. */
export type DeclaredElement = SupervisorDeclaration | ActorPlace | WorkerDeclaration;

/** What may be listed as a child: a definition stands for all keys of its kind, a text is one address. */
export type DeclaredChild = DeclaredElement | ActorDefinition | string;

/**
 * Declares a supervisor. Throws `definition.invalid` for an id that does not fit into a path, a child that is
 * none, an actor or kind that is placed twice, or ids that repeat within the tree.
 */
export function supervisor(
  id: string,
  options: {
    readonly strategy?: Strategy;
    readonly intensity?: RestartIntensity;
    readonly children: readonly DeclaredChild[];
  },
): SupervisorDeclaration {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) {
    throw invalid(`The supervisor id '${id}' must be 1 to 64 characters of A-Z a-z 0-9 _ -`);
  }
  const { max, windowMs } = intensity(options.intensity ?? DEFAULT_INTENSITY);
  const declared: SupervisorDeclaration = {
    id,
    strategy: options.strategy ?? 'one_for_one',
    intensity: { max, windowMs },
    children: options.children.map((child) => readChild(id, child)),
  };
  const names = new Set<string>();
  for (const { name } of everything(declared, [])) {
    if (names.has(name)) throw invalid(`The tree of '${id}' has ${name} twice`);
    names.add(name);
  }
  return declared;
}

/**
 * Where an actor belongs: the ids of the supervisors from the root to its own. Its own address wins over its
 * kind; what is placed nowhere belongs to the root.
 */
export function placeActor(tree: SupervisorDeclaration, address: Address): readonly string[] {
  const { kind } = parseAddress(address);
  let ofKind: readonly string[] | undefined;
  for (const { name, path } of everything(tree, [])) {
    if (name === nameOfActor(address)) return path;
    if (name === nameOfKind(kind)) ofKind = path;
  }
  return ofKind ?? [tree.id];
}

/** Whether a child of a declaration is a supervisor. */
export function isSupervisor(child: DeclaredElement): child is SupervisorDeclaration {
  return 'children' in child;
}

const nameOfActor = (address: string): string => `the actor '${address}'`;
const nameOfKind = (kind: string): string => `the kind '${kind}'`;
/** Supervisors and workers may be siblings: they share their names. */
const nameOfId = (id: string): string => `the id '${id}'`;

/** Every supervisor, worker and place, each with a unique name and the supervisors it is under. */
function* everything(
  tree: SupervisorDeclaration,
  above: readonly string[],
): Generator<{ readonly name: string; readonly path: readonly string[] }> {
  const path = [...above, tree.id];
  yield { name: nameOfId(tree.id), path };
  for (const child of tree.children) {
    if (isSupervisor(child)) yield* everything(child, path);
    else if (isWorker(child)) yield { name: nameOfId(child.id), path };
    else
      yield {
        name: 'key' in child ? nameOfActor(`${child.kind}/${child.key}`) : nameOfKind(child.kind),
        path,
      };
  }
}

function readChild(id: string, child: DeclaredChild): DeclaredElement {
  if (typeof child === 'string') {
    if (!isAddress(child)) throw invalid(`The supervisor '${id}' lists '${child}', which is no address`);
    return parseAddress(child);
  }
  if ('children' in child || isWorker(child)) return child;
  if (!isKind(child.kind)) throw invalid(`The supervisor '${id}' lists '${child.kind}', which is no kind`);
  if (!('key' in child)) return { kind: child.kind };
  return readChild(id, `${child.kind}/${child.key}`);
}

function invalid(message: string): BanyanError {
  return new BanyanError('definition.invalid', { message });
}
