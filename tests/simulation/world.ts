/** A world: the broker, machines, clients, and who is meant to own what. Everything in it moves by one scheduler. */
import { createHash } from 'node:crypto';
import type { Address } from '../../protocol/address.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import { partitionOfAddress } from '../../runtime/outbox.ts';
import type { Shard } from '../../runtime/shard.ts';
import { createSystem, type System } from '../../runtime/system.ts';
import { Broker } from './broker.ts';
import { canonical } from './checkers/judgement.ts';
import { Client } from './client.ts';
import { Coverage } from './coverage.ts';
import { Draw } from './draw.ts';
import { History } from './history.ts';
import { Machine } from './machine.ts';
import { Network } from './network.ts';
import type { Scenario } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
import type { Planned, Workload } from './workload.ts';
import { WORKLOADS } from './workloads/all.ts';

const START_MS = Date.UTC(2026, 0, 1);
const PLACEMENT_MS = 700;
const PROBE_MS = 900;
const WATCH_MS = 1.5;
const LOOK_MS = 1_000;
/** From this share of the limit on, processed entries are trimmed at once. */
const PRESSED = 0.5;

export const subjects = subjectsOf('sim');

/** Releases that differ in their version only: any may replay what another has turned. */
const RELEASES = [1, 2].map((release) =>
  createSystem({ actors: WORKLOADS.flatMap(({ actors }) => actors), settings: { release } }),
) as [System, System];
export const [system] = RELEASES;

export class World {
  readonly scenario: Scenario;
  readonly scheduler = new Scheduler(START_MS);
  readonly coverage = new Coverage();
  readonly history: History;
  readonly network: Network;
  readonly broker: Broker;
  readonly machines: Machine[];
  /** Which machine is meant to own each partition. */
  readonly placement: number[];
  readonly addresses: readonly Address[];
  /** How often streams repeat an entry. */
  repeatRate = 0;
  readonly #clients: Client[];
  readonly #digest = createHash('sha256');
  /** What the mailbox may hold now. */
  #limitBytes: number;
  #isOver = false;

  constructor(scenario: Scenario) {
    const { seed, machines, partitions, clients, messages } = scenario;
    this.scenario = scenario;
    this.#limitBytes = scenario.mailboxBytes;
    this.history = new History(partitions, (text) => void this.#digest.update(text).update('\n'));
    const luck = new Draw(seed, 'network');
    this.network = new Network(this.scheduler, luck.next, (fate, operation) => {
      this.coverage.count(`${fate}: ${operation}`);
    });
    this.network.isFull = () => this.#isFull();
    const repeats = new Draw(seed, 'repeats');
    this.broker = new Broker({
      subjects,
      partitions,
      scheduler: this.scheduler,
      network: this.network,
      history: this.history,
      repeats: () => this.repeatRate > 0 && repeats.chance(this.repeatRate),
    });
    const curiosity = new Draw(seed, 'curiosity');
    const draw = new Draw(seed, 'world');
    this.placement = Array.from({ length: partitions }, () => draw.whole(0, machines - 1));
    this.machines = Array.from(
      { length: machines },
      (_, index) =>
        new Machine({
          name: `n${index}`,
          scenario,
          releases: RELEASES,
          subjects,
          broker: this.broker,
          history: this.history,
          coverage: this.coverage,
          draw,
          onTaking: () => this.#watch(curiosity),
          placed: () => [...this.placement.keys()].filter((id) => this.placement[id] === index),
        }),
    );
    this.#clients = Array.from(
      { length: clients },
      (_, index) =>
        new Client({
          name: `client${index}`,
          broker: this.broker,
          history: this.history,
          subjects,
          partitions,
          numbers: draw.chance(0.5),
        }),
    );
    const planned = this.workloads.flatMap((workload) =>
      workload.plan(draw, Math.ceil(messages / scenario.workloads.length)),
    );
    this.addresses = [...new Set(planned.map(({ to }) => to))];
    for (const one of planned) this.#plan(one, draw.pick(this.#clients));
  }

  get workloads(): readonly Workload[] {
    return WORKLOADS.filter(({ name }) => this.scenario.workloads.includes(name));
  }

  get nowMs(): number {
    return this.scheduler.nowMs - START_MS;
  }

  /** A fingerprint of everything that happened. */
  hash(): string {
    return this.#digest.copy().digest('hex').slice(0, 32);
  }

  begin(): void {
    for (const machine of this.machines) machine.start();
    this.#every(PLACEMENT_MS, () => this.#place());
    this.#every(LOOK_MS, () => this.#look());
    const draw = new Draw(this.scenario.seed, 'probe');
    this.#every(PROBE_MS, () => this.#probe(draw));
  }

  /** Nothing more is placed or asked. */
  end(): void {
    this.#isOver = true;
  }

  /** What is still to do; undefined when nothing is. */
  unsettled(): string | undefined {
    const waiting = this.#clients.reduce((sum, client) => sum + client.waiting, 0);
    if (waiting > 0) return `clients wait for ${waiting} acknowledgements`;
    if (this.network.underWay > 0) return `${this.network.underWay} requests are under way`;
    for (const machine of this.machines) {
      if (machine.isRetired) continue;
      if (!machine.isUp)
        return `${machine.name} is not up: ${JSON.stringify(machine.shard?.view.partitionStatus().filter(({ status }) => status !== 'ready'))}`;
      const { queued, unacknowledged, tasks, timers } = (machine.shard as Shard).view.work();
      if (queued + unacknowledged + tasks + timers > 0)
        return `${machine.name} has ${JSON.stringify({ queued, unacknowledged, tasks, timers })}`;
    }
    for (const [id, machine] of this.placement.entries()) {
      const owners = this.machines.filter((one) => !one.isRetired && one.shard?.partitionIds().includes(id));
      const owner = this.machines[machine] as Machine;
      if (owners.length !== 1 || owners[0] !== owner)
        return `partition ${id} is with ${owners.map(({ name, shard }) => `${name} (${JSON.stringify(shard?.view.partitionStatus().find((one) => one.id === id))})`).join(' and ') || 'nobody'}, not with ${owner.name}`;
      const status = owner.shard?.view.partitionStatus().find((one) => one.id === id);
      if (status?.status !== 'ready') return `partition ${id} is ${JSON.stringify(status)}`;
      const end = this.history.entries[id]?.findLast(({ place }) => place.kind !== 'claim')?.seq ?? 0;
      if (status.position < end) return `partition ${id} is at ${status.position}, its log ends at ${end}`;
    }
    return undefined;
  }

  /** The machine whose shard answers for an address. */
  ownerOf(address: Address): Machine {
    return this.machines[
      this.placement[partitionOfAddress(address, this.scenario.partitions)] as number
    ] as Machine;
  }

  #plan(planned: Planned, client: Client): void {
    this.scheduler.after(planned.at * this.scenario.durationMs, () => client.send(planned));
  }

  #every(ms: number, callback: () => void): void {
    this.scheduler.after(ms, () => {
      if (this.#isOver) return;
      callback();
      this.#every(ms, callback);
    });
  }

  #isFull(): boolean {
    const isFull = this.broker.heldBytes >= this.#limitBytes;
    if (isFull) this.coverage.count('mailbox was full');
    return isFull;
  }

  /**
   * As nodes do: what is processed is trimmed early, and what the runtime must append to go on gets a little more
   * than the limit.
   */
  #look(): void {
    const { mailboxBytes } = this.scenario;
    const { heldBytes } = this.broker;
    if (heldBytes > mailboxBytes * PRESSED) for (const machine of this.machines) machine.press();
    const drain = heldBytes + Math.ceil(mailboxBytes / 4);
    const isTight = this.#limitBytes < drain;
    const wanted =
      isTight && this.machines.some(({ isWaiting }) => isWaiting) ? drain : Math.max(mailboxBytes, heldBytes);
    if (!isTight || wanted > this.#limitBytes) this.#limitBytes = wanted;
  }

  /** Whoever is meant to have a partition and has not takes it. */
  #place(): void {
    for (const [index, machine] of this.machines.entries()) {
      machine.inspect();
      if (machine.isUp) machine.take([...this.placement.keys()].filter((id) => this.placement[id] === index));
    }
  }

  /** Asks often while a shard takes over: it must not answer before it has read what was there. */
  #watch(draw: Draw): void {
    for (let afterMs = WATCH_MS; afterMs <= 20 * WATCH_MS; afterMs += WATCH_MS)
      this.scheduler.after(afterMs, () => {
        if (!this.#isOver) this.#probe(draw);
      });
  }

  /** Asks some shard that thinks it may answer; what it says is checked afterwards. */
  #probe(draw: Draw): void {
    const address = draw.pick(this.addresses);
    const askedMs = this.scheduler.nowMs;
    for (const { process, shard } of this.machines) {
      if (process?.alive !== true || process.frozen || shard?.view.owns(address) !== true) continue;
      shard.view.ask(address, 'all', {}).then(
        ({ value, epoch, cursor }) => {
          if (!process.alive) return;
          // An answer is bytes by the time somebody reads it.
          this.history.answered.push({
            owner: process.name,
            address,
            query: 'all',
            said: canonical(value),
            epoch,
            cursor,
            askedMs,
          });
          this.coverage.count('answered while faults ruled');
        },
        () => {},
      );
    }
  }
}
