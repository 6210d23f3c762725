/**
 * Performs what a supervisor decided: real starts, stops, kills and timers. It decides nothing. Whatever
 * comes of an action returns through the supervisor's mailbox (`send`), never as a direct call.
 */
import { BanyanError } from '../protocol/errors.ts';
import { TransientFault } from '../protocol/transient-fault.ts';
import { type ChildHandle, type ChildSpec, type ExitReason } from './child-spec.ts';
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
  | { readonly type: 'child-ignored'; readonly child: string }
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

/** A child that was up before its supervisor heard of it. */
export interface AdoptedChild {
  readonly spec: ChildSpec;
  readonly handle: ChildHandle;
}

interface Incarnation {
  readonly id: string;
  readonly number: number;
  handle: ChildHandle | undefined;
  /** Aborted when it is to stop before it has come up; let go of when it is up. */
  unwanted: AbortController | undefined;
  /** Its end has been reported; nothing more about it may be. */
  over: boolean;
  killed: boolean;
  stop: { readonly abort: AbortController; readonly cancelTimer: () => void } | undefined;
}

export interface Performer {
  perform(action: Action): void;
  /** Running children that the next decision may adopt. */
  offer(children: readonly AdoptedChild[]): void;
  handle(id: string): ChildHandle | undefined;
  /** A number for a request, and the promise of its answer. One that adds a child brings its specification. */
  request(spec?: ChildSpec): { readonly request: number; readonly answer: Promise<void> };
  /** Resolves when every declared child has been up, or rejects with why the supervisor ended before. */
  readonly ready: Promise<void>;
  readonly exited: Promise<ExitReason>;
}

/** A performer for one incarnation of one supervisor. */
export function createPerformer(
  supervisor: string,
  ports: PerformerPorts,
  children: readonly ChildSpec[],
  send: (event: SupervisorEvent) => void,
): Performer {
  const { clock, random } = ports;
  const specs = new Map(children.map((spec) => [spec.id, spec]));
  const living = new Map<string, Incarnation>();
  const timers = new Map<number, () => void>();
  const waiting = new Map<
    number,
    { readonly caller: PromiseWithResolvers<void>; readonly spec?: ChildSpec }
  >();
  const ready = Promise.withResolvers<void>();
  const exit = Promise.withResolvers<ExitReason>();
  let offered: ReadonlyMap<string, AdoptedChild> = new Map();
  let requests = 0;
  // Nobody may be waiting for a start that fails: `startSupervisor` is, other callers need not be.
  ready.promise.catch(() => undefined);

  const report = (event: Unplaced<SupervisionEvent>): void => {
    ports.onEvent?.({ at: clock.now(), supervisor, ...event });
  };

  /** What it came to is reported next, and nothing after that. */
  const close = (child: Incarnation): void => {
    child.over = true;
    child.stop?.cancelTimer();
    living.delete(child.id);
  };

  const ended = (child: Incarnation, reason: ExitReason): void => {
    if (child.over) return;
    close(child);
    report({ type: 'child-exited', child: child.id, reason });
    const { id, number: incarnation } = child;
    const transient = isTransient(id, reason.error);
    send({ type: 'child.exited', id, incarnation, reason, random: random(), transient });
  };

  /** Whether it is declared that what happened to a child is no fault of its own. */
  const isTransient = (id: string, error: unknown): boolean => {
    try {
      return specs.get(id)?.isTransient?.(error) ?? error instanceof TransientFault;
    } catch {
      return false;
    }
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
    const child = newIncarnation(id, number, unwanted);
    living.set(id, child);
    const ignored = (): void => {
      close(child);
      report({ type: 'child-ignored', child: id });
      send({ type: 'child.ignored', id, incarnation: number });
    };
    const failedToStart = (error: unknown): void => {
      if (child.over) return;
      close(child);
      report({ type: 'child-start-failed', child: id, error });
      const transient = isTransient(id, error);
      send({ type: 'child.startFailed', id, incarnation: number, error, random: random(), transient });
    };
    const cameUp = (handle: ChildHandle | undefined): void => {
      if (child.over) return handle?.kill();
      child.unwanted = undefined;
      if (handle === undefined) return ignored();
      child.handle = handle;
      if (child.stop === undefined) {
        report({ type: 'child-started', child: id, incarnation: number });
        send({ type: 'child.started', id, incarnation: number });
      } else {
        askToStop(child, handle, child.stop.abort.signal);
      }
      watch(child, handle);
    };
    attempt(() => specOf(id).start(unwanted.signal)).then(cameUp, failedToStart);
  };

  const watch = (child: Incarnation, { exited }: ChildHandle): void => {
    exited.then(
      (reason) => ended(child, reason),
      (error: unknown) => ended(child, { kind: 'error', error }),
    );
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
    child.unwanted?.abort();
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
          send({ type: 'restart.due', id, timer });
        };
        timers.set(timer, clock.setTimer(delayMs, fire));
        return;
      }
      case 'giveUp':
        return report({ type: 'gave-up', child: action.id, reason: action.reason });
      case 'forget':
        specs.delete(action.id);
        living.delete(action.id);
        return;
      case 'learn': {
        const { spec } = waiting.get(action.request) ?? {};
        if (spec !== undefined) specs.set(action.id, spec);
        return;
      }
      case 'adopt': {
        const child = offered.get(action.id);
        if (child !== undefined) adopt(child);
        return;
      }
      case 'settle': {
        const { caller } = waiting.get(action.request) ?? {};
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

  const adopt = ({ spec, handle }: AdoptedChild): void => {
    const child = newIncarnation(spec.id, 1);
    child.handle = handle;
    specs.set(spec.id, spec);
    living.set(spec.id, child);
    watch(child, handle);
  };

  return {
    perform,
    offer: (running) => {
      offered = new Map(running.map((child) => [child.spec.id, child]));
    },
    handle: (id) => living.get(id)?.handle,
    request: (spec) => {
      requests += 1;
      const caller = Promise.withResolvers<void>();
      waiting.set(requests, spec === undefined ? { caller } : { caller, spec });
      return { request: requests, answer: caller.promise };
    },
    ready: ready.promise,
    exited: exit.promise,
  };
}

function newIncarnation(id: string, number: number, unwanted?: AbortController): Incarnation {
  return { id, number, handle: undefined, unwanted, over: false, killed: false, stop: undefined };
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
