/**
 * Performs what a supervisor decided: real starts, stops, kills and timers. It decides nothing. Whatever
 * comes of an action returns through the supervisor's mailbox (`send`), never as a direct call.
 */
import { BanyanError } from '../protocol/errors.ts';
import type { ChildHandle, ChildSpec, ExitReason } from './child-spec.ts';
import type { Action, SupervisorEvent } from './supervisor-state.ts';

/** Time as the runtime gives it: real, or driven by a simulation. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Calls `fire` once after `delayMs`; returns how to cancel that. */
  setTimer(delayMs: number, fire: () => void): () => void;
}

/** What a supervisor tells whoever watches it: logs, metrics, the console. */
export type SupervisionEvent = { readonly at: number; readonly supervisor: string } & (
  | { readonly type: 'child-started'; readonly child: string; readonly incarnation: number }
  | { readonly type: 'child-start-failed'; readonly child: string; readonly error: unknown }
  | { readonly type: 'child-exited'; readonly child: string; readonly reason: ExitReason }
  | { readonly type: 'child-killed'; readonly child: string }
  | { readonly type: 'restart-scheduled'; readonly child: string; readonly delayMs: number }
  | { readonly type: 'gave-up'; readonly child: string; readonly reason: ExitReason }
  | { readonly type: 'exited'; readonly reason: ExitReason }
);

type Unplaced<T> = T extends unknown ? Omit<T, 'at' | 'supervisor'> : never;

/** The world outside, as a supervisor needs it. */
export interface PerformerPorts {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Must not throw. */
  readonly onEvent?: ((event: SupervisionEvent) => void) | undefined;
}

interface Incarnation {
  readonly id: string;
  readonly number: number;
  handle: ChildHandle | undefined;
  /** Aborted when it is to stop before it has come up. */
  readonly unwanted: AbortController;
  /** Its end has been reported; nothing more about it may be. */
  over: boolean;
  killed: boolean;
  stop: { readonly abort: AbortController; readonly cancelTimer: () => void } | undefined;
}

export interface Performer {
  perform(action: Action): void;
  /** Makes a specification startable; its `start` is all that a decision cannot hold. */
  learn(spec: ChildSpec): boolean;
  handle(id: string): ChildHandle | undefined;
  /** A number for a request, and the promise of its answer. */
  request(): { readonly request: number; readonly answer: Promise<void> };
  /** Resolves when every declared child has been up, or rejects with why the supervisor ended before. */
  readonly ready: Promise<void>;
  readonly exited: Promise<ExitReason>;
}

/** A performer for one incarnation of one supervisor. */
export function createPerformer(
  supervisor: string,
  ports: PerformerPorts,
  send: (event: SupervisorEvent) => void,
): Performer {
  const { clock, random } = ports;
  const specs = new Map<string, ChildSpec>();
  const living = new Map<string, Incarnation>();
  const timers = new Map<number, () => void>();
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  const ready = Promise.withResolvers<void>();
  const exit = Promise.withResolvers<ExitReason>();
  let requests = 0;
  // Nobody may be waiting for a start that fails: `startSupervisor` is, other callers need not be.
  ready.promise.catch(() => undefined);

  const report = (event: Unplaced<SupervisionEvent>): void => {
    ports.onEvent?.({ at: clock.now(), supervisor, ...event });
  };

  const ended = (child: Incarnation, reason: ExitReason): void => {
    if (child.over) return;
    child.over = true;
    child.stop?.cancelTimer();
    living.delete(child.id);
    report({ type: 'child-exited', child: child.id, reason });
    send({ type: 'child.exited', id: child.id, incarnation: child.number, reason, random: random() });
  };

  const askToStop = (child: Incarnation, handle: ChildHandle, signal: AbortSignal): void => {
    attempt(() => handle.stop(signal)).catch(() => kill(child));
  };

  const kill = (child: Incarnation): void => {
    if (child.over || child.killed) return;
    child.killed = true;
    child.stop?.cancelTimer();
    child.stop?.abort.abort();
    report({ type: 'child-killed', child: child.id });
    // Without a handle it has never been up; should it still come up, `start` below ends it.
    if (child.handle === undefined) ended(child, { kind: 'killed' });
    else child.handle.kill();
  };

  const start = (id: string, number: number): void => {
    const unwanted = new AbortController();
    const child: Incarnation = {
      id,
      number,
      handle: undefined,
      unwanted,
      over: false,
      killed: false,
      stop: undefined,
    };
    living.set(id, child);
    const failedToStart = (error: unknown): void => {
      if (child.over) return;
      child.over = true;
      child.stop?.cancelTimer();
      living.delete(id);
      report({ type: 'child-start-failed', child: id, error });
      send({ type: 'child.startFailed', id, incarnation: number, error, random: random() });
    };
    const cameUp = (handle: ChildHandle): void => {
      if (child.over) return handle.kill();
      child.handle = handle;
      if (child.stop === undefined) {
        report({ type: 'child-started', child: id, incarnation: number });
        send({ type: 'child.started', id, incarnation: number });
      } else {
        askToStop(child, handle, child.stop.abort.signal);
      }
      handle.exited.then(
        (reason) => ended(child, reason),
        (error: unknown) => ended(child, { kind: 'error', error }),
      );
    };
    attempt(() => specOf(id).start(unwanted.signal)).then(cameUp, failedToStart);
  };

  const specOf = (id: string): ChildSpec => {
    const spec = specs.get(id);
    if (spec === undefined) throw new Error(`no specification of '${id}'`);
    return spec;
  };

  const stop = (id: string, number: number, shutdownMs: number): void => {
    const child = living.get(id);
    if (child === undefined || child.number !== number) return;
    const asked = child.stop !== undefined;
    child.stop?.cancelTimer();
    const abort = child.stop?.abort ?? new AbortController();
    const cancelTimer =
      Number.isFinite(shutdownMs) && shutdownMs > 0
        ? clock.setTimer(shutdownMs, () => kill(child))
        : () => undefined;
    child.stop = { abort, cancelTimer };
    if (child.handle === undefined) child.unwanted.abort();
    if (shutdownMs <= 0) kill(child);
    else if (!asked && child.handle !== undefined) askToStop(child, child.handle, abort.signal);
  };

  const perform = (action: Action): void => {
    switch (action.type) {
      case 'start':
        return start(action.id, action.incarnation);
      case 'stop':
        return stop(action.id, action.incarnation, action.shutdownMs);
      case 'restartLater': {
        const { id, timer, delayMs } = action;
        report({ type: 'restart-scheduled', child: id, delayMs });
        const fire = (): void => {
          timers.delete(timer);
          send({ type: 'restart.due', timer });
        };
        timers.set(timer, clock.setTimer(delayMs, fire));
        return;
      }
      case 'giveUp':
        return report({ type: 'gave-up', child: action.id, reason: action.reason });
      case 'forget':
        specs.delete(action.id);
        return;
      case 'settle': {
        const caller = waiting.get(action.request);
        waiting.delete(action.request);
        if (action.error === undefined) caller?.resolve();
        else caller?.reject(action.error);
        return;
      }
      case 'ready':
        return ready.resolve();
      case 'exit':
        for (const cancel of timers.values()) cancel();
        timers.clear();
        report({ type: 'exited', reason: action.reason });
        ready.reject(action.reason.error ?? endedEarly(supervisor));
        exit.resolve(action.reason);
        return;
    }
  };

  return {
    perform,
    learn: (spec) => {
      if (specs.has(spec.id)) return false;
      specs.set(spec.id, spec);
      return true;
    },
    handle: (id) => living.get(id)?.handle,
    request: () => {
      requests += 1;
      const caller = Promise.withResolvers<void>();
      waiting.set(requests, caller);
      return { request: requests, answer: caller.promise };
    },
    ready: ready.promise,
    exited: exit.promise,
  };
}

function endedEarly(supervisor: string): BanyanError {
  return new BanyanError('actor.ended', {
    message: `The supervisor '${supervisor}' was stopped before all its children were up`,
  });
}

/** Calls at once, and turns a synchronous throw into a rejection. */
function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(call());
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}
