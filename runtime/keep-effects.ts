/**
 * What a turn wants done outside, made ready. Every effect is prepared before the first one is kept: one
 * that cannot be encoded, or breaks a limit, fails the turn and leaves nothing behind (I2).
 */
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { EffectNumber } from '../protocol/frame.ts';
import type { Subjects } from '../protocol/subjects.ts';
import type { Effect, ReplyHandle } from './current-turn.ts';
import type { Outbox, Prepared } from './outbox.ts';
import type { Received } from './receive.ts';
import type { Results } from './results.ts';
import type { TaskRows } from './tasks.ts';
import type { TimerRows } from './timers.ts';
import type { TurnResult } from './turn.ts';
import type { Watches } from './watches.ts';

/** An answer that leaves after the window has committed; at most once. */
export interface Answer {
  readonly to: ReplyHandle;
  readonly body:
    | { readonly ok: true; readonly value: unknown }
    | { readonly ok: false; readonly error: object };
}

/** Where effects go. What becomes rows is undone with the turn; the rest is returned. */
export interface EffectPlaces {
  readonly outbox: Outbox;
  readonly subjects: Subjects;
  readonly timers: TimerRows;
  readonly tasks: TaskRows;
  readonly results: Results;
  readonly watches: Watches;
}

/** A turn that has ended. */
export interface EndedTurn {
  readonly self: Address;
  readonly received: Received;
  readonly nowMs: number;
  readonly result: TurnResult;
}

/** Throws `turn.limit`, and whatever makes an effect one that no receiver would take. */
export function prepareEffects(
  places: EffectPlaces,
  turn: EndedTurn,
  nextNumber: () => EffectNumber,
): { readonly prepared: readonly Prepared[]; readonly answers: readonly Answer[] } {
  checkLimits(turn.result);
  const { replyTo } = turn.received;
  const prepared: Prepared[] = [];
  const answers: Answer[] = [];
  let answered = turn.result.replyDeferred;
  for (const effect of turn.result.effects) {
    const number = nextNumber();
    if (effect.kind !== 'reply') {
      const made = prepare(places, turn, number, effect);
      if (made !== undefined) prepared.push(made);
      continue;
    }
    answered ||= effect.to.id === replyTo?.id;
    if (isActor(effect.to)) prepared.push(prepareReply(places, turn, number, effect.to, effect.value));
    else answers.push(answer(places, turn, effect.to, effect.value));
  }
  // A call is always answered: whoever waits for it learns that its turn is done.
  if (!answered && replyTo !== undefined && !isActor(replyTo)) {
    answers.push(answer(places, turn, replyTo, null));
  }
  if (turn.result.effects.some(({ kind }) => kind === 'watch')) places.watches.checkLimit(turn.self);
  return { prepared, answers };
}

/** Whether the answer is a message to an actor; everything else is a subject somebody listens on. */
export function isActor(handle: ReplyHandle): boolean {
  return handle.to.includes('/');
}

function checkLimits({ bytes, effects }: TurnResult): void {
  if (bytes.byteLength > LIMITS.snapshotBytes) {
    throw new BanyanError('turn.limit', {
      message: `The state has ${bytes.byteLength} bytes (at most ${LIMITS.snapshotBytes}).`,
    });
  }
  if (effects.length > LIMITS.turnEffects) {
    throw new BanyanError('turn.limit', {
      message: `A turn has ${effects.length} effects (at most ${LIMITS.turnEffects}).`,
    });
  }
}

function prepare(
  { outbox, subjects, timers, tasks, watches }: EffectPlaces,
  { self, received, nowMs }: EndedTurn,
  number: EffectNumber,
  effect: Exclude<Effect, { kind: 'reply' }>,
): Prepared | undefined {
  switch (effect.kind) {
    case 'tell': {
      const { to, message } = effect;
      return outbox.prepareTell(number, { to, message, sender: self, ...traceOf(received) });
    }
    case 'emit': {
      const body = { type: effect.name, ...effect.payload, actor: self, at: nowMs };
      return outbox.preparePublication('event', number, subjects.event(self, effect.name), body);
    }
    case 'schedule':
      timers.set(self, effect.name, number, nowMs, effect.delayMs, effect.message);
      return undefined;
    case 'cancel':
      timers.cancel(self, effect.name);
      return undefined;
    case 'task': {
      const { name, input, pool } = effect;
      tasks.start(number, { address: self, name, input, ...(pool === undefined ? {} : { pool }) });
      return undefined;
    }
    case 'watch':
    case 'unwatch': {
      const { kind, target } = effect;
      const order = kind === 'watch' ? watches.begin(self, target, number) : watches.end(self, target);
      return order && outbox.prepareTell(number, order, 'control');
    }
  }
}

/** An actor gets the value as a message: itself when it has a type, else wrapped in a `reply`. */
function prepareReply(
  { outbox }: EffectPlaces,
  { self, received }: EndedTurn,
  number: EffectNumber,
  to: ReplyHandle,
  value: unknown,
): Prepared {
  const typed =
    typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
  const message = typed ? (value as { type: string }) : { type: 'reply', id: to.id, value };
  return outbox.prepareTell(number, {
    to: to.to as Address,
    message,
    sender: self,
    ...traceOf(received),
  });
}

function answer({ results }: EffectPlaces, { nowMs }: EndedTurn, to: ReplyHandle, value: unknown): Answer {
  const bytes = encode(value).byteLength;
  if (bytes > LIMITS.replyBytes) {
    throw new BanyanError('reply.too_large', {
      message: `The answer has ${bytes} bytes (at most ${LIMITS.replyBytes}).`,
    });
  }
  if (to.id !== '') results.put(to.id, value, nowMs);
  return { to, body: { ok: true, value } };
}

function traceOf({ correlationId, traceparent }: Received): { correlationId?: string; traceparent?: string } {
  return {
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
