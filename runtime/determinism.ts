/**
 * The determinism check (rule R4): now and then a turn is run a second time, in a thread of its own, and
 * must give the same. Beside the shard, never in its way: what cannot be checked is left unchecked.
 */
import { Worker } from 'node:worker_threads';
import type { Address } from '../protocol/address.ts';
import { encode } from '../protocol/codec.ts';
import type { Clock } from './clock.ts';
import type { FirstRun, SecondRun, WorkerStart } from './determinism-worker.ts';
import type { ObservedTurn } from './partition.ts';

/** A turn that gave two different results on the same state. */
export interface Nondeterminism {
  readonly code: 'turn.nondeterministic';
  readonly actor: Address;
  readonly messageId: string;
  /** The message's. */
  readonly type: string;
  /**
   * Where the results differ: `context.at`, `effects.0.message.at`, `rows.seen.0001.at`; or what the turn
   * did to the outside: `io: fs.readFileSync`.
   */
  readonly path: string;
  /** What stands there after each run, as text. */
  readonly first: string;
  readonly second: string;
}

export interface DeterminismParts extends WorkerStart {
  /** The share of turns to check, 0 to 1, after the first few of each kind and type. */
  readonly sample: number;
  readonly clock: Clock;
  readonly onNondeterminism: (found: Nondeterminism) => void;
  /** The check has given up; nothing else is affected. */
  readonly onFailure: (reason: string) => void;
}

/** Counted since the start. */
export interface DeterminismCounters {
  checked: number;
  nondeterministic: number;
  /** Wanted, but too large, or too many at once, or lost with their thread. */
  skipped: number;
}

/** Turns of each kind and type that are checked whatever the share. */
const FIRST_TURNS = 3;
const UNDER_WAY = 64;
const UNDER_WAY_BYTES = 16 * 1024 * 1024;
/** A second run that has not ended by then hangs. Long, because the first includes the application's start. */
const PATIENCE_MS = 60_000;
/** Threads lost before the check gives up. */
const LOSSES = 3;
const HEAP_MB = 512;

interface UnderWay {
  readonly actor: Address;
  readonly messageId: string;
  readonly type: string;
  readonly bytes: number;
}

interface Seen {
  turns: number;
  /** The share that has gathered; a turn is due at 1. */
  owed: number;
}

export class DeterminismCheck {
  readonly counters: DeterminismCounters = { checked: 0, nondeterministic: 0, skipped: 0 };
  readonly #parts: DeterminismParts;
  readonly #seen = new Map<string, Map<string, Seen>>();
  readonly #underWay = new Map<number, UnderWay>();
  #bytes = 0;
  #checks = 0;
  #worker: Worker | undefined;
  #losses = 0;
  #cancelPatience: (() => void) | undefined;
  #idle: (() => void)[] = [];

  constructor(parts: DeterminismParts) {
    this.#parts = parts;
  }

  /** For `ShardParts.sampler`: whether the turn that comes is to be checked. */
  readonly sampler = (address: Address, type: string): boolean => {
    const kind = address.slice(0, address.indexOf('/'));
    let types = this.#seen.get(kind);
    if (types === undefined) this.#seen.set(kind, (types = new Map<string, Seen>()));
    const seen = types.get(type);
    if (seen === undefined) types.set(type, { turns: 1, owed: 0 });
    else if (seen.turns < FIRST_TURNS) seen.turns++;
    else if ((seen.owed += this.#parts.sample) < 1) return false;
    else seen.owed -= 1;
    if (this.#losses >= LOSSES) return false;
    if (this.#underWay.size < UNDER_WAY && this.#bytes < UNDER_WAY_BYTES) return true;
    this.counters.skipped++;
    return false;
  };

  /** For `ShardParts.onTurn`. Never throws: a turn that cannot be checked is none of the turn's business. */
  readonly onTurn = (turn: ObservedTurn): void => {
    try {
      this.#check(turn);
    } catch {
      this.counters.skipped++;
    }
  };

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    if (this.#underWay.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends the thread; what is under way is skipped. No turn is checked afterwards. */
  async close(): Promise<void> {
    this.#losses = LOSSES;
    const worker = this.#worker;
    this.#forget();
    await worker?.terminate();
  }

  #check({ cell, message, messageBytes, messageId, nowMs, before, steps, result }: ObservedTurn): void {
    if (steps === undefined || this.#losses >= LOSSES) {
      this.counters.skipped++;
      return;
    }
    const first = {
      check: this.#checks++,
      actor: cell.address,
      kind: cell.kind.definition.kind,
      key: cell.key,
      messageId,
      nowMs,
      message: messageBytes,
      // A store may return a view of something larger, all of which would be sent.
      before: before === undefined ? undefined : Uint8Array.from(before),
      steps,
      after: result.bytes,
      effects: encode(result.effects),
      replyDeferred: result.replyDeferred,
    };
    this.#started().postMessage(first satisfies FirstRun, []);
    const bytes = bytesOf(first);
    this.#bytes += bytes;
    this.#underWay.set(first.check, {
      actor: cell.address,
      messageId,
      type: message.message.type,
      bytes,
    });
    if (this.#underWay.size === 1) this.#wait();
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { appUrl, settings } = this.#parts;
    const worker = new Worker(new URL('./determinism-worker.ts', import.meta.url), {
      name: 'banyan determinism check',
      workerData: { appUrl, settings } satisfies WorkerStart,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    let reason = 'its thread ended';
    worker.on('message', (reply: SecondRun) => {
      if (worker === this.#worker) this.#replied(reply);
    });
    worker.on('error', (error: unknown) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', () => {
      if (worker === this.#worker) this.#lost(reason);
    });
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #replied({ check, difference, failed }: SecondRun): void {
    const turn = this.#underWay.get(check);
    if (turn === undefined) return;
    this.#underWay.delete(check);
    this.#bytes -= turn.bytes;
    this.#wait();
    if (failed === undefined) this.counters.checked++;
    else this.counters.skipped++;
    if (difference !== undefined) {
      this.counters.nondeterministic++;
      const { actor, messageId, type } = turn;
      this.#parts.onNondeterminism({ code: 'turn.nondeterministic', actor, messageId, type, ...difference });
    }
    if (this.#underWay.size === 0) this.#release();
  }

  /** Watches the oldest check: they are made one after the other. */
  #wait(): void {
    this.#cancelPatience?.();
    this.#cancelPatience = undefined;
    if (this.#underWay.size === 0) return;
    this.#cancelPatience = this.#parts.clock.setTimer(PATIENCE_MS, () => {
      void this.#worker?.terminate();
      this.#lost('a second run did not end');
    });
  }

  #lost(reason: string): void {
    this.#forget();
    this.#losses++;
    if (this.#losses === LOSSES) this.#parts.onFailure(reason);
  }

  #forget(): void {
    this.#worker = undefined;
    this.#cancelPatience?.();
    this.#cancelPatience = undefined;
    this.counters.skipped += this.#underWay.size;
    this.#underWay.clear();
    this.#bytes = 0;
    this.#release();
  }

  #release(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function bytesOf({ message, before, after, effects, steps }: FirstRun): number {
  let bytes = message.byteLength + (before?.byteLength ?? 0) + after.byteLength + effects.byteLength;
  for (const step of steps) {
    if (step.kind === 'range') for (const [, row] of step.rows) bytes += row.byteLength;
    else if (step.kind !== 'delete') bytes += step.row?.byteLength ?? 0;
  }
  return bytes;
}
