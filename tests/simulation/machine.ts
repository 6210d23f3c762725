/**
 * A machine with a disk, and the process that a supervisor keeps running on it: one shard on the four simulated
 * ports. When the process dies another is started, with a name of its own, on what the disk still holds.
 */
import type { Subjects } from '../../protocol/subjects.ts';
import { seededRandomness } from '../../runtime/randomness.ts';
import { Shard } from '../../runtime/shard.ts';
import type { System } from '../../runtime/system.ts';
import { toBanyanError } from '../../protocol/errors.ts';
import { Blame } from './blame.ts';
import type { Broker } from './broker.ts';
import { contentInMemory } from './content.ts';
import type { Coverage } from './coverage.ts';
import { Disk, OpenDisk } from './disk.ts';
import type { Draw } from './draw.ts';
import type { History } from './history.ts';
import { Process } from './process.ts';
import { ProcessClock } from './process-clock.ts';
import { RemoteLog } from './remote-log.ts';
import type { Scenario } from './scenario.ts';

export interface MachineParts {
  readonly name: string;
  readonly scenario: Scenario;
  /** Of the application; a machine runs one of them. */
  readonly releases: readonly [System, System];
  readonly subjects: Subjects;
  readonly broker: Broker;
  readonly history: History;
  readonly coverage: Coverage;
  readonly draw: Draw;
  /** It begins to take partitions. */
  readonly onTaking: () => void;
  /** The partitions that it is meant to have now. */
  readonly placed: () => readonly number[];
}

/** One incarnation. */
interface Running {
  readonly process: Process;
  readonly clock: ProcessClock;
  readonly log: RemoteLog;
  readonly shard: Shard;
  /** Partitions that are being taken or released. */
  readonly moving: Set<number>;
  isStarted: boolean;
}

/** How long a supervisor waits before it starts another process after a fault. */
const RESTART_MS = 300;

export class Machine {
  readonly name: string;
  readonly disk = new Disk();
  /** How often a turn finds no stack left. */
  sickness = 0;
  /** How often it was upgraded. */
  upgrades = 0;
  readonly #parts: MachineParts;
  #running: Running | undefined;
  readonly #blame = new Blame();
  #incarnation = 0;
  /** An operator lets it replay what another release has turned. */
  #acceptsTail = false;
  #downUntilMs = 0;
  #doomed: ((process: Process) => void) | undefined;

  constructor(parts: MachineParts) {
    this.name = parts.name;
    this.#parts = parts;
  }

  get process(): Process | undefined {
    return this.#running?.process;
  }

  get shard(): Shard | undefined {
    return this.#running?.shard;
  }

  /** Lives, has started, and hears what one says to it. */
  get isUp(): boolean {
    return this.#running?.isStarted === true && this.#running.process.alive && !this.#running.process.frozen;
  }

  /** Something of it needs room in the mailbox. */
  get isWaiting(): boolean {
    const running = this.#running;
    if (running === undefined || !running.process.alive) return false;
    return !running.isStarted || running.shard.view.work().unacknowledged > 0;
  }

  start(): void {
    const { scenario, releases, subjects, broker, history, coverage, draw, placed } = this.#parts;
    if (this.#running?.process.alive === true || this.isRetired) return;
    const waitMs = this.#downUntilMs - broker.scheduler.nowMs;
    // Another fault has kept it down for longer.
    if (waitMs > 0) return void broker.scheduler.after(waitMs, () => this.start());
    const name = `${this.name}-${++this.#incarnation}`;
    const process = new Process(name, broker.scheduler, () => this.#died(name));
    this.#doomed?.(process);
    this.#doomed = undefined;
    const skewMs = draw.between(-scenario.skewMs, scenario.skewMs);
    const clock = new ProcessClock(broker.scheduler, process, skewMs, draw.between(0, scenario.drift));
    const log = new RemoteLog(broker, process);
    const note = (text: string): void => history.note(broker.scheduler.nowMs, `${name} ${text}`);
    const owned = placed();
    note(`starts with ${owned.join(' ')}`);
    const shard = new Shard({
      node: this.name,
      owner: name,
      system: this.upgrades % 2 === 0 ? releases[0] : releases[1],
      subjects,
      partitions: { count: scenario.partitions, owned },
      log,
      store: new OpenDisk(this.disk, process, () => coverage.count('commit refused by the disk')),
      clock,
      randomness: seededRandomness(`${name} ${scenario.seed}`),
      content: contentInMemory(),
      proposed: this.#blame.proposed,
      acceptTail: this.#acceptsTail,
      checkpoints: scenario.checkpoints,
      answer: () => {},
      ask: () => Promise.reject(new Error('nobody asks here')),
      // Asked before each turn, and so the place where the environment can fail one.
      onTurn: () => {},
      sampler: () => {
        if (this.sickness > 0 && draw.chance(this.sickness))
          throw new RangeError('Maximum call stack size exceeded');
        return false;
      },
      beacon: () => {},
      idle: () => {},
      onFault: (fault) => {
        if (!process.alive) return;
        const { code, message } = toBanyanError(fault);
        note(`has a fault: ${code} ${message}`);
        coverage.count(`fault ${code}`);
        this.#blame.add(fault);
        process.die();
      },
      onLost: (partition) => {
        if (process.alive) note(`lost ${partition}`);
        coverage.count('lost a partition to another owner');
      },
      report: (level, message) => {
        if (process.alive) coverage.report(level, message);
      },
    });
    const running: Running = { process, clock, log, shard, moving: new Set(), isStarted: false };
    this.#running = running;
    this.#parts.onTaking();
    shard.start().then(
      () => {
        running.isStarted = true;
        note('has started');
      },
      (error: unknown) => {
        note(`could not start: ${toBanyanError(error).code}`);
        process.die();
      },
    );
  }

  /** Kills the process; the next one starts after a while. */
  crash(downMs: number): void {
    this.#stayDown(downMs);
    this.process?.die();
  }

  /** As {@link crash}, and what was on the disk is gone. */
  losePower(downMs: number): void {
    this.crash(downMs);
    this.disk.lose();
  }

  /** A clean stop, then down for a while. Never resolves when the process dies meanwhile. */
  stop(graceMs: number, downMs: number): Promise<void> {
    const running = this.#running;
    if (running?.process.alive !== true) return Promise.resolve();
    return new Promise((resolve) => {
      running.process.deliver(() => resolve(this.#stop(running, graceMs, downMs)));
    });
  }

  async #stop(running: Running, graceMs: number, downMs: number): Promise<void> {
    const { history, broker } = this.#parts;
    const { shard, process } = running;
    running.isStarted = false;
    history.note(broker.scheduler.nowMs, `${process.name} stops`);
    try {
      await shard.stop(graceMs);
    } catch (error) {
      history.note(broker.scheduler.nowMs, `${process.name} could not stop: ${toBanyanError(error).message}`);
    }
    this.#stayDown(downMs);
    process.die();
  }

  /** Its process dies at a call of its own; if there is none now, the next one does. */
  doom(calls: number, when: 'before' | 'after'): void {
    if (this.process?.alive === true) this.process.doom(calls, when);
    else this.#doomed = (process) => process.doom(calls, when);
  }

  spare(): void {
    this.#doomed = undefined;
    this.process?.spare();
  }

  stepClock(byMs: number): void {
    this.#running?.clock.step(byMs);
  }

  /** What its partitions are doing: what a fault meets. */
  states(): ReadonlySet<string> {
    if (this.process?.alive !== true) return new Set(['dead']);
    return new Set((this.shard?.view.partitionStatus() ?? []).map(({ status }) => status));
  }

  /** The mailbox is filling up: what is processed may be trimmed. */
  press(): void {
    const running = this.#running;
    running?.process.deliver(() => running.shard.press());
  }

  /** An operator looks: what waits for the machine to recover goes on when it has. */
  inspect(): void {
    if (!this.isUp) return;
    const codes = (this.shard?.view.partitionStatus() ?? []).map(({ error }) => error?.code);
    const hasTail = codes.includes('version.tail');
    const isSpent = this.sickness === 0 && codes.some((code) => code?.startsWith('turn.'));
    if (!hasTail && !isSpent) return;
    this.#parts.coverage.count(`restarted by an operator: ${hasTail ? 'version.tail' : 'turn'}`);
    if (hasTail) this.#acceptsTail = true;
    else this.#blame.forgive();
    this.crash(0);
  }

  /** It stays down for good, or is brought back with an empty disk. */
  retire(): void {
    this.#downUntilMs = Number.POSITIVE_INFINITY;
    this.process?.die();
  }

  renew(): void {
    this.#downUntilMs = 0;
    this.disk.lose();
    this.start();
  }

  get isRetired(): boolean {
    return this.#downUntilMs === Number.POSITIVE_INFINITY;
  }

  /** Takes partitions from whoever has them; tried again by whoever places partitions if it fails. */
  take(partitions: readonly number[]): void {
    const running = this.#running;
    running?.process.deliver(() => {
      const { shard, moving, isStarted } = running;
      const missing = partitions.filter((id) => !moving.has(id) && !shard.partitionIds().includes(id));
      if (isStarted && missing.length > 0) void this.#take(running, missing);
    });
  }

  /** Lets go of a partition. Resolves once another may have it; never when the process dies meanwhile. */
  release(partition: number): Promise<void> {
    const running = this.#running;
    if (running?.process.alive !== true) return Promise.resolve();
    return new Promise((resolve) => {
      running.process.deliver(() => resolve(this.#release(running, partition)));
    });
  }

  async #take({ shard, moving }: Running, partitions: readonly number[]): Promise<void> {
    for (const id of partitions) moving.add(id);
    this.#parts.onTaking();
    try {
      await shard.take(partitions);
    } catch (error) {
      this.#parts.coverage.count(`take refused: ${toBanyanError(error).code}`);
    } finally {
      for (const id of partitions) moving.delete(id);
    }
  }

  async #release({ shard, moving, isStarted }: Running, partition: number): Promise<void> {
    if (!isStarted || moving.has(partition) || !shard.partitionIds().includes(partition)) return;
    moving.add(partition);
    try {
      await shard.release(partition, 2_000);
    } catch (error) {
      this.#parts.coverage.count(`release refused: ${toBanyanError(error).code}`);
    } finally {
      moving.delete(partition);
    }
  }

  #stayDown(downMs: number): void {
    const { scheduler } = this.#parts.broker;
    this.#downUntilMs = Math.max(this.#downUntilMs, scheduler.nowMs + downMs);
  }

  #died(name: string): void {
    const { broker, history } = this.#parts;
    history.note(broker.scheduler.nowMs, `${name} is dead`);
    for (const { status } of this.shard?.view.partitionStatus() ?? [])
      this.#parts.coverage.count(`died while ${status}`);
    for (const stream of [...broker.network.streams]) if (!stream.process.alive) stream.sever();
    if (this.isRetired) return;
    const waitMs = Math.max(RESTART_MS, this.#downUntilMs - broker.scheduler.nowMs);
    broker.scheduler.after(waitMs, () => this.start());
  }
}
