/** `defineActor`: everything the runtime knows about a kind of actor, around a plain XState machine. */
import type { NatsConnection } from '@nats-io/transport-node';
import type { AnyStateMachine, ContextFrom } from 'xstate';
import type { z } from 'zod';
import { LIMITS } from '../config/limits.ts';
import { WORKER_KIND } from '../protocol/address.ts';
import type { EventSchemas, MessageSchemas } from '../protocol/contract.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { ContentStore } from './content-store.ts';
import type { SnapshotMigration } from './machine.ts';
import type { Table } from './table.ts';

/** What a query sees: the actor's committed state. It must be pure; tables are read through their handles. */
export interface QueryArgs<Context, Input> {
  readonly context: Context;
  /** The machine's state value: a string, or an object for nested and parallel states. */
  readonly state: unknown;
  readonly input: Input;
  /** The greatest broker timestamp that the actor has seen, in milliseconds since the epoch. */
  readonly now: number;
  readonly key: string;
}

/** A query: a selector over committed state, optionally with a schema for its input. */
export type Query<Context> =
  | ((args: QueryArgs<Context, Record<string, unknown>>) => unknown)
  // oxlint-disable-next-line typescript/no-explicit-any -- the input's type comes from each query's own schema
  | { readonly input: z.ZodObject; readonly select: (args: QueryArgs<Context, any>) => unknown };

/** The broker as tasks see it. */
export interface TaskBroker {
  /** Of our own subjects. */
  readonly namespace: string;
  /** Shared with everything else on the shard: never close it, and bound what comes in through it. */
  readonly connection: NatsConnection;
}

/** What a task handler gets besides its input. */
export interface TaskContext {
  /** Aborted when the node stops; the task will run again elsewhere or later. */
  readonly signal: AbortSignal;
  /** The same on every attempt at this task: pass it to whatever must not happen twice. */
  readonly idempotencyKey: string;
  readonly node: string;
  /** Large content by reference. */
  readonly content: ContentStore;
  /** A folder of this machine's own that outlives the process; absent where tasks have no disk. */
  readonly folder?: string;
  /** For tasks that talk to NATS themselves; absent where messages have no broker. */
  readonly broker?: TaskBroker;
  /**
   * Sends a durable message as this task. Repeated attempts repeat the same numbers, so each call takes
   * effect once if the handler makes the same calls in the same order.
   */
  tell(
    to: string,
    message: { readonly type: string },
    options?: { readonly replyTo?: string },
  ): Promise<void>;
  /** An ask from outside the actor, for tasks that need committed state of others. */
  ask(address: string, query: string, input?: object): Promise<unknown>;
}

/** Work outside of turns: asynchronous, at least once. What it returns must survive msgpack. */
// oxlint-disable-next-line typescript/no-explicit-any -- tasks are looked up by name; each narrows its own input
export type TaskHandler = (input: any, context: TaskContext) => Promise<unknown>;

export interface ActorDeclaration<Machine extends AnyStateMachine> {
  readonly kind: string;
  readonly messages: MessageSchemas;
  readonly events?: EventSchemas;
  readonly queries?: Readonly<Record<string, Query<ContextFrom<Machine>>>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- rows are typed at each table's handle
  readonly tables?: Readonly<Record<string, Table<any>>>;
  readonly tasks?: Readonly<Record<string, TaskHandler>>;
  readonly machine: Machine;
  /** Raised whenever the shape of the context or the states changes; rows have a version of their own. */
  readonly version?: number;
  /**
   * Brings a stored snapshot of an older version up to date, before the actor's next turn, which stores the
   * new one. Pure. One that throws parks its actor.
   */
  readonly migrate?: SnapshotMigration;
  /**
   * How many messages in a row the actor may fail on; the next one quarantines it: what comes then waits until an
   * operator resumes it. 0: the first failure does; Infinity: none ever does. Default: 5.
   */
  readonly quarantineAfter?: number;
}

/** A kind of actor, ready for `createSystem`. */
export interface ActorDefinition extends Omit<ActorDeclaration<AnyStateMachine>, 'queries'> {
  readonly events: EventSchemas;
  readonly queries: Readonly<Record<string, Query<never>>>;
  readonly version: number;
  readonly quarantineAfter: number;
}

/**
 * Declares a kind of actor. The machine's context is created with `input: {key}`.
 * Throws `definition.invalid` for what could never run durably: invoked or spawned children, table names
 * that differ from their handles, reserved names, tasks whose results are not declared as messages, versions
 * that are no whole numbers from 1, a quarantineAfter that is none from 0 nor Infinity.
 */
export function defineActor<Machine extends AnyStateMachine>(
  declaration: ActorDeclaration<Machine>,
): ActorDefinition {
  const fail = (message: string): never => {
    throw new BanyanError('definition.invalid', { message: `Actor '${declaration.kind}': ${message}` });
  };
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(declaration.kind))
    fail('a kind is 1 to 32 characters of a-z 0-9 - and begins with a letter');
  if (declaration.kind === WORKER_KIND) fail('the kind is reserved for the processes that nodes supervise');
  const { version = 1, quarantineAfter = LIMITS.quarantineAfter } = declaration;
  if (!Number.isSafeInteger(version) || version < 1)
    fail(`its version is ${version}; versions are whole numbers from 1`);
  if (
    quarantineAfter !== Number.POSITIVE_INFINITY &&
    !(Number.isSafeInteger(quarantineAfter) && quarantineAfter >= 0)
  )
    fail(`its quarantineAfter is ${quarantineAfter}; it takes a whole number from 0, or Infinity`);
  for (const type of Object.keys(declaration.messages)) {
    if (type.startsWith('xstate.')) fail(`the message type '${type}' is reserved by XState`);
  }
  for (const [name, table] of Object.entries(declaration.tables ?? {})) {
    if (table.name !== name) fail(`the table '${table.name}' is listed as '${name}'`);
  }
  for (const task of Object.keys(declaration.tasks ?? {})) {
    for (const result of [`${task}.done`, `${task}.failed`]) {
      if (declaration.messages[result] === undefined)
        fail(`the task '${task}' ends with a message '${result}', which is not declared`);
    }
  }
  for (const id of invokingStates(declaration.machine.config as StateConfig)) {
    fail(`the state '${id}' invokes a child; durable machines start work with task()`);
  }
  return {
    ...declaration,
    events: declaration.events ?? {},
    queries: declaration.queries ?? {},
    version,
    quarantineAfter,
  };
}

interface StateConfig {
  readonly invoke?: unknown;
  readonly states?: Readonly<Record<string, StateConfig>>;
}

function* invokingStates(config: StateConfig, path = '(root)'): Generator<string> {
  if (config.invoke !== undefined) yield path;
  for (const [name, child] of Object.entries(config.states ?? {}))
    yield* invokingStates(child, `${path}.${name}`);
}
