/**
 * One turn: a message meets an actor's state. Pure but for the rows, which the caller can roll back; what
 * should happen outside comes out as data.
 */
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import type { Address } from '../protocol/address.ts';
import { BanyanError } from '../protocol/errors.ts';
import {
  type Effect,
  type ReplyHandle,
  type Rows,
  type Turn,
  type UnreadableState,
  withTurn,
} from './current-turn.ts';
import type { ActorDefinition } from './define-actor.ts';
import type { Machine, ResolvedAction, Step } from './machine.ts';
import { randomSequence } from './randomness.ts';

/** Everything that a turn may depend on. The same input gives the same result, on any machine, at any time. */
export interface TurnInput {
  readonly definition: ActorDefinition;
  readonly machine: Machine;
  readonly self: Address;
  readonly key: string;
  /** Undefined for an actor's first message. */
  readonly snapshot: AnyMachineSnapshot | undefined;
  readonly message: EventObject;
  readonly nowMs: number;
  readonly sender: string | undefined;
  readonly messageId: string;
  readonly replyTo: ReplyHandle | undefined;
  readonly rows: Rows;
}

export interface TurnResult {
  readonly snapshot: AnyMachineSnapshot;
  readonly bytes: Uint8Array;
  readonly effects: readonly Effect[];
  /** Whether the turn took over the answer to its call. */
  readonly replyDeferred: boolean;
}

/**
 * Runs a turn. Throws whatever the machine throws, and `UnreadableState` for a row that this release cannot
 * read; the caller drops the turn's rows and effects then.
 */
export function runTurn(input: TurnInput): TurnResult {
  const turn = new RunningTurn(input);
  let result: TurnResult;
  try {
    result = withTurn(turn, () => take(input, turn));
  } catch (error) {
    throw turn.abandoned ?? error;
  }
  if (turn.abandoned !== undefined) throw turn.abandoned;
  return result;
}

function take(input: TurnInput, turn: RunningTurn): TurnResult {
  let snapshot = input.snapshot;
  if (snapshot === undefined) {
    const first = input.machine.initial({ key: input.key });
    perform(first, turn);
    snapshot = first.snapshot;
  }
  const next = input.machine.transition(snapshot, input.message);
  perform(next, turn);
  return {
    snapshot: next.snapshot,
    bytes: input.machine.encode(next.snapshot, input.nowMs),
    effects: turn.effects,
    replyDeferred: turn.replyDeferred,
  };
}

class RunningTurn implements Turn {
  readonly self: Address;
  readonly now: number;
  readonly sender: string | undefined;
  readonly messageId: string;
  readonly replyTo: ReplyHandle | undefined;
  readonly rows: Rows;
  readonly effects: Effect[] = [];
  replyDeferred = false;
  /** Why nothing of it counts. XState wraps what a guard throws, so it is remembered. */
  abandoned: UnreadableState | undefined;
  readonly #definition: ActorDefinition;
  #random: (() => number) | undefined;

  constructor(input: TurnInput) {
    this.self = input.self;
    this.now = input.nowMs;
    this.sender = input.sender;
    this.messageId = input.messageId;
    this.replyTo = input.replyTo;
    this.rows = input.rows;
    this.#definition = input.definition;
  }

  random(): number {
    this.#random ??= randomSequence(`${this.self}@${this.messageId}`);
    return this.#random();
  }

  effect(effect: Effect): void {
    if (effect.kind === 'emit') this.#checkEvent(effect.name, effect.payload);
    if (effect.kind === 'task' && this.#definition.tasks?.[effect.name] === undefined) {
      throw new BanyanError('turn.task_unknown', {
        message: `'${this.#definition.kind}' declares no task '${effect.name}'.`,
      });
    }
    this.effects.push(effect);
  }

  deferReply(): void {
    this.replyDeferred = true;
  }

  abandon(error: UnreadableState): never {
    this.abandoned ??= error;
    throw error;
  }

  #checkEvent(name: string, payload: object): void {
    const schema = this.#definition.events[name];
    const checked = schema?.safeParse(payload);
    if (checked?.success === true) return;
    const problem =
      checked === undefined
        ? 'is not declared'
        : `does not fit its schema: ${checked.error.issues[0]?.message}`;
    throw new BanyanError('turn.failed', { message: `The event '${name}' ${problem}.` });
  }
}

function perform(step: Step, turn: RunningTurn): void {
  for (const action of step.actions) {
    if (action.type.startsWith('xstate.')) performBuiltIn(action, turn);
    else action.exec?.(action.info, action.params);
  }
}

/** `after` and delayed `raise` become timers; what needs a live actor system is refused. */
function performBuiltIn(action: ResolvedAction, turn: RunningTurn): void {
  const params = action.params as
    | { id?: string; delay?: number; event?: EventObject; sendId?: string }
    | undefined;
  switch (action.type) {
    case 'xstate.raise':
      if (params?.delay === undefined || params.event === undefined) return;
      turn.effect({
        kind: 'schedule',
        name: params.id ?? params.event.type,
        delayMs: params.delay,
        message: params.event,
      });
      return;
    case 'xstate.cancel':
      turn.effect({ kind: 'cancel', name: params?.sendId ?? '' });
      return;
    case 'xstate.log':
      return;
    default:
      throw new BanyanError('turn.unsupported_action', {
        message: `A durable machine cannot perform '${action.type}'.`,
      });
  }
}
