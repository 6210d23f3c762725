/**
 * What an actor promises to others: its kind, the messages it takes, the events it emits. A contract is
 * separate from the actor that fulfils it, so two actors can talk to each other, fully typed, without
 * importing each other's machines.
 */
import type { z } from 'zod';
import { type Address, formatAddress } from './address.ts';

/** A zod schema per message type; each describes the message's fields without `type`. */
export type MessageSchemas = Readonly<Record<string, z.ZodObject>>;
/** A zod schema per event name; names are past tense and one subject token, such as `artifact-accepted`. */
export type EventSchemas = Readonly<Record<string, z.ZodObject>>;

/** The union of messages that a set of schemas describes, discriminated by `type`. */
export type MessageOf<M extends MessageSchemas> = {
  [T in keyof M & string]: { readonly type: T } & FieldsOf<z.infer<M[T]>>;
}[keyof M & string];

/** zod infers `Record<string, never>` for an object without fields, which no literal with a type satisfies. */
type FieldsOf<Fields> = string extends keyof Fields
  ? Fields[keyof Fields] extends never
    ? unknown
    : Fields
  : Fields;

/** The address of an actor, typed by the messages it takes. It is a plain string at run time. */
export type Ref<M extends MessageSchemas = MessageSchemas> = Address & { readonly __messages?: M };

/** The typed door to a kind of actor. */
export interface Contract<
  K extends string = string,
  M extends MessageSchemas = MessageSchemas,
  E extends EventSchemas = EventSchemas,
> {
  readonly kind: K;
  readonly messages: M;
  readonly events: E;
  /** The address of the actor of this kind with `key`; throws `address.invalid` for a key that breaks the rules. */
  at(key: string): Ref<M>;
}

/** Declares a contract once, for the actor that fulfils it and for everybody who talks to it. */
export function defineContract<
  const K extends string,
  M extends MessageSchemas,
  E extends EventSchemas = Record<never, never>,
>(declaration: { kind: K; messages: M; events?: E }): Contract<K, M, E> {
  return {
    kind: declaration.kind,
    messages: declaration.messages,
    events: declaration.events ?? ({} as E),
    at: (key) => formatAddress(declaration.kind, key),
  };
}

const internalSchemas = new WeakSet<object>();

/**
 * Marks a message as one that only the runtime and other actors may send (timers, task results, tells).
 * From outside it is refused with `message.not_public`.
 */
export function internal<S extends z.ZodObject>(schema: S): S {
  const marked = schema.meta({});
  internalSchemas.add(marked);
  return marked;
}

/** Whether a message schema was marked with {@link internal}. */
export function isInternal(schema: object): boolean {
  return internalSchemas.has(schema);
}
