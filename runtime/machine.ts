/**
 * A machine as the runtime uses it: a pure function from (snapshot, event) to (snapshot, actions).
 * XState's `transition()` builds an inert actor on every call, which costs as much as the transition;
 * one scope per machine does.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  createMachine,
  type EventObject,
} from 'xstate';
import { decode, encode } from '../protocol/codec.ts';
import { UnreadableState } from './current-turn.ts';
import { messageOf } from './thrown-message.ts';

/** An action as XState resolved it: built-ins carry their parameters, an author's own carry a function. */
export interface ResolvedAction {
  readonly type: string;
  readonly info: unknown;
  readonly params: unknown;
  readonly exec: ((info: unknown, params: unknown) => void) | undefined;
}

/** A snapshot and the actions that led to it, not yet performed. */
export interface Step {
  readonly snapshot: AnyMachineSnapshot;
  readonly actions: readonly ResolvedAction[];
}

/** What is stored of an actor: `[version, timeMs, status, value, context, history]`. */
type StoredSnapshot = readonly [number, number, string, unknown, unknown, unknown];

/** The part of a snapshot that an author's `migrate` sees. */
export interface MigratedSnapshot {
  readonly value: unknown;
  readonly context: unknown;
}

/** Makes a snapshot of an older version one of today's. Pure: it runs outside of any turn, whenever one is loaded. */
export type SnapshotMigration = (
  snapshot: { value: unknown; context: unknown },
  fromVersion: number,
) => { value: unknown; context: unknown };

/** An always-loop or a self-raise that never ends is a bug of the machine, found after this many microsteps. */
const MAX_MICROSTEPS = 10_000;

export class Machine {
  readonly #machine: AnyStateMachine;
  readonly #version: number;
  readonly #migrate: SnapshotMigration | undefined;
  readonly #scope;
  #actions: ResolvedAction[] = [];

  constructor(declared: AnyStateMachine, version: number, migrate?: SnapshotMigration) {
    const machine = withOwnContexts(declared);
    machine.options.maxIterations = Math.min(
      declared.options.maxIterations ?? MAX_MICROSTEPS,
      MAX_MICROSTEPS,
    );
    this.#machine = machine;
    this.#version = version;
    this.#migrate = migrate;
    const self = createActor(createMachine({}));
    this.#scope = {
      self,
      system: self.system,
      id: '',
      sessionId: '',
      logger: () => {},
      defer: () => {},
      stopChild: () => {},
      emit: () => {},
      actionExecutor: (action: ResolvedAction) => {
        this.#actions.push(action);
      },
      // oxlint-disable-next-line typescript/no-explicit-any -- XState's scope type is internal; these are the members it reads
    } as any;
  }

  /** The state of an actor before its first message. */
  initial(input: { readonly key: string }): Step {
    return this.#step(() => this.#machine.getInitialSnapshot(this.#scope, input));
  }

  transition(snapshot: AnyMachineSnapshot, event: EventObject): Step {
    return this.#step(() => this.#machine.transition(snapshot, event, this.#scope));
  }

  /** A turn's result is its bytes: what changes the live object later cannot change them (rule R4). */
  encode(snapshot: AnyMachineSnapshot, timeMs: number): Uint8Array {
    const history =
      Object.keys(snapshot.historyValue).length === 0 ? null : historyOf(snapshot, this.#machine);
    return encode([
      this.#version,
      timeMs,
      snapshot.status,
      snapshot.value,
      snapshot.context,
      history,
    ] satisfies StoredSnapshot);
  }

  /**
   * Throws `UnreadableState`: `snapshot.version` for a state that is newer, or that nothing migrates,
   * `snapshot.migration` when `migrate` throws or what it returns does not fit the machine.
   */
  decode(bytes: Uint8Array): { snapshot: AnyMachineSnapshot; timeMs: number } {
    const [version, timeMs, status, ...stored] = decode(bytes) as StoredSnapshot;
    const [value, context, history] = stored;
    if (version === this.#version) {
      try {
        return { snapshot: this.#restore(status, { value, context }, history), timeMs };
      } catch (cause) {
        const message = `The stored state does not fit the machine: ${messageOf(cause)}`;
        throw new UnreadableState('snapshot.version', { message, cause });
      }
    }
    if (version > this.#version || this.#migrate === undefined) {
      const missing = version < this.#version ? ', which has no migrate()' : '';
      throw new UnreadableState('snapshot.version', {
        message: `The stored state has version ${version}, the actor ${this.#version}${missing}.`,
      });
    }
    try {
      // Through its bytes: what does not survive them must not be seen by one turn only.
      const migrated = decode(encode(this.#migrate({ value, context }, version))) as MigratedSnapshot;
      return { snapshot: this.#restore(status, migrated, history), timeMs };
    } catch (cause) {
      throw new UnreadableState('snapshot.migration', {
        message: `The stored state could not be migrated from version ${version} to ${this.#version}: ${messageOf(cause)}`,
        cause,
      });
    }
  }

  #restore(status: string, { value, context }: MigratedSnapshot, history: unknown): AnyMachineSnapshot {
    const persisted = { status, value, context, historyValue: history ?? {}, children: {} };
    return this.#machine.restoreSnapshot(persisted as never, this.#scope) as AnyMachineSnapshot;
  }

  #step(run: () => AnyMachineSnapshot): Step {
    this.#actions = [];
    const snapshot = run();
    const actions = this.#actions;
    this.#actions = [];
    if (snapshot.status === 'error') throw (snapshot as { error?: unknown }).error;
    return { snapshot, actions };
  }
}

/**
 * XState gives every actor the one context object of the configuration. An action that changes it in place, in a
 * turn that is undone even, would change what every new actor of the kind begins with.
 */
function withOwnContexts(machine: AnyStateMachine): AnyStateMachine {
  const { context } = machine.config as { context?: unknown };
  if (typeof context !== 'object' || context === null) return machine;
  try {
    structuredClone(context);
  } catch {
    // It holds functions, which would not survive its first turn either.
    return machine;
  }
  const own = machine.provide({});
  return Object.assign(own, { config: { ...machine.config, context: () => structuredClone(context) } });
}

function historyOf(snapshot: AnyMachineSnapshot, machine: AnyStateMachine): unknown {
  return (machine.getPersistedSnapshot(snapshot) as { historyValue?: unknown }).historyValue;
}
