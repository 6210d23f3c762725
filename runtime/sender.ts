/**
 * Sends what turns made. A few lanes publish at a time, one frame each; whatever gathers for a destination
 * meanwhile leaves as its next frame. The order of a destination is never changed, and nothing counts as sent
 * before its acknowledgement; a lane that is refused waits and repeats.
 *
 * Every frame carries the guard of its lane (rule R1): once another owner has fenced us, the broker refuses it.
 * Then the shard looks which partitions it lost, their effects are forgotten, and the rest goes on.
 */
import { LIMITS } from '../config/limits.ts';
import type { BanyanError } from '../protocol/errors.ts';
import { toBanyanError } from '../protocol/errors.ts';
import { compareNumbers, type EffectNumber, encodeFrame } from '../protocol/frame.ts';
import { type Guard, LANES } from './claim-log.ts';
import type { Clock } from './clock.ts';
import { formatFrom, type Log, type Publication } from './log.ts';
import type { Randomness } from './randomness.ts';

/** One message for a partition, encoded; `from` is absent for timers, task results and orders. */
export interface Outgoing {
  readonly record: Uint8Array;
  /** On whose behalf: whoever loses this partition does not send it any more. */
  readonly partition: number;
  readonly from: { readonly partition: number; readonly number: EffectNumber } | undefined;
}

interface Waiting<T> {
  readonly item: T;
  readonly partition: number;
  readonly bytes: number;
  readonly done: () => void;
  /** Its partition is another owner's: it only keeps its place until it is taken out. */
  forgotten: boolean;
}

/** What a sender must know of its right to send. */
export interface Fence {
  guard(lane: number): Guard;
  /** A guard was refused: resolves once it is known what was lost; throws what cannot be found out. */
  conflict(): Promise<void>;
}

const RETRY_MS = { first: 50, most: 2_000 };
/** The server takes at most 1,000 messages in one atomic batch. */
const PUBLICATIONS_AT_ONCE = 1_000;
/** A batch that takes the broker longer than a publish may would be repeated for ever. */
const PUBLICATION_BYTES_AT_ONCE = 4 * 1024 * 1024;

export class Sender {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #fence: Fence;
  readonly #onRefusal: (error: BanyanError) => void;
  readonly #onAcknowledged: () => void;
  readonly #frames: readonly Lane<Outgoing>[];
  readonly #events: Lane<Publication>;
  readonly #deadLetters: Lane<Publication>;
  #stopped = false;
  #waiting = 0;
  #bytes = 0;
  #idle: (() => void)[] = [];

  /** `onAcknowledged` hears that there is room for more. */
  constructor(
    log: Log,
    clock: Clock,
    randomness: Randomness,
    fence: Fence,
    onRefusal: (error: BanyanError) => void,
    onAcknowledged: () => void = () => {},
  ) {
    this.#log = log;
    this.#clock = clock;
    this.#randomness = randomness;
    this.#fence = fence;
    this.#onRefusal = onRefusal;
    this.#onAcknowledged = onAcknowledged;
    this.#frames = Array.from({ length: LANES }, (_, lane) => this.#frameLane(lane));
    const publish = (_: number, items: readonly Publication[]) => this.#log.publish(items);
    this.#events = { queues: new Map(), busy: false, count: countPublications, deliver: publish };
    this.#deadLetters = { queues: new Map(), busy: false, count: countPublications, deliver: publish };
  }

  /** How many items have no acknowledgement yet. */
  get unacknowledged(): number {
    return this.#waiting;
  }

  /** How many bytes they have. */
  get unacknowledgedBytes(): number {
    return this.#bytes;
  }

  send(partition: number, item: Outgoing, done: () => void): void {
    const lane = this.#frames[partition % LANES] as Lane<Outgoing>;
    this.#push(lane, partition, { item, partition: item.partition, bytes: item.record.byteLength, done });
  }

  publishEvent(partition: number, publication: Publication, done: () => void): void {
    this.#push(this.#events, 0, { item: publication, partition, bytes: publication.data.byteLength, done });
  }

  publishDeadLetter(partition: number, publication: Publication, done: () => void): void {
    this.#push(this.#deadLetters, 0, {
      item: publication,
      partition,
      bytes: publication.data.byteLength,
      done,
    });
  }

  /** Sends nothing more on behalf of a partition. What is under way cannot be called back. */
  forget(partition: number): void {
    const lanes: readonly Lane<unknown>[] = [...this.#frames, this.#events, this.#deadLetters];
    for (const { queues } of lanes) {
      for (const queue of queues.values()) {
        for (const waiting of queue) if (waiting.partition === partition) this.#forget(waiting);
      }
    }
    this.#release();
  }

  /** Whether nothing that was sent, or was sent on behalf of one partition, waits for its acknowledgement. */
  isIdle(partition?: number): boolean {
    if (this.#waiting === 0 || partition === undefined) return this.#waiting === 0;
    const lanes: readonly Lane<unknown>[] = [...this.#frames, this.#events, this.#deadLetters];
    return lanes.every(({ queues }) =>
      [...queues.values()].every((queue) =>
        queue.every((waiting) => waiting.forgotten || waiting.partition !== partition),
      ),
    );
  }

  /** Resolves when {@link isIdle}, or after {@link stop}. */
  async idle(partition?: number): Promise<void> {
    while (!this.#stopped && !this.isIdle(partition))
      await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Sends nothing more. What was not acknowledged is in the outbox and is sent by the next owner. */
  stop(): void {
    this.#stopped = true;
    this.#release();
  }

  #frameLane(lane: number): Lane<Outgoing> {
    return {
      queues: new Map(),
      busy: false,
      count: countRecords,
      deliver: async (partition, items) => {
        const frame = encodeFrame(items.map(({ record }) => record));
        await this.#log.appendFrame(partition, frame, fromHeader(items), this.#fence.guard(lane));
      },
    };
  }

  #push<T>(lane: Lane<T>, destination: number, waiting: Omit<Waiting<T>, 'forgotten'>): void {
    this.#waiting++;
    this.#bytes += waiting.bytes;
    let queue = lane.queues.get(destination);
    if (queue === undefined) lane.queues.set(destination, (queue = []));
    queue.push({ ...waiting, forgotten: false });
    if (!lane.busy) {
      lane.busy = true;
      void this.#run(lane);
    }
  }

  async #run<T>(lane: Lane<T>): Promise<void> {
    // What this turn of the event loop produces leaves together.
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    let delayMs = RETRY_MS.first;
    let conflicts = 0;
    while (lane.queues.size > 0 && !this.#stopped) {
      // Destinations take turns: the first is put behind the others when its frame has left.
      const [destination, queue] = lane.queues.entries().next().value as [number, Waiting<T>[]];
      const batch = queue.slice(0, lane.count(queue));
      try {
        const items = batch.flatMap(({ item, forgotten }) => (forgotten ? [] : [item]));
        if (items.length > 0) await lane.deliver(destination, items);
        delayMs = RETRY_MS.first;
        conflicts = 0;
        lane.queues.delete(destination);
        queue.splice(0, batch.length);
        if (queue.length > 0) lane.queues.set(destination, queue);
        this.#acknowledged(batch);
      } catch (error) {
        const refusal = toBanyanError(error);
        if (refusal.code !== 'log.conflict') this.#onRefusal(refusal);
        // Once without waiting: who is fenced again and again must not spin.
        else if ((await this.#looked()) && ++conflicts === 1) continue;
        await this.#pause(delayMs * (0.5 + this.#randomness.next() / 2));
        delayMs = Math.min(delayMs * 2, RETRY_MS.most);
      }
    }
    lane.busy = false;
    this.#release();
  }

  /** Whether it is known what was lost: the next attempt is without it, and need not wait. */
  async #looked(): Promise<boolean> {
    try {
      await this.#fence.conflict();
      return true;
    } catch (error) {
      this.#onRefusal(toBanyanError(error));
      return false;
    }
  }

  #acknowledged<T>(batch: readonly Waiting<T>[]): void {
    for (const waiting of batch) {
      if (waiting.forgotten) continue;
      this.#waiting--;
      this.#bytes -= waiting.bytes;
      waiting.done();
    }
    this.#release();
    this.#onAcknowledged();
  }

  #forget(waiting: Waiting<unknown>): void {
    if (waiting.forgotten) return;
    waiting.forgotten = true;
    this.#waiting--;
    this.#bytes -= waiting.bytes;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(ms, resolve));
  }

  /** Whoever waits looks again. */
  #release(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** Publishes for some destinations, one after the other. */
interface Lane<T> {
  readonly queues: Map<number, Waiting<T>[]>;
  busy: boolean;
  /** How many of the first items leave together, at least one. */
  readonly count: (queue: readonly Waiting<unknown>[]) => number;
  deliver(destination: number, items: readonly T[]): Promise<void>;
}

/** As many records as a frame holds. */
function countRecords(queue: readonly Waiting<unknown>[]): number {
  return countWithin(queue, LIMITS.frameRecords, LIMITS.frameTargetBytes);
}

function countPublications(queue: readonly Waiting<unknown>[]): number {
  return countWithin(queue, PUBLICATIONS_AT_ONCE, PUBLICATION_BYTES_AT_ONCE);
}

function countWithin(queue: readonly Waiting<unknown>[], most: number, mostBytes: number): number {
  let bytes = 0;
  let count = 0;
  for (const waiting of queue) {
    bytes += waiting.bytes;
    if (count > 0 && (count >= most || bytes > mostBytes)) break;
    count++;
  }
  return count;
}

function fromHeader(items: readonly Outgoing[]): string | undefined {
  const last = new Map<number, EffectNumber>();
  for (const { from } of items) {
    if (from === undefined) continue;
    const before = last.get(from.partition);
    if (before === undefined || compareNumbers(before, from.number) < 0)
      last.set(from.partition, from.number);
  }
  return last.size === 0 ? undefined : formatFrom(last);
}
