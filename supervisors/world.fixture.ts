/** A world for pure decisions: it does what they want when the test says so, and checks the order as it goes. */
import { expect } from 'vitest';
import { DEFAULT_BACKOFF } from './backoff.ts';
import type { ChildFacts, ExitReason, RestartType } from './child-spec.ts';
import { decide } from './strategy.ts';
import {
  type Action,
  ALL,
  type AutoShutdown,
  newSupervisor,
  type Strategy,
  type SupervisorEvent,
  type SupervisorState,
} from './supervisor-state.ts';

export const crash: ExitReason = { kind: 'error', error: new Error('boom') };

export class World {
  state: SupervisorState;
  now = 0;
  readonly log: string[] = [];
  readonly actions: Action[] = [];
  readonly starting = new Map<string, number>();
  readonly up = new Map<string, number>();
  readonly stopping = new Map<string, number>();
  readonly timers: { readonly id: string; readonly timer: number }[] = [];

  constructor(
    strategy: Strategy,
    children: readonly (string | ChildFacts)[],
    max = 3,
    autoShutdown: AutoShutdown = 'never',
  ) {
    this.state = newSupervisor({
      id: 'root',
      strategy,
      autoShutdown,
      intensity: { max, windowMs: 1000 },
      backoff: DEFAULT_BACKOFF,
      children: children.map((child) => (typeof child === 'string' ? facts(child) : child)),
    });
  }

  send(event: SupervisorEvent): void {
    const { state, actions } = decide(this.state, event, this.now);
    this.state = state;
    for (const action of actions) this.take(action);
  }

  private take(action: Action): void {
    this.actions.push(action);
    if (action.type === 'start') {
      expect(this.alive(action.id), `${action.id} has one incarnation at a time`).toBe(false);
      this.starting.set(action.id, action.incarnation);
      this.log.push(`+${action.id}`);
    } else if (action.type === 'stop') {
      expect(this.alive(action.id), `${action.id} is alive when it is stopped`).toBe(true);
      this.starting.delete(action.id);
      this.up.delete(action.id);
      this.stopping.set(action.id, action.incarnation);
      this.log.push(`-${action.id}`);
    } else if (action.type === 'restartLater') this.timers.push(action);
    else if (action.type === 'giveUp' || action.type === 'exit' || action.type === 'ready')
      this.log.push(action.type);
  }

  /** Whether it has ended by itself while the supervisor was busy, which has not looked at that yet. */
  endedUnseen(id: string): boolean {
    const deferred = this.state.lanes.get(ALL)?.deferred ?? [];
    return deferred.some((event) => event.type === 'child.exited' && event.id === id);
  }

  alive(id: string): boolean {
    return this.starting.has(id) || this.up.has(id) || this.stopping.has(id);
  }

  finishStart(id: string, error?: Error, transient = false): void {
    const incarnation = this.starting.get(id) ?? 0;
    this.starting.delete(id);
    if (error === undefined) {
      this.up.set(id, incarnation);
      this.send({ type: 'child.started', id, incarnation });
    } else this.send({ type: 'child.startFailed', id, incarnation, error, random: 0, transient });
  }

  finishStop(id: string): void {
    this.exit(id, this.stopping, { kind: 'shutdown' });
  }

  crash(id: string, reason = crash, transient = false): void {
    this.exit(id, this.up, reason, transient);
  }

  fire(timer = this.timers.shift()): void {
    if (timer !== undefined) this.send({ type: 'restart.due', id: timer.id, timer: timer.timer });
  }

  /** Lets everything under way succeed until nothing is. */
  settle(): this {
    for (;;) {
      const [start] = this.starting.keys();
      const [stop] = this.stopping.keys();
      if (stop !== undefined) this.finishStop(stop);
      else if (start !== undefined) this.finishStart(start);
      else if (this.timers.length > 0) this.fire();
      else return this;
    }
  }

  boot(): this {
    this.send({ type: 'boot' });
    this.settle();
    this.log.length = 0;
    return this;
  }

  private exit(id: string, from: Map<string, number>, reason: ExitReason, transient = false): void {
    const incarnation = from.get(id) ?? 0;
    from.delete(id);
    this.send({ type: 'child.exited', id, incarnation, reason, random: 0, transient });
  }
}

export function facts(
  id: string,
  restart: RestartType = 'permanent',
  more: Partial<ChildFacts> = {},
): ChildFacts {
  return { id, type: 'worker', restart, significant: false, shutdownMs: 100, ...more };
}
