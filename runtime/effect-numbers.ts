/** Numbers what a message makes by its place in the log (I4): a replay repeats the numbers. */
import type { EffectNumber } from '../protocol/frame.ts';

export class EffectNumbers {
  #entry = 0;
  #index = 0;
  #made = 0;

  /** The message that comes next makes nothing yet. */
  begin(entry: number, index: number): void {
    this.#entry = entry;
    this.#index = index;
    this.#made = 0;
  }

  next(): EffectNumber {
    return [this.#entry, this.#index, this.#made++];
  }

  /** How many were taken of this message. */
  get made(): number {
    return this.#made;
  }

  /** At least one number is used up, so that the next turn of the same message has another name. */
  useOne(before: number): void {
    this.#made = Math.max(this.#made, before + 1);
  }

  /** Names the running turn; an order turns many messages. */
  messageId(partition: number): string {
    const turn = this.#made === 0 ? '' : `.${this.#made}`;
    return `${partition}.${this.#entry}.${this.#index}${turn}`;
  }
}
