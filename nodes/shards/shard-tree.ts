/** The part of the supervisor tree below a shard: the application's supervisors with the shard's actors in them. */
import type { ActorEntry } from '../../runtime/actor-list.ts';
import {
  type DeclaredElement,
  isSupervisor,
  placeActor,
  type SupervisorDeclaration,
} from '../../supervisors/declaration.ts';
import { pathOf, type TreeNode } from '../../supervisors/tree.ts';
import { isWorker } from '../../supervisors/worker-declaration.ts';

/** What `ChildHandle.describe` adds to a shard's own node; `live` are the shard's supervisors as they run. */
export function shardTree(
  path: string,
  declared: unknown,
  actors: readonly ActorEntry[],
  live: TreeNode | undefined,
): Partial<TreeNode> {
  const tree = declared as SupervisorDeclaration | undefined;
  const children =
    tree === undefined
      ? actors.map((actor) => actorNode(actor, path))
      : [supervisorBranch(tree, path, { placed: placedUnder(tree, actors), live: byId(live) })];
  const { strategy = 'one_for_one', intensity } = live ?? {};
  return { strategy, ...(intensity && { intensity }), childCount: children.length, children };
}

interface Shown {
  readonly placed: ReadonlyMap<string, ActorEntry[]>;
  readonly live: ReadonlyMap<string, TreeNode>;
}

/** The supervisors that run. */
function byId(
  live: TreeNode | undefined,
  found = new Map<string, TreeNode>(),
): ReadonlyMap<string, TreeNode> {
  if (live?.type !== 'supervisor') return found;
  found.set(live.id, live);
  for (const child of live.children ?? []) byId(child, found);
  return found;
}

/** The actors of each supervisor, by its id. */
function placedUnder(
  tree: SupervisorDeclaration,
  actors: readonly ActorEntry[],
): ReadonlyMap<string, ActorEntry[]> {
  const placed = new Map<string, ActorEntry[]>();
  for (const actor of actors) {
    const id = placeActor(tree, actor.address).at(-1) as string;
    placed.set(id, [...(placed.get(id) ?? []), actor]);
  }
  return placed;
}

function supervisorBranch(declared: SupervisorDeclaration, above: string, shown: Shown): TreeNode {
  const path = pathOf(above, declared.id);
  // One that is down has none; its actors are served all the same.
  const live = shown.live.get(declared.id);
  const children = [
    ...declared.children
      .filter(isSupervisor)
      .filter((child) => !isForWorkers(child))
      .map((child) => supervisorBranch(child, path, shown)),
    ...(shown.placed.get(declared.id) ?? []).map((actor) => actorNode(actor, path)),
  ];
  return {
    id: declared.id,
    type: 'supervisor',
    path,
    strategy: declared.strategy,
    status: live?.status ?? 'backoff',
    restart: declared.restart,
    restarts: live?.restarts ?? 0,
    intensity: { ...declared.intensity, used: live?.intensity?.used ?? 0 },
    childCount: children.length,
    children,
  };
}

/** Whether nothing of it runs on a shard: workers live elsewhere, and supervisors that hold nothing else with them. */
export function isForWorkers(element: DeclaredElement): boolean {
  if (!isSupervisor(element)) return isWorker(element);
  return element.children.length > 0 && element.children.every(isForWorkers);
}

function actorNode(actor: ActorEntry, above: string): TreeNode {
  return {
    id: actor.address,
    type: 'actor',
    path: pathOf(above, actor.address),
    kind: actor.kind,
    status: actor.status,
    state: actor.state as string | object,
    restart: 'permanent',
    restarts: actor.restarts,
    buffered: actor.buffered,
    partition: actor.partition,
    cursor: actor.cursor,
  };
}
