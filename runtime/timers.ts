/**
 * Timers are rows (rule R7). The owner of a partition arms what its rows say and, when one is due, appends a
 * firing to the partition's own log. A firing counts only if it matches its row, and removes it: a timer
 * that was replaced, cancelled or fired twice has no effect.
 *
 * Rows are enough: whoever owns the partition can arm them, and without an owner nobody could take the turn.
 */
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { type EffectNumber, encodeRecord } from '../protocol/frame.ts';
import type { Clock } from './clock.ts';
import { buckets } from './keys.ts';
import type { Overlay } from './overlay.ts';
import type { Sender } from './sender.ts';
import { SortedMap } from './sorted-map.ts';

/** Which setting of a timer, when it is due, and what it sends. */
export type TimerRow = readonly [number: string, dueMs: number, message: { readonly type: string }];

interface Armed {
  readonly address: Address;
  readonly name: string;
  readonly number: string;
  readonly message: { readonly type: string };
}

/** The rows of one partition; part of a turn's result. */
export class TimerRows {
  readonly #overlay: Overlay;
  readonly #partition: number;
  /** Timers set and cancelled since the last window, for {@link TimerService}. */
  #changed: { readonly address: Address; readonly name: string }[] = [];

  constructor(overlay: Overlay, partition: number) {
    this.#overlay = overlay;
    this.#partition = partition;
  }

  set(
    address: Address,
    name: string,
    number: EffectNumber,
    nowMs: number,
    delayMs: number,
    message: { readonly type: string },
  ): void {
    if (
      name.length === 0 ||
      name.length > LIMITS.idChars ||
      !name.isWellFormed() ||
      !Number.isFinite(delayMs) ||
      delayMs < 0 ||
      delayMs > LIMITS.timerDelayMs
    ) {
      throw new BanyanError('turn.limit', {
        message: `A timer needs a name of 1 to ${LIMITS.idChars} characters of Unicode and a delay of 0 to ${LIMITS.timerDelayMs} ms.`,
      });
    }
    const row: TimerRow = [number.join('.'), Math.ceil(nowMs + delayMs), message];
    // What no frame takes must fail here, in the turn, and not when it fires.
    encodeFiring(address, name, row[0], message);
    this.#overlay.put(buckets.timers(this.#partition, address), name, encode(row));
    this.#changed.push({ address, name });
  }

  cancel(address: Address, name: string): void {
    this.#overlay.delete(buckets.timers(this.#partition, address), name);
    this.#changed.push({ address, name });
  }

  /** Removes and returns the row that a firing belongs to; undefined when the firing no longer counts. */
  take(address: Address, id: string): TimerRow | undefined {
    const bar = id.lastIndexOf('|');
    const name = id.slice(0, bar);
    const row = this.read(address, name);
    if (row === undefined || row[0] !== id.slice(bar + 1)) return undefined;
    this.cancel(address, name);
    return row;
  }

  read(address: Address, name: string): TimerRow | undefined {
    const bytes = this.#overlay.get(buckets.timers(this.#partition, address), name);
    return bytes === undefined ? undefined : (decode(bytes) as TimerRow);
  }

  /** Every timer of the partition, as of the last window. */
  *all(): Generator<{ address: Address; name: string }> {
    const bucket = buckets.allTimers(this.#partition);
    for (const [key] of this.#overlay.range(bucket, {})) {
      const bar = key.indexOf('|');
      yield { address: key.slice(0, bar) as Address, name: key.slice(bar + 1) };
    }
  }

  drainChanged(): readonly { readonly address: Address; readonly name: string }[] {
    const changed = this.#changed;
    this.#changed = [];
    return changed;
  }
}

/** The clock may step: however far a timer is away, it is looked at again after this. */
const LOOK_MS = 1_000;

/** Watches the clock for a shard's partitions and appends the firings. */
export class TimerService {
  readonly #clock: Clock;
  readonly #sender: Sender;
  readonly #due = new SortedMap<Armed>();
  readonly #keys = new Map<string, string>();
  #cancel: (() => void) | undefined;
  #stopped = false;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, sender: Sender) {
    this.#clock = clock;
    this.#sender = sender;
  }

  /** How many timers wait. */
  get size(): number {
    return this.#due.size;
  }

  /** Follows a row after its window has committed: arms it, or disarms it when the row is gone. */
  follow(partition: number, address: Address, name: string, row: TimerRow | undefined): void {
    const id = `${address}|${name}`;
    const before = this.#keys.get(id);
    if (before !== undefined) {
      this.#due.delete(before);
      this.#keys.delete(id);
    }
    if (row === undefined) return;
    const [number, dueMs, message] = row;
    const key = `${String(dueMs).padStart(16, '0')}|${partition}|${id}`;
    this.#due.set(key, { address, name, number, message });
    this.#keys.set(id, key);
    this.#arm();
  }

  /** Follows none of a partition's timers any more. */
  forget(partition: number): void {
    for (const [id, key] of this.#keys) {
      if (partitionOfKey(key) !== partition) continue;
      this.#keys.delete(id);
      this.#due.delete(key);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    if (this.#stopped) return;
    const first = this.#due.range({ limit: 1 }).next();
    if (first.done === true) return;
    const nowMs = this.#clock.now();
    const lookMs = Math.min(Number(first.value[0].slice(0, 16)), nowMs + LOOK_MS);
    if (this.#cancel !== undefined && this.#armedFor <= lookMs) return;
    this.#cancel?.();
    this.#armedFor = lookMs;
    this.#cancel = this.#clock.setTimer(lookMs - nowMs, () => {
      this.#cancel = undefined;
      this.#fire();
    });
  }

  #fire(): void {
    const nowMs = this.#clock.now();
    for (const [key, { address, name, number, message }] of this.#due.range({})) {
      if (Number(key.slice(0, 16)) > nowMs) break;
      // The row stays until the firing's turn; only the watching ends here.
      this.#due.delete(key);
      this.#keys.delete(`${address}|${name}`);
      const partition = partitionOfKey(key);
      const record = encodeFiring(address, name, number, message);
      this.#sender.send(partition, { record, partition, from: undefined }, () => {});
    }
    this.#arm();
  }
}

/** A key is the due time, the partition, the actor and the name. */
function partitionOfKey(key: string): number {
  return Number(key.slice(17, key.indexOf('|', 17)));
}

function encodeFiring(
  to: Address,
  name: string,
  number: string,
  message: { readonly type: string },
): Uint8Array {
  return encodeRecord({ kind: 'timer', to, message, id: `${name}|${number}` });
}
