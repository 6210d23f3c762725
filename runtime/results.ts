/**
 * Answers to calls, kept by the request's id for an hour of message time (rule R12): a requester whose
 * answer was lost asks again with the same id and gets it, without a second turn.
 */
import { LIMITS } from '../config/limits.ts';
import { decode, encode } from '../protocol/codec.ts';
import { buckets, positionName } from './keys.ts';
import type { Overlay } from './overlay.ts';

/** Old answers removed per new one; two are enough to keep up. */
const SWEEP = 2;

export class Results {
  readonly #overlay: Overlay;
  readonly #byId: string;
  readonly #byTime: string;

  constructor(overlay: Overlay, partition: number) {
    this.#overlay = overlay;
    this.#byId = `${buckets.results(partition)}i|`;
    this.#byTime = `${buckets.results(partition)}t|`;
  }

  put(id: string, value: unknown, nowMs: number): void {
    for (const [name] of [
      ...this.#overlay.range(this.#byTime, {
        lt: positionName(Math.max(0, nowMs - LIMITS.resultRetentionMs), 0),
        limit: SWEEP,
      }),
    ]) {
      this.#overlay.delete(this.#byTime, name);
      this.#overlay.delete(this.#byId, name.slice(name.indexOf('|') + 1));
    }
    this.#overlay.put(this.#byId, id, encode([value]));
    this.#overlay.put(this.#byTime, `${positionName(nowMs, 0)}|${id}`, encode(null));
  }

  /** The kept answer in an array of one, or undefined. */
  get(id: string): [unknown] | undefined {
    const bytes = this.#overlay.get(this.#byId, id);
    return bytes === undefined ? undefined : (decode(bytes) as [unknown]);
  }
}
