/** Messages set aside for an actor that is paused or failed to migrate (rule R6), in the order they came. */
import type { Address } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import { buckets, positionName } from './keys.ts';
import type { Overlay } from './overlay.ts';
import type { Received } from './receive.ts';

export interface ParkedMessage {
  readonly name: string;
  readonly received: Received;
  readonly timeMs: number;
}

export class Parked {
  readonly #overlay: Overlay;
  readonly #partition: number;

  constructor(overlay: Overlay, partition: number) {
    this.#overlay = overlay;
    this.#partition = partition;
  }

  add(actor: Address, entry: number, index: number, received: Received, timeMs: number): void {
    this.#overlay.put(
      buckets.parked(this.#partition, actor),
      positionName(entry, index),
      encode([received, timeMs]),
    );
  }

  /** The oldest parked messages; remove each with {@link remove} as it is turned. */
  oldest(actor: Address, limit: number): ParkedMessage[] {
    return [...this.#overlay.range(buckets.parked(this.#partition, actor), { limit })].map(
      ([name, bytes]) => {
        const [received, timeMs] = decode(bytes) as [Received, number];
        return { name, received, timeMs };
      },
    );
  }

  remove(actor: Address, name: string): void {
    this.#overlay.delete(buckets.parked(this.#partition, actor), name);
  }
}
