/** A workload: actors for the production runtime, the same behaviour again as a model, and messages for both. */
import type { Address } from '../../protocol/address.ts';
import type { ActorDefinition } from '../../runtime/define-actor.ts';
import type { Draw } from './draw.ts';

/** What a client sends, and when: from 0, when the run begins, to 1, when the last message leaves. */
export interface Planned {
  readonly at: number;
  readonly to: Address;
  /** A message, bytes that are none, or an order for the actor. */
  readonly what:
    | { readonly message: { readonly type: string } }
    | { readonly bytes: Uint8Array }
    | { readonly order: 'pause' | 'resume' | 'kill' | 'delete' };
}

/** What a model may want done outside; numbered in the order of the calls, as the runtime numbers effects. */
export interface ModelTurn {
  readonly self: Address;
  tell(to: string, message: { readonly type: string }): void;
  emit(name: string, payload: object): void;
  schedule(name: string, delayMs: number, message: { readonly type: string }): void;
  cancel(name: string): void;
  task(name: string, input: unknown): void;
  watch(target: string): void;
  unwatch(target: string): void;
  /** The actor has reached its end. */
  end(): void;
}

/** A message that its actor throws at. */
export class Poison extends Error {}

/** A message that does not fit its schema: its actor never sees it. */
export class Misfit extends Error {}

/** An actor's behaviour in a few lines. Throws {@link Poison} or {@link Misfit} before it changes anything. */
export interface Model<State = unknown> {
  initial(): State;
  /** Which types it takes; others are poison. `internal` ones are poison from outside. */
  readonly takes: Readonly<Record<string, 'public' | 'internal'>>;
  /** Poison in a row that it survives; default 5. */
  readonly quarantineAfter?: number;
  apply(state: State, message: Record<string, unknown> & { readonly type: string }, turn: ModelTurn): State;
}

export interface Workload {
  readonly name: string;
  readonly actors: readonly ActorDefinition[];
  readonly models: Readonly<Record<string, Model>>;
  plan(draw: Draw, messages: number): Planned[];
}

/** A model as the table of models keeps it. */
export function model<State>(declared: Model<State>): Model {
  return declared;
}

/** Evenly spread over the run, each a little early or late. */
export function moments(draw: Draw, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (index + draw.next()) / count);
}
