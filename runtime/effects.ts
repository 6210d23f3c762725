/**
 * What an author calls from a machine's actions. Every effect is recorded as data and performed after the
 * turn's window has committed; a turn that throws has no effects.
 */
import type { z } from 'zod';
import type { Address } from '../protocol/address.ts';
import type { Contract, EventSchemas, MessageOf, MessageSchemas, Ref } from '../protocol/contract.ts';
import { currentTurn, type ReplyHandle } from './current-turn.ts';

export type { ReplyHandle } from './current-turn.ts';

/** Sends a durable message to an actor; it takes effect exactly once, in the order of sending. */
export function tell<M extends MessageSchemas>(to: Ref<M>, message: MessageOf<M>): void {
  currentTurn().effect({ kind: 'tell', to, message });
}

/** Publishes an event, at least once, with a stable id. `contract` is the running actor's own. */
export function emit<E extends EventSchemas, N extends keyof E & string>(
  contract: Contract<string, MessageSchemas, E>,
  name: N,
  payload: z.infer<E[N]>,
): void {
  // The contract types the payload; the runtime takes the kind from the running actor.
  void contract;
  currentTurn().effect({ kind: 'emit', name, payload: payload });
}

/** Answers the call that the running turn processes, or an earlier one that was deferred; at most once. */
export function reply(value: unknown, to?: ReplyHandle): void {
  const turn = currentTurn();
  const handle = to ?? turn.replyTo;
  if (handle !== undefined) turn.effect({ kind: 'reply', to: handle, value });
}

/**
 * Takes over the answer to the running call: the turn ends without one, and a later turn passes the handle
 * to {@link reply}. Undefined when the message expects no answer.
 */
export function deferReply(): ReplyHandle | undefined {
  const turn = currentTurn();
  turn.deferReply();
  return turn.replyTo;
}

/** Sends `message` to the running actor itself after `delayMs`, durably; replaces the timer of the same name. */
export function schedule<M extends { readonly type: string }>(
  name: string,
  delayMs: number,
  message: M,
): void {
  currentTurn().effect({ kind: 'schedule', name, delayMs, message });
}

/** Cancels a timer of the running actor. */
export function cancel(name: string): void {
  currentTurn().effect({ kind: 'cancel', name });
}

/**
 * Starts a task of `defineActor({tasks})`: work in the outside world, at least once. Its first result comes
 * back as `{type: '<name>.done', input, output}` or `{type: '<name>.failed', input, error: {code, message}}`.
 * `pool: 'node.<id>'` binds the task to one node's machine.
 */
export function task(name: string, input: unknown, options: { readonly pool?: string } = {}): void {
  currentTurn().effect({
    kind: 'task',
    name,
    input,
    ...(options.pool === undefined ? {} : { pool: options.pool }),
  });
}

/**
 * Has the runtime tell the running actor once when `target`, an actor or a worker, goes down: a message `down`, as
 * the schema of that name describes it. Whoever is down already gives one at once. Watching twice is one watch.
 */
export function watch(target: Address): void {
  currentTurn().effect({ kind: 'watch', target });
}

/** Ends a watch: no `down` of it comes any more, not even one that is on its way. */
export function unwatch(target: Address): void {
  currentTurn().effect({ kind: 'unwatch', target });
}

/** Deterministic time, in milliseconds since the epoch. The wall clock must not be read in a turn. */
export const now = (): number => currentTurn().now;
/** Deterministic randomness, uniform in [0, 1). */
export const random = (): number => currentTurn().random();
/** The address of the running actor. */
export const self = (): Address => currentTurn().self;
/** Who sent the message that is being processed. */
export const sender = (): string | undefined => currentTurn().sender;
/** A stable, unique id of the message that is being processed. */
export const messageId = (): string => currentTurn().messageId;
