/**
 * Sends what turns made. One lane per destination, one publish under way per lane: whatever gathers
 * meanwhile leaves as the next frame. The order of a lane is never changed, and nothing counts as sent
 * before its acknowledgement; a lane that is refused waits and repeats.
 */
import { LIMITS } from '../config/limits.ts';
import type { BanyanError } from '../protocol/errors.ts';
import { toBanyanError } from '../protocol/errors.ts';
import { compareNumbers, type EffectNumber, encodeFrame } from '../protocol/frame.ts';
import type { Clock } from './clock.ts';
import { formatFrom, type Log, type Publication } from './log.ts';
import type { Randomness } from './randomness.ts';

/** One message for a partition, encoded; `from` is absent for timers, task results and orders. */
export interface Outgoing {
  readonly record: Uint8Array;
  readonly from: { readonly partition: number; readonly number: EffectNumber } | undefined;
}

interface Waiting<T> {
  readonly item: T;
  readonly bytes: number;
  readonly done: () => void;
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
  readonly #onRefusal: (error: BanyanError) => void;
  readonly #onAcknowledged: () => void;
  readonly #frames = new Map<number, Lane<Outgoing>>();
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
    onRefusal: (error: BanyanError) => void,
    onAcknowledged: () => void = () => {},
  ) {
    this.#log = log;
    this.#clock = clock;
    this.#randomness = randomness;
    this.#onRefusal = onRefusal;
    this.#onAcknowledged = onAcknowledged;
    const publish = (items: readonly Publication[]) => this.#log.publish(items);
    this.#events = this.#lane(takePublications, publish);
    this.#deadLetters = this.#lane(takePublications, publish);
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
    let lane = this.#frames.get(partition);
    if (lane === undefined) {
      lane = this.#lane(takeFrame, async (items) => {
        await this.#log.appendFrame(
          partition,
          encodeFrame(items.map(({ record }) => record)),
          fromHeader(items),
        );
      });
      this.#frames.set(partition, lane);
    }
    this.#push(lane, item, item.record.byteLength, done);
  }

  publishEvent(publication: Publication, done: () => void): void {
    this.#push(this.#events, publication, publication.data.byteLength, done);
  }

  publishDeadLetter(publication: Publication, done: () => void): void {
    this.#push(this.#deadLetters, publication, publication.data.byteLength, done);
  }

  /** Resolves when everything sent so far was acknowledged, or after {@link stop}. */
  async idle(): Promise<void> {
    if (this.#waiting > 0 && !this.#stopped) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Sends nothing more. What was not acknowledged is in the outbox and is sent by the next owner. */
  stop(): void {
    this.#stopped = true;
    this.#release();
  }

  #push<T>(lane: Lane<T>, item: T, bytes: number, done: () => void): void {
    this.#waiting++;
    this.#bytes += bytes;
    lane.queue.push({ item, bytes, done });
    if (!lane.busy) {
      lane.busy = true;
      void this.#run(lane);
    }
  }

  #lane<T>(take: Lane<T>['take'], deliver: Lane<T>['deliver']): Lane<T> {
    return { queue: [], busy: false, take, deliver };
  }

  async #run<T>(lane: Lane<T>): Promise<void> {
    // What this turn of the event loop produces leaves together.
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    let delayMs = RETRY_MS.first;
    while (lane.queue.length > 0 && !this.#stopped) {
      const batch = lane.take(lane.queue);
      try {
        await lane.deliver(batch.map(({ item }) => item));
        delayMs = RETRY_MS.first;
        lane.queue.splice(0, batch.length);
        this.#waiting -= batch.length;
        for (const { bytes, done } of batch) {
          this.#bytes -= bytes;
          done();
        }
        this.#onAcknowledged();
      } catch (error) {
        this.#onRefusal(toBanyanError(error));
        await this.#pause(delayMs * (0.5 + this.#randomness.next() / 2));
        delayMs = Math.min(delayMs * 2, RETRY_MS.most);
      }
    }
    lane.busy = false;
    if (this.#waiting === 0) this.#release();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(ms, resolve));
  }

  #release(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

interface Lane<T> {
  readonly queue: Waiting<T>[];
  busy: boolean;
  readonly take: (queue: readonly Waiting<T>[]) => Waiting<T>[];
  readonly deliver: (items: readonly T[]) => Promise<void>;
}

/** As many records as a frame holds, at least one. */
function takeFrame(queue: readonly Waiting<Outgoing>[]): Waiting<Outgoing>[] {
  let bytes = 0;
  let count = 0;
  for (const { item } of queue) {
    bytes += item.record.byteLength;
    if (count > 0 && (count >= LIMITS.frameRecords || bytes > LIMITS.frameTargetBytes)) break;
    count++;
  }
  return queue.slice(0, count);
}

function takePublications(queue: readonly Waiting<Publication>[]): Waiting<Publication>[] {
  let bytes = 0;
  let count = 0;
  for (const waiting of queue) {
    bytes += waiting.bytes;
    if (count > 0 && (count >= PUBLICATIONS_AT_ONCE || bytes > PUBLICATION_BYTES_AT_ONCE)) break;
    count++;
  }
  return queue.slice(0, count);
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
