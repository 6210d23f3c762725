/** The supervisors of an application, declared as plain data for `createSystem({actors, tree})`. */
import { type Address, isAddress, isKind, parseAddress } from '../protocol/address.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { ActorDefinition } from '../runtime/define-actor.ts';
import { type BackoffPolicy, backoff, DEFAULT_BACKOFF } from './backoff.ts';
import type { RestartType } from './child-spec.ts';
import { DEFAULT_INTENSITY, type RestartIntensity, intensity } from './restart-intensity.ts';
import { type AutoShutdown, type Strategy, whatIsWrong } from './supervisor-state.ts';
import { type WorkerDeclaration, isWorker } from './worker-declaration.ts';

/** A place for one actor, or for all actors of a kind that have no place of their own. */
export type ActorPlace = { readonly kind: string; readonly key: string } | { readonly kind: string };

export interface SupervisorDeclaration {
  /** Unique in the whole tree, so that a path names one supervisor. */
  readonly id: string;
  readonly strategy: Exclude<Strategy, 'simple_one_for_one'>;
  readonly autoShutdown: AutoShutdown;
  readonly intensity: RestartIntensity;
  /** Between a failure and the restart of a worker or supervisor; durable actors are back at once. */
  readonly backoff: BackoffPolicy;
  /** When the supervisor above brings it back. */
  readonly restart: RestartType;
  readonly significant: boolean;
  /** In start order. */
  readonly children: readonly DeclaredElement[];
}

/** What a declaration holds below a supervisor. */
export type DeclaredElement = SupervisorDeclaration | ActorPlace | WorkerDeclaration;

/** What may be listed as a child: a definition stands for all keys of its kind, a text is one address. */
export type DeclaredChild = DeclaredElement | ActorDefinition | string;

/** What `supervisor()` takes; everything but the children has OTP's default. */
export interface SupervisorDeclarationOptions {
  /** Default `one_for_one`. */
  readonly strategy?: SupervisorDeclaration['strategy'];
  /** Default `never`. */
  readonly autoShutdown?: AutoShutdown;
  /** Default 3 in 5 s. */
  readonly intensity?: RestartIntensity;
  /** What is left out is as in the default: from 100 ms, doubling, up to 30 s. */
  readonly backoff?: Partial<BackoffPolicy>;
  /** Default `permanent`. */
  readonly restart?: RestartType;
  /** Default false. */
  readonly significant?: boolean;
  readonly children: readonly DeclaredChild[];
}

/**
 * Declares a supervisor. Throws `definition.invalid` for an id that does not fit into a path, a child that is
 * none, an actor or kind that is placed twice, or ids that repeat within the tree.
 */
export function supervisor(id: string, options: SupervisorDeclarationOptions): SupervisorDeclaration {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) {
    throw invalid(`The supervisor id '${id}' must be 1 to 64 characters of A-Z a-z 0-9 _ -`);
  }
  const { max, windowMs } = intensity(options.intensity ?? DEFAULT_INTENSITY);
  const {
    strategy = 'one_for_one',
    autoShutdown = 'never',
    restart = 'permanent',
    significant = false,
  } = options;
  if (!STRATEGIES.includes(strategy)) throw invalid(`The supervisor '${id}' has no strategy '${strategy}'`);
  if (!AUTO_SHUTDOWNS.includes(autoShutdown))
    throw invalid(`The supervisor '${id}' has no autoShutdown '${autoShutdown}'`);
  const declared: SupervisorDeclaration = {
    id,
    strategy,
    autoShutdown,
    intensity: { max, windowMs },
    backoff: backoff({ ...DEFAULT_BACKOFF, ...options.backoff }).policy,
    restart,
    significant,
    children: options.children.map((child) => readChild(id, child)),
  };
  for (const child of declared.children) {
    if (!isSupervisor(child) && !isWorker(child)) continue;
    const wrong = whatIsWrong({ shutdownMs: 0, ...child, type: 'supervisor' }, autoShutdown);
    if (wrong !== undefined) throw invalid(`The supervisor '${id}': ${wrong}`);
  }
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

const STRATEGIES: readonly string[] = ['one_for_one', 'one_for_all', 'rest_for_one'];
const AUTO_SHUTDOWNS: readonly string[] = ['never', 'any_significant', 'all_significant'];

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
