/** Lets faults happen to a world. Every fault ends by itself, and all of them when faults are over. */
import type { Fault } from './faults.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

/** Faults that have begun and not yet ended. */
export class Injector {
  readonly #world: World;
  readonly #endings = new Set<() => void>();
  #isOver = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** Schedules all faults of the scenario. */
  begin(): void {
    for (const fault of this.#world.scenario.faults)
      this.#world.scheduler.after(fault.atMs, () => {
        if (!this.#isOver) this.#inject(fault);
      });
  }

  /** Ends every fault that has not ended, and lets no other begin. */
  end(): void {
    this.#isOver = true;
    for (const end of [...this.#endings]) end();
  }

  #inject(fault: Fault): void {
    const { coverage, history, scheduler, network } = this.#world;
    history.note(scheduler.nowMs, `fault ${JSON.stringify(fault)}`);
    if ('machine' in fault) {
      const machine = this.#world.machines[fault.machine];
      // A smaller scenario may have fewer machines.
      if (machine === undefined) return undefined;
      for (const state of machine.states()) coverage.fault(fault.kind, state);
      return this.#onMachine(fault, machine);
    }
    switch (fault.kind) {
      case 'weather':
        return this.#until(fault.forMs, network.bring(fault.weather));
      case 'repeats':
        this.#world.repeatRate = fault.rate;
        return this.#until(fault.forMs, () => (this.#world.repeatRate = 0));
      case 'broker-full':
        return this.#until(fault.forMs, network.afflict('full'));
      case 'broker-leaderless':
        return this.#until(fault.forMs, network.afflict('leaderless'));
      case 'broker-down':
        return this.#until(fault.forMs, network.afflict('down'));
    }
  }

  #onMachine(fault: Extract<Fault, { machine: number }>, machine: Machine): void {
    const { network, placement } = this.#world;
    switch (fault.kind) {
      case 'crash':
        return machine.crash(fault.downMs);
      case 'power':
        return machine.losePower(fault.downMs);
      case 'crash-at-call':
        machine.doom(fault.calls, fault.when);
        return this.#until(Number.POSITIVE_INFINITY, () => machine.spare());
      case 'stop':
        return void machine.stop(fault.graceMs, fault.downMs);
      case 'freeze': {
        const { process } = machine;
        process?.freeze();
        return this.#until(fault.forMs, () => process?.thaw());
      }
      case 'sick':
        machine.sickness = fault.rate;
        return this.#until(fault.forMs, () => (machine.sickness = 0));
      case 'cut-off':
        return this.#until(fault.forMs, network.cutOff(machine.name));
      case 'streams-silent':
      case 'streams-severed':
        for (const stream of [...network.streams]) {
          if (stream.process !== machine.process) continue;
          if (fault.kind === 'streams-silent') stream.silence();
          else stream.sever();
        }
        return undefined;
      case 'disk-full':
      case 'disk-failing':
        machine.disk.trouble = fault.kind === 'disk-full' ? 'full' : 'failing';
        return this.#until(fault.forMs, () => (machine.disk.trouble = undefined));
      case 'clock-step':
        return machine.stepClock(fault.byMs);
      case 'seize':
      case 'move': {
        const { partition } = fault;
        const owner = this.#world.machines[placement[partition] ?? -1];
        if (owner === undefined || owner === machine) return undefined;
        placement[partition] = fault.machine;
        if (fault.kind === 'seize') return machine.take([partition]);
        return void owner.release(partition).then(() => machine.take([partition]));
      }
      case 'upgrade':
        machine.upgrades++;
        return void machine.stop(fault.graceMs, 0);
      case 'contend':
        return this.#contend(fault.machine, fault.times, fault.everyMs);
    }
  }

  /** Two machines take everything from each other, in turn. */
  #contend(first: number, times: number, everyMs: number): void {
    const { machines, placement, scheduler } = this.#world;
    const second = (first + 1) % machines.length;
    const everything = [...placement.keys()];
    const next = (turn: number): void => {
      if (this.#isOver || turn >= times) return;
      const index = turn % 2 === 0 ? first : second;
      placement.fill(index);
      machines[index]?.take(everything);
      scheduler.after(everyMs, () => next(turn + 1));
    };
    next(0);
  }

  #until(forMs: number, end: () => void): void {
    const ending = (): void => {
      if (this.#endings.delete(ending)) end();
    };
    this.#endings.add(ending);
    if (forMs < Number.POSITIVE_INFINITY) this.#world.scheduler.after(forMs, ending);
  }
}
