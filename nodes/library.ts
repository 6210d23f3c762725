/** `banyan`: what an application is made of. See `banyan/client` for talking to a running one. */
export {
  type Address,
  escapeKey,
  formatAddress,
  isAddress,
  parseAddress,
  unescapeKey,
  workerAddress,
} from '../protocol/address.ts';
export {
  type Contract,
  defineContract,
  type EventSchemas,
  internal,
  type MessageOf,
  type MessageSchemas,
  type Ref,
} from '../protocol/contract.ts';
export { down, type DownReason } from '../protocol/down.ts';
export { BanyanError, type ErrorCode, type ErrorDetails } from '../protocol/errors.ts';
export { TransientFault } from '../protocol/transient-fault.ts';
export type { ContentReference, ContentStore } from '../runtime/content-store.ts';
export {
  type ActorDeclaration,
  type ActorDefinition,
  defineActor,
  type Query,
  type QueryArgs,
  type TaskContext,
  type TaskHandler,
} from '../runtime/define-actor.ts';
export {
  cancel,
  deferReply,
  emit,
  messageId,
  now,
  random,
  reply,
  type ReplyHandle,
  schedule,
  self,
  sender,
  task,
  tell,
  unwatch,
  watch,
} from '../runtime/effects.ts';
export type { AssessedItem, Assessment, Assessor } from '../actors/node/assessor.ts';
export {
  type Collector,
  type CollectorContext,
  type ListedItem,
  type Listing,
  type ReadItem,
  Unchanged,
  Unreadable,
} from '../actors/node/collectors/collector.ts';
export type { Target } from '../actors/orchestrator/contract.ts';
export { createSystem, type System, type SystemDeclaration } from '../runtime/system.ts';
export {
  defineTable,
  type KeyRange,
  type RowMigration,
  type Table,
  type TableOptions,
} from '../runtime/table.ts';
export { defineIndex, type Entries, type Index, type IndexOptions } from '../runtime/table-index.ts';
export { type DeclaredChild, supervisor, type SupervisorDeclaration } from '../supervisors/declaration.ts';
export { worker, type WorkerDeclaration, type WorkerOptions } from '../supervisors/worker-declaration.ts';
export type { WorkerContext, WorkerFunction } from './workers/worker-context.ts';
