/**
 * Which slots of the STATE stream hold which row of a partition. A deleted row's slots are written over with
 * nothing and used again by other rows, so the stream never holds more than the rows there once were at a time.
 *
 * The assignment is part of the local copy. A slot is assigned before it is written and freed after its row is
 * gone from the stream: whatever a crash leaves out, no row has a second, forgotten record that a later load
 * would bring back.
 */
import { decode, encode } from '../protocol/codec.ts';
import { buckets } from './keys.ts';
import type { Change, Store } from './store.ts';

const SLOTS = 'slots|';
const FREE = 'free|';
const NEXT = 'next';

export class StateSlots {
  readonly #store: Store;
  readonly #bucket: string;
  readonly #free: number[];
  #next: number;
  #assigned: Change[] = [];

  constructor(store: Store, partition: number) {
    this.#store = store;
    this.#bucket = buckets.local(partition);
    this.#free = [...store.range(this.#bucket + FREE, {})].map(([name]) => Number(name));
    const next = store.get(this.#bucket + NEXT);
    this.#next = next === undefined ? 0 : (decode(next) as number);
  }

  /** The slots of a row. */
  of(key: string): readonly number[] {
    const noted = this.#store.get(this.#bucket + SLOTS + nameOf(key));
    return noted === undefined ? [] : (decode(noted) as number[]);
  }

  /** As many slots as a row needs now, its own first. Call {@link keep} before they are written. */
  assign(key: string, before: readonly number[], count: number): readonly number[] {
    if (before.length >= count) return before.slice(0, count);
    const slots = [...before];
    while (slots.length < count) slots.push(this.#take());
    this.#assigned.push([this.#bucket + SLOTS + nameOf(key), encode(slots)]);
    return slots;
  }

  /** Remembers what was assigned. */
  keep(): void {
    if (this.#assigned.length === 0) return;
    this.#assigned.push([this.#bucket + NEXT, encode(this.#next)]);
    this.#store.commit(this.#assigned.splice(0));
  }

  /** The stream holds nothing of these rows in these slots any more. */
  free(
    rows: readonly {
      readonly key: string;
      readonly kept: readonly number[];
      readonly freed: readonly number[];
    }[],
  ): void {
    const changes: Change[] = [];
    for (const { key, kept, freed } of rows) {
      const name = this.#bucket + SLOTS + nameOf(key);
      changes.push([name, kept.length === 0 ? undefined : encode(kept)]);
      for (const slot of freed) {
        this.#free.push(slot);
        changes.push([this.#bucket + FREE + slotName(slot), encode(null)]);
      }
    }
    if (changes.length > 0) this.#store.commit(changes);
  }

  #take(): number {
    const slot = this.#free.pop();
    if (slot === undefined) return this.#next++;
    this.#assigned.push([this.#bucket + FREE + slotName(slot), undefined]);
    return slot;
  }
}

/** Notes the slots that a load has found: where rows are, and which slots are free. */
export function noteSlots(
  store: Store,
  partition: number,
  used: ReadonlyMap<string, readonly number[]>,
  next: number,
): void {
  const bucket = buckets.local(partition);
  const taken = new Set<number>();
  let changes: Change[] = [];
  const add = (name: string, value: unknown): void => {
    changes.push([bucket + name, encode(value)]);
    if (changes.length < CHANGES_AT_ONCE) return;
    store.commit(changes);
    changes = [];
  };
  for (const [key, slots] of used) {
    for (const slot of slots) taken.add(slot);
    add(SLOTS + nameOf(key), slots);
  }
  for (let slot = 0; slot < next; slot++) if (!taken.has(slot)) add(FREE + slotName(slot), null);
  add(NEXT, next);
  store.commit(changes);
}

const CHANGES_AT_ONCE = 1_000;

/** A key without its partition. */
const nameOf = (key: string): string => key.slice(key.indexOf('|') + 1);
const slotName = (slot: number): string => String(slot).padStart(10, '0');
