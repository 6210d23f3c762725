/** The door of this folder: supervision for what lies to its right, and for applications. */
export { type BackoffPolicy, DEFAULT_BACKOFF } from './backoff.ts';
export type { ChildHandle, ChildSpec, ChildType, ExitReason, RestartType } from './child-spec.ts';
export {
  type ActorPlace,
  type DeclaredChild,
  type SupervisorDeclaration,
  isSupervisor,
  placeActor,
  supervisor,
} from './declaration.ts';
export type { Clock, SupervisionEvent } from './perform.ts';
export { type TreeQuery, pruneTree } from './prune-tree.ts';
export { DEFAULT_INTENSITY, type RestartIntensity } from './restart-intensity.ts';
export { type DeclaredOptions, type DeclaredTree, declaredTree } from './start-declared.ts';
export { type NestedOptions, supervisorChild } from './supervisor-child.ts';
export type { Strategy } from './supervisor-state.ts';
export { type ChildSummary, type Supervisor, type SupervisorOptions, startSupervisor } from './supervisor.ts';
export type { SupervisorNode, TreeNode, TreeStatus } from './tree.ts';
