/**
 * A shard's thread, seen from the main thread: started, watched, ended. A turn that never ends is seen
 * through the beacon and its thread is ended. What ends a shard three times at the same message gets a
 * verdict in the log, and the next incarnation skips it (rule R8).
 */
import { Worker } from 'node:worker_threads';
import { BanyanError, isErrorCode } from '../../protocol/errors.ts';
import type { ProposedVerdict } from '../../runtime/log.ts';
import type { PartitionStatus } from '../../runtime/shard.ts';
import type { ChildHandle, ChildSpec, ExitReason } from '../../supervisors/child-spec.ts';
import type { SupervisionEvent } from '../../supervisors/perform.ts';
import { createBeacon, readBeacon, type TurnPlace } from './beacon.ts';
import type { FromShard, ShardCalls, ShardFault, ShardStart, ToShard } from './messages.ts';
import { shardTree } from './shard-tree.ts';
import { watchShard } from './watchdog.ts';

export interface ShardHostOptions {
  readonly start: Omit<ShardStart, 'beacon' | 'proposed'>;
  readonly turnDeadlineMs: number;
  readonly memoryMb: number;
  /** The folder for compiled code, unless the process has one. */
  readonly compiled: string;
  readonly report: (level: 'info' | 'warn' | 'error', message: string, details: object) => void;
  /** The application's supervisors, for the tree. */
  readonly tree: unknown;
  /** What the shard's supervisors do. */
  readonly onSupervision: (event: SupervisionEvent) => void;
  /** A stranger has claimed a partition that was this shard's to keep. */
  readonly onLost: (partition: number) => void;
}

/** Incarnations that one message may end before it is skipped. */
const ATTEMPTS = 3;
/** Verdicts that are proposed to the next incarnation; it drops those that were passed. */
const REMEMBERED = 100;
const STOP_GRACE_MS = 2_000;
const CALL_TIMEOUT_MS = 5_000;

interface Running {
  readonly worker: Worker;
  readonly beacon: SharedArrayBuffer;
  readonly calls: Map<number, { resolve: (value: unknown) => void; reject: (error: BanyanError) => void }>;
  ready: boolean;
}

export class ShardHost {
  readonly id: string;
  readonly #options: ShardHostOptions;
  /** Which owners each message has ended, by its place. */
  readonly #attempts = new Map<string, number[]>();
  readonly #proposed: ProposedVerdict[] = [];
  /** What it has, or claims with its next start. */
  readonly #owned: Set<number>;
  readonly #taking = new Set<number>();
  #running: Running | undefined;
  #calls = 0;
  /** The actors as last listed, for the synchronous tree. */
  #actors: Awaited<ReturnType<ShardCalls['actors']>> = [];
  #supervisors: ReturnType<ShardCalls['supervisors']>;

  constructor(options: ShardHostOptions) {
    this.#options = options;
    this.id = `shard-${options.start.index}`;
    this.#owned = new Set(options.start.partitions.owned);
  }

  get ready(): boolean {
    return this.#running?.ready === true;
  }

  get index(): number {
    return this.#options.start.index;
  }

  owns(partition: number): boolean {
    return this.#owned.has(partition);
  }

  /** Whether anything is this shard's to keep. */
  get ownsAny(): boolean {
    return this.#owned.size > 0;
  }

  /** Of the claim that a partition stands under here; 0 when there is none. */
  async epochOf(partition: number): Promise<number> {
    const { partitions } = await this.call('status');
    return partitions.find(({ id }) => id === partition)?.epoch ?? 0;
  }

  /**
   * Claims a partition, whoever has it, and keeps it over restarts; resolves with what became of it, however long
   * the broker and the shard's turns take. Throws `partition.unavailable` when the shard is not running or ends
   * meanwhile: its next start claims the partition, unless {@link disown} comes first. Throws `log.conflict` when
   * a stranger was faster.
   */
  async take(partition: number): Promise<PartitionStatus> {
    this.#owned.add(partition);
    this.#taking.add(partition);
    try {
      const [taken] = await this.#request('take', [[partition]], undefined);
      if (taken !== undefined) return taken;
      this.#taking.delete(partition);
      this.#lost(partition);
      throw new BanyanError('log.conflict', { message: `Another node has claimed partition ${partition}.` });
    } finally {
      this.#taking.delete(partition);
    }
  }

  /** Gives a partition up, within `graceMs`. */
  async release(partition: number, graceMs: number): Promise<void> {
    this.disown(partition);
    await this.call('release', partition, graceMs);
  }

  /** A partition is not this shard's to keep any more: another one claims it, and no restart takes it back. */
  disown(partition: number): void {
    this.#owned.delete(partition);
  }

  /** How a supervisor starts and restarts this shard. */
  spec(): ChildSpec {
    return {
      id: this.id,
      type: 'supervisor',
      restart: 'permanent',
      shutdownMs: 2 * STOP_GRACE_MS,
      start: (signal) => this.#start(signal),
      // What a message did to it, or the broker, is no bug of the shard.
      isTransient: (error) => error instanceof BanyanError && error.recoverable,
    };
  }

  /** Calls a method in the shard's thread; throws `partition.unavailable` while it is not running. */
  call<M extends keyof ShardCalls>(
    method: M,
    ...args: Parameters<ShardCalls[M]>
  ): Promise<Awaited<ReturnType<ShardCalls[M]>>> {
    return this.#request(method, args, CALL_TIMEOUT_MS);
  }

  /** Without a timeout it waits until the thread answers or ends. */
  async #request<M extends keyof ShardCalls>(
    method: M,
    args: Parameters<ShardCalls[M]>,
    timeoutMs: number | undefined,
  ): Promise<Awaited<ReturnType<ShardCalls[M]>>> {
    const running = this.#running;
    if (running?.ready !== true)
      throw new BanyanError('partition.unavailable', {
        message: `${this.id} is not running.`,
        retryAfterMs: 500,
      });
    const id = ++this.#calls;
    const answer = Promise.withResolvers<unknown>();
    running.calls.set(id, answer);
    const giveUp = (): void => {
      const message = `${this.id} did not answer.`;
      answer.reject(new BanyanError('partition.unavailable', { message, retryAfterMs: 500 }));
    };
    const late = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs).unref();
    try {
      running.worker.postMessage({ type: 'call', id, method, args } satisfies ToShard);
      return (await answer.promise) as Awaited<ReturnType<ShardCalls[M]>>;
    } finally {
      clearTimeout(late);
      running.calls.delete(id);
    }
  }

  /** Asks what is in it for the next look at the tree. */
  async refreshTree(): Promise<void> {
    [this.#actors, this.#supervisors] = await Promise.all([
      this.call('actors', { limit: TREE_ACTORS }),
      this.call('supervisors'),
    ]);
  }

  async #start(signal: AbortSignal): Promise<ChildHandle> {
    // Nobody would end a thread that is started after its start was given up.
    signal.throwIfAborted();
    const beacon = createBeacon();
    const { start } = this.#options;
    const worker = new Worker(new URL('./shard-thread.ts', import.meta.url), {
      workerData: {
        ...start,
        partitions: { count: start.partitions.count, owned: [...this.#owned] },
        proposed: this.#proposed,
        beacon,
      } satisfies ShardStart,
      // Threads do not inherit the cache of compiled code: without one it takes them longer to load than to be replaced.
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] || this.#options.compiled,
      },
      resourceLimits: { maxOldGenerationSizeMb: this.#options.memoryMb },
      name: this.id,
    });
    const running: Running = { worker, beacon, calls: new Map(), ready: false };
    this.#running = running;
    let fault: ShardFault | undefined;
    let stopping = false;
    const unwatch = watchShard({
      beacon,
      turnDeadlineMs: this.#options.turnDeadlineMs,
      onStuck: (turn) => {
        fault ??= this.#stuck(running, turn);
      },
    });
    const exited = new Promise<ExitReason>((resolve) => {
      worker.on('error', (error: Error & { code?: string }) => {
        fault ??=
          error.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? { code: 'turn.out_of_memory', message: error.message, ...placeOf(beacon) }
            : { code: 'internal', message: error.stack ?? error.message };
      });
      worker.on('exit', (code) => {
        unwatch();
        if (this.#running === running) this.#running = undefined;
        for (const { reject } of running.calls.values())
          reject(new BanyanError('partition.unavailable', { retryAfterMs: 500 }));
        if (fault !== undefined) this.#blame(fault);
        resolve(
          stopping || code === 0
            ? { kind: 'shutdown' }
            : { kind: 'error', error: errorOf(fault, `The thread of ${this.id} ended with ${code}.`) },
        );
      });
    });
    const ready = new Promise<void>((resolve, reject) => {
      worker.on('message', (message: FromShard) => {
        if (message.type === 'ready') {
          running.ready = true;
          resolve();
        } else if (message.type === 'fault') fault ??= message.fault;
        else if (message.type === 'supervision') this.#options.onSupervision(message.event);
        else if (message.type === 'lost') this.#lost(message.partition);
        else if (message.type === 'report')
          this.#options.report(message.level, message.message, message.details);
        else if (message.error === undefined) running.calls.get(message.id)?.resolve(message.value);
        else running.calls.get(message.id)?.reject(BanyanError.fromWire(message.error));
      });
      // A message that ends its shard while other partitions are still being opened ends one that runs: nobody could
      // start it again otherwise.
      void exited.then(() =>
        fault?.entry === undefined ? reject(errorOf(fault, `${this.id} ended while it started.`)) : resolve(),
      );
    });
    signal.addEventListener('abort', () => void worker.terminate(), { once: true });
    await ready;
    return {
      exited,
      stop: async () => {
        stopping = true;
        worker.postMessage({ type: 'stop', graceMs: STOP_GRACE_MS } satisfies ToShard);
      },
      kill: () => void worker.terminate(),
      describe: (path) => shardTree(path, this.#options.tree, this.#actors, this.#supervisors),
    };
  }

  /** What it is taking just now it may have lost before; what was moved away is nobody's loss. */
  #lost(partition: number): void {
    if (this.#taking.has(partition) || !this.#owned.delete(partition)) return;
    this.#options.onLost(partition);
  }

  /** What does not answer has failed: its thread is ended, and the supervisor starts another. */
  #stuck({ worker, beacon }: Running, turn: TurnPlace | undefined): ShardFault {
    const { turnDeadlineMs } = this.#options;
    const about = { shard: this.id, ...turn, turnDeadlineMs };
    void worker.terminate();
    if (turn === undefined) {
      this.#options.report('error', 'A shard stopped answering outside of turns; it is replaced.', about);
      return { code: 'shard.hung', message: `${this.id} stopped answering.` };
    }
    this.#options.report('error', 'A turn passed its deadline; its shard is replaced.', about);
    const message = `The turn took longer than ${turnDeadlineMs} ms.`;
    return { code: 'turn.deadline', message, ...placeOf(beacon) };
  }

  /** Counts how often a message has ended its shard; from the third time on, the next incarnation may skip it. */
  #blame({ code, message, partition, entry, index, epoch }: ShardFault): void {
    if (
      partition === undefined ||
      entry === undefined ||
      index === undefined ||
      epoch === undefined ||
      partition < 0 ||
      code.startsWith('store.')
    )
      return;
    const place = `${partition}.${entry}.${index}`;
    const epochs = [...(this.#attempts.get(place) ?? []), epoch];
    this.#attempts.set(place, epochs);
    const attempts = epochs.length;
    this.#options.report('error', 'A message ended its shard.', { shard: this.id, place, code, attempts });
    if (attempts < ATTEMPTS) return;
    const detail = `${message} It ended ${attempts} incarnations of its shard.`;
    const others = this.#proposed.filter(
      (one) => one.partition !== partition || one.entry !== entry || one.index !== index,
    );
    const proposed = { partition, entry, index, code, detail, epochs };
    this.#proposed.splice(0, Number.POSITIVE_INFINITY, ...others.slice(-REMEMBERED), proposed);
    this.#options.report(
      'warn',
      'The next incarnation skips the message by verdict; it becomes a dead letter.',
      proposed,
    );
  }
}

/** Actors shown in one tree; more are counted. */
const TREE_ACTORS = 2_000;

function placeOf(beacon: SharedArrayBuffer): Partial<ShardFault> {
  const { running } = readBeacon(beacon) as { running: TurnPlace | undefined };
  return running === undefined
    ? {}
    : { partition: running.partition, entry: running.seq, index: running.index, epoch: running.epoch };
}

/** With the fault's code, which says whether it counts: what a message or the surroundings did is no bug of the shard. */
function errorOf(fault: ShardFault | undefined, otherwise: string): BanyanError {
  const code = isErrorCode(fault?.code) ? fault.code : 'internal';
  return new BanyanError(code, { message: fault?.message ?? otherwise });
}
